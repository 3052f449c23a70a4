import numpy as np
import pytest

from labeling.engine.agreement.marks import Answered, Mark
from labeling.engine.crowd.marks import agreed_marks
from labeling.engine.crowd.people import describe_people
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


def _marked(seed: int, failing: dict[str, float]) -> tuple[Answered, list[set[Mark]]]:
    """Return what people with these rates of failing mark on 300 items, and what is there: they overlook it, give
    another label to it, or mark what is not there."""
    random = np.random.default_rng(seed)
    answered, gold = [], []
    for _item in range(300):
        true = [
            Mark(random.choice(["PER", "LOC", "ORG"]), (start, start + 4)) for start in (0, 10) if random.random() < 0.8
        ]
        people = {}
        for name, rate in failing.items():
            own = [mark for mark in true if random.random() >= rate]
            own = [Mark("ORG", mark.place) if random.random() < rate else mark for mark in own]
            if random.random() < rate:
                place = int(random.integers(20, 60))
                own.append(Mark("LOC", (place, place + 2)))
            people[name] = own
        answered.append(people)
        gold.append(set(true))
    return answered, gold


def test_of_two_labels_in_one_place_that_of_most_stands_unless_somebody_gave_both() -> None:
    both = [Mark("PER", (0, 5)), Mark("ORG", (0, 5))]
    nested, *_rest = agreed_marks([{"a": both, "b": both, "c": both[:1]}], method="majority")
    answered, gold = _marked(1, {"a": 0.05, "b": 0.12, "c": 0.25})
    kept, *_rest = agreed_marks(answered)

    assert {one.mark for one in nested[0]} == set(both)
    places = [[one.mark.place for one in marks] for marks in kept]
    assert all(len(set(own)) == len(own) for own in places)
    hits = sum(len({one.mark for one in marks} & true) for marks, true in zip(kept, gold, strict=True))
    # .894 where both stand.
    assert 2 * hits / sum(len(marks) + len(true) for marks, true in zip(kept, gold, strict=True)) > 0.896


@pytest.mark.parametrize("seed", range(5))
def test_whoever_overlooks_and_invents_much_is_not_said_to_contradict_everybody(seed: int) -> None:
    answered, _gold = _marked(seed, {"a": 0.05, "b": 0.12, "c": 0.25, "d": 0.3})
    _kept, consensus, _items = agreed_marks(answered)

    found = describe_people(consensus, marks=True)

    assert [one.warning for one in found] == ["", "", "", ""]
    skills = [one.skill for one in found]
    assert skills[0] is not None
    assert skills[0] > 0.2
    assert skills[0] == max(one for one in skills if one is not None)
    # Taken as labels, the last of them would be accused.
    assert any(one.warning for one in describe_people(consensus))
