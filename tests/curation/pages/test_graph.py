from datetime import UTC, datetime

from curation.pages.graph import layout
from curation.services.lineage import Node


def node(key: str, *parents: str) -> Node:
    return Node(key, "curation.version", key, "/", datetime(2026, 1, 1, tzinfo=UTC), parents=list(parents))


def test_a_chain_is_one_straight_lane() -> None:
    graph = layout([node("a"), node("b", "a"), node("c", "b")])
    assert [place.lane for place in graph["nodes"]] == [0, 0, 0]
    assert [edge["path"] for edge in graph["edges"]] == ["M16 30V90", "M16 90V150"]
    assert (graph["width"], graph["height"]) == (32, 180)


def test_branches_get_lanes_and_give_them_back() -> None:
    graph = layout([node("a"), node("b", "a"), node("c", "b"), node("d", "a"), node("e"), node("f", "e")])
    lanes = {place.node.key: place.lane for place in graph["nodes"]}
    # The last child goes on in its parent's lane; the first two sit beside it; a new root takes the lane that is free.
    assert lanes == {"a": 0, "b": 1, "c": 1, "d": 0, "e": 0, "f": 0}


def test_no_node_lies_on_the_line_of_another() -> None:
    nodes = [node("root"), *(node(f"n{number}", "root") for number in range(4))]
    graph = layout(nodes)
    places = {place.node.key: place for place in graph["nodes"]}
    lane = places["root"].lane
    between = [places[f"n{number}"].lane for number in range(3)]
    assert lane not in between
    assert places["n3"].lane == lane


def test_many_branches_stay_narrow() -> None:
    nodes = [node(f"r{number}") for number in range(20)]
    nodes += [node(f"c{number}", f"r{number}") for number in range(20)]
    assert layout(nodes)["width"] <= 32 + 22 * 5
