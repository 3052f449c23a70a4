"""One set of spans or boxes out of many people's: marks of one thing are put together, and each thing is voted on.

Marks of different people with one label that overlap enough are one candidate. A candidate is a question with two
answers, which everybody who saw the item has answered, by marking it or not; so the consensus of choices serves for
marks too, and who marks anything or overlooks much is counted accordingly. A candidate that stands gets the place that
most people gave it, and else the middle of theirs. Of candidates with different labels in one place only that of most
people stands, unless somebody marked both: each is voted on apart, and both would else be called sure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labeling.engine.agreement.marks import BOXES, Answered, Mark, overlaps
from labeling.engine.crowd.consensus import Consensus, find_consensus
from labeling.engine.ratings import Codes, Ratings

STANDS = 0.5
# To overlook something and to mark what is not there are different failings, which only whole matrices tell apart: F1
# on tweets marked by five people .58, against .40 of the vote and .55 of one-coin.
METHOD = "dawid-skene"


@dataclass(frozen=True, slots=True)
class Agreed:
    """A mark that stands.

    Attributes:
        mark: Its label and place.
        confidence: How probable it is that it belongs there, above 0.5 to 1.
        people: Who marked it, sorted.
        members: Each of them with the place of that mark among theirs; the mark that most others are near comes first.
    """

    mark: Mark
    confidence: float
    people: tuple[str, ...]
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: int
    label: str
    marks: tuple[tuple[str, Mark], ...]
    members: tuple[tuple[str, int], ...]


def agreed_marks(
    answered: Answered, *, least: float = BOXES, method: str = METHOD, seed: int = 0
) -> tuple[list[list[Agreed]], Consensus, Codes]:
    """Return the marks of each item that stand, in the order of their places, and the consensus on all candidates with
    the place of the item of each; shape (candidates,).

    Args:
        answered: For each item what each person marked, spans or boxes.
        least: Overlap from which marks of two people are of the same thing.
        method: As of `find_consensus`; an item that only one person answered keeps all that they marked.
        seed: As of `find_consensus`.
    """
    candidates = _all_candidates(answered, least)
    consensus = find_consensus(_questions(answered, candidates), method, seed)
    kept: list[list[Agreed]] = [[] for _people in answered]
    for number, candidate in enumerate(candidates):
        confidence = float(consensus.posterior[number, 1])
        if confidence > STANDS or len(answered[candidate.item]) == 1:
            people = tuple(sorted({person for person, _mark in candidate.marks}))
            kept[candidate.item].append(Agreed(_placed(candidate), confidence, people, candidate.members))
    for item, marks in enumerate(kept):
        kept[item] = _without_rivals(_without_double(marks), least)
    return kept, consensus, _items(candidates)


def mark_questions(answered: Answered, least: float = BOXES) -> tuple[Codes, Ratings]:
    """Return the questions that marks come to, no or yes, and the place of the item of each; arguments as above."""
    candidates = _all_candidates(answered, least)
    return _items(candidates), _questions(answered, candidates)


def _items(candidates: Sequence[_Candidate]) -> Codes:
    return np.array([one.item for one in candidates], np.int64)


def _all_candidates(answered: Answered, least: float) -> list[_Candidate]:
    return [one for item, people in enumerate(answered) for one in _candidates(item, people, least)]


def _candidates(item: int, people: Mapping[str, Sequence[Mark]], least: float) -> list[_Candidate]:
    """Put marks together, the best supported first; no candidate has two marks of a person."""
    places = [(person, place) for person in sorted(people) for place in range(len(people[person]))]
    marks = [(person, people[person][place]) for person, place in places]
    if not marks:
        return []
    near = overlaps([mark for _person, mark in marks], [mark for _person, mark in marks])
    support = (near * (near >= least)).sum(1)
    free = np.ones(len(marks), bool)
    found = []
    for centre in np.argsort(-support, kind="stable"):
        if not free[centre]:
            continue
        members = [centre]
        for other in np.argsort(-near[centre], kind="stable"):
            taken = {marks[member][0] for member in members}
            if free[other] and other != centre and near[centre, other] >= least and marks[other][0] not in taken:
                members.append(other)
        free[members] = False
        own = tuple(marks[member] for member in members)
        found.append(_Candidate(item, marks[centre][1].label, own, tuple(places[member] for member in members)))
    return found


def _questions(answered: Answered, candidates: Sequence[_Candidate]) -> Ratings:
    """Return candidates as items with the labels no and yes."""
    names = tuple(sorted({person for people in answered for person in people}))
    code = {name: number for number, name in enumerate(names)}
    saw = [np.array(sorted(code[name] for name in people), np.int64) for people in answered]
    person = [saw[candidate.item] for candidate in candidates]
    yes = [np.isin(saw[one.item], [code[name] for name, _mark in one.marks]).astype(np.int64) for one in candidates]
    item = np.repeat(np.arange(len(candidates)), [len(one) for one in person])
    none = np.zeros(0, np.int64)
    return Ratings(
        item,
        np.concatenate([none, *person]),
        np.concatenate([none, *yes]),
        tuple(str(number) for number in range(len(candidates))),
        names,
        ("no", "yes"),
    )


def _placed(candidate: _Candidate) -> Mark:
    """Return the place that more than half gave, and else the median of each coordinate; of polygons, whose corners
    cannot be compared one by one, the one that most others are near."""
    places = [mark.place for _person, mark in candidate.marks]
    place, count = Counter(places).most_common(1)[0]
    if count * 2 > len(places):
        return Mark(candidate.label, place)
    if isinstance(places[0][0], Sequence):
        return Mark(candidate.label, places[0])
    # The lower of two middle ones, so that a span keeps to places that somebody gave.
    middle = np.sort(np.array(places, np.float64), axis=0)[(len(places) - 1) // 2]
    whole = all(isinstance(value, int) for value in places[0])
    values: list[Any] = [int(value) if whole else float(value) for value in middle]
    return Mark(candidate.label, tuple(values))


def _without_double(marks: list[Agreed]) -> list[Agreed]:
    """Leave out a mark that another with more confidence covers in the same place under the same label."""
    seen: dict[Mark, Agreed] = {}
    for agreed in sorted(marks, key=lambda one: (-one.confidence, one.mark.label, one.mark.place)):
        seen.setdefault(agreed.mark, agreed)
    return sorted(seen.values(), key=lambda one: (one.mark.place, one.mark.label))


def _without_rivals(marks: list[Agreed], least: float) -> list[Agreed]:
    """Leave out a mark where another label has more people in its place, or as many and is surer, and nobody gave both.

    People count before the model's confidence, since it takes what one person alone marked for overlooked by the
    others, who in truth said something else of that place.
    """
    if len(marks) < 2:
        return marks
    places = [Mark("", one.mark.place) for one in marks]
    near = overlaps(places, places) >= least
    stands = np.ones(len(marks), bool)
    for place in sorted(range(len(marks)), key=lambda number: (-len(marks[number].people), -marks[number].confidence)):
        own = marks[place]
        for other in np.flatnonzero(near[place] & stands) if stands[place] else ():
            rival = marks[other]
            if rival.mark.label != own.mark.label and not set(rival.people) & set(own.people):
                stands[other] = False
    return [one for one, kept in zip(marks, stands, strict=True) if kept]
