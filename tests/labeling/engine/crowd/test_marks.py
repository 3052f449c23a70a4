import pytest

from labeling.engine.agreement.marks import Mark
from labeling.engine.crowd.marks import agreed_marks
from tests.labeling.engine.crowd.known import tweets


def _f1(method: str) -> float:
    answered, names, gold = tweets()
    kept, *_rest = agreed_marks(answered, method=method)
    found: dict[str, set[tuple[int, int, str]]] = {name: set() for name in gold}
    for name, marks in zip(names, kept, strict=True):
        if name in found:
            found[name] |= {(*one.mark.place, one.mark.label) for one in marks}
    hits = sum(len(found[name] & gold[name]) for name in gold)
    return 2 * hits / sum(len(found[name]) + len(gold[name]) for name in gold)


def test_models_of_people_find_half_as_many_again_of_the_true_spans() -> None:
    vote, skene = _f1("majority"), _f1("dawid-skene")

    assert vote == pytest.approx(0.402, abs=0.01)
    assert skene == pytest.approx(0.578, abs=0.01)


def test_marks_of_one_thing_become_one_with_the_place_that_most_gave() -> None:
    answered = [
        {
            "a": [Mark("PER", (0, 5)), Mark("LOC", (9, 12))],
            "b": [Mark("PER", (0, 5))],
            "c": [Mark("PER", (0, 6))],
        }
    ]
    kept, *_rest = agreed_marks(answered, method="majority")

    assert [(one.mark, one.people) for one in kept[0]] == [(Mark("PER", (0, 5)), ("a", "b", "c"))]
    assert kept[0][0].confidence == 1


def test_boxes_take_the_middle_of_their_corners() -> None:
    answered = [{name: [Mark("cell", (x, 0.0, x + 10, 10.0))] for name, x in (("a", 0.0), ("b", 1.0), ("c", 4.0))}]
    kept, *_rest = agreed_marks(answered, method="majority")

    assert [one.mark.place for one in kept[0]] == [(1, 0, 11, 10)]


def test_two_things_beside_each_other_stay_two() -> None:
    marks = [Mark("cell", (0.0, 0, 10, 10)), Mark("cell", (3.0, 0, 13, 10))]
    kept, *_rest = agreed_marks([{"a": marks, "b": marks}], method="majority")

    assert [one.mark for one in kept[0]] == marks


def test_one_person_alone_keeps_all_marks_and_nothing_marked_stays_nothing() -> None:
    kept, *_rest = agreed_marks([{"a": [Mark("PER", (0, 5))]}, {"a": [], "b": []}, {}])

    assert [[one.mark for one in marks] for marks in kept] == [[Mark("PER", (0, 5))], [], []]
