import itertools

import pytest
import yaml

from curation.engine.plain_yaml import load_yaml
from curation.engine.plan import Plan, PlanError
from curation.engine.plan_check import CheckedPlan, check_plan, check_yaml, parameters
from curation.engine.steps.table import STEPS


def mistakes(found: CheckedPlan) -> list[tuple[int | None, str | None, str]]:
    return [(row.step, row.param, row.message) for row in found.mistakes]


def test_every_mistake_is_named_by_step_and_parameter() -> None:
    plan = {
        "steps": [
            {"name": "split", "params": {"validation": "x", "seed": 1.5, "strange": 1}},
            {"name": "normalize_text", "params": {"form": "NFX"}},
            {"name": "nothing"},
            5,
            {"name": "split", "params": {"validation": 0.6, "test": 0.7}},
        ]
    }
    found = mistakes(check_plan(plan))
    assert [row[:2] for row in found] == [
        (1, "validation"),
        (1, "seed"),
        (1, "strange"),
        (2, "form"),
        (3, None),
        (4, None),
        (5, "validation"),
    ]
    assert found[0][2] == 'is "x"; it must be a number.'
    assert found[3][2] == "form is 'NFX'; choose one of NFC, NFKC, none."


def test_a_right_plan_comes_back_whole_and_a_wrong_step_as_it_was_given() -> None:
    found = check_yaml(
        "steps:\n- name: map_labels\n  params: {trim: false}\n- name: map_labels\n  params: {trim: much}\n"
    )
    assert found.plan["steps"] == [
        {"name": "map_labels", "params": {"mapping": {}, "trim": False}},
        {"name": "map_labels", "params": {"trim": "much"}},
    ]


def test_yaml_and_json_are_the_same_plan() -> None:
    mapping = {"a: b": "c", "正面": "pos", "yes": "no", "": "x"}
    steps = [{"name": "map_labels", "params": {"mapping": mapping}}, {"name": "split", "enabled": False}]
    found = check_plan({"steps": steps})
    assert found.mistakes == ()
    assert check_yaml(found.to_yaml()) == found


def test_a_step_that_is_off_stays_in_the_plan_is_checked_and_not_run() -> None:
    off = {"name": "split", "params": {}, "enabled": False}
    plan = check_plan({"steps": [{"name": "drop_empty_text"}, off]}).plan
    assert [step.get("enabled", True) for step in plan["steps"]] == [True, False]
    assert [step.name for step in Plan.from_json(plan).steps] == ["drop_empty_text"]
    with pytest.raises(PlanError, match="enabled is true or false"):
        Plan.from_json({"steps": [{**off, "enabled": "no"}]})
    with pytest.raises(PlanError, match="must be a number"):
        Plan.from_json({"steps": [{**off, "params": {"test": "x"}}]})


@pytest.mark.parametrize("text", ["steps: [", "- a\n- b", "steps: {}", "", "steps: [&a {name: split}, *a]", "[" * 5000])
def test_what_is_no_plan_is_said_of_the_whole(text: str) -> None:
    found = mistakes(check_yaml(text))
    assert len(found) == 1
    assert found[0][:2] == (None, None)


def test_aliases_are_refused_before_they_grow() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = itertools.pairwise(letters)
    laughs = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in pairs)
    with pytest.raises(yaml.YAMLError, match="no aliases"):
        load_yaml(laughs)


def test_the_parameters_of_every_step_have_a_field_that_gives_their_default_back() -> None:
    for name, step in STEPS.items():
        params = {row["name"]: row["default"] for row in parameters(step)}
        assert check_plan({"steps": [{"name": name, "params": params}]}).plan == Plan((step(),)).to_json()


def test_fields_are_made_for_the_types_of_parameters() -> None:
    assert {row["name"]: (row["kind"], row["choices"]) for row in parameters(STEPS["normalize_text"])} == {
        "form": ("choice", ["NFC", "NFKC", "none"]),
        "strip_invisible": ("bool", []),
        "collapse_blanks": ("bool", []),
    }
    assert [row["kind"] for row in parameters(STEPS["exact_duplicates"])] == ["lines", "bool"]
    assert [row["kind"] for row in parameters(STEPS["map_labels"])] == ["pairs", "bool"]
