"""How open the answers leave each item: how probable its label is, how far people agree, what one more answer brings.

What one more answer brings is the value of information of decision theory (R. A. Howard, Information value theory,
1966) with the label as the decision: by how much the probability of the label that will be taken rises on average when
one more person of ordinary skill answers. It is what a cost cap is spent on first (V. S. Sheng, F. Provost and P.
Ipeirotis, Get another label?, KDD 2008, ask by uncertainty alone).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from labeling.engine.agreement.marks import BOXES, Answered, Mark, mark_agreement
from labeling.engine.crowd.consensus import AUTO, Consensus, find_consensus
from labeling.engine.crowd.hiding import can_be_learned
from labeling.engine.crowd.marks import METHOD, mark_questions
from labeling.engine.ratings import Codes, Floats, Ratings, sums

# Labels of an item that are named with their probability; the others are the rest to 1.
NAMED = 5
LEAST_SHOWN = 0.0005

Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Doubts:
    """How open each item is; all arrays have the shape (items,).

    Attributes:
        items: Names of the items.
        answers: How many people answered each.
        differs: Whether two of them said something different.
        agreement: Share of the answers that say what most say, or of marks the F1 of every two people; 0 to 1, where 1
            is full agreement.
        confidence: How probable the leading label is, of marks the least sure of the item's marks; None where no model
            applies.
        gain: By how much one more answer raises the probability of what will be taken, on average; summed over the
            marks of an item. None as above.
        votes: Returns how many people gave each label to the item at a place; of marks, how many have one with it.
        probable: Returns the most probable labels of the item at a place with their probability; nothing for marks and
            without a model.
        method: The model.
    """

    items: tuple[str, ...]
    answers: Any
    differs: Flags
    agreement: Floats
    confidence: Floats | None
    gain: Floats | None
    votes: Callable[[int], dict[str, int]]
    probable: Callable[[int], dict[str, float]]
    method: str = ""


def _nothing(_place: int) -> dict[str, float]:
    return {}


def doubts_of_labels(ratings: Ratings, *, weighed: bool = True, seed: int = 0) -> Doubts:
    """Return how open items are whose answers are one label each, or one text for anything else.

    Args:
        ratings: What was answered.
        weighed: Whether a model may say how probable labels are; false for texts, which vote at most.
        seed: As of `find_consensus`.
    """
    total = ratings.answers_of_items()
    kinds, most = _leading(ratings)
    agreement = most / np.maximum(total, 1)
    votes = _votes_of(ratings)
    if not weighed:
        return Doubts(ratings.items, total, kinds > 1, agreement, None, None, votes, _nothing)
    consensus = find_consensus(ratings, AUTO, seed)
    return Doubts(
        ratings.items, total, kinds > 1, agreement, consensus.confidence, gain_of(consensus), votes,
        partial(_probable, consensus), consensus.method,
    )  # fmt: skip


def doubts_of_marks(items: Sequence[str], answered: Answered, *, seed: int = 0) -> Doubts:
    """Return how open items are on which people marked spans or shapes.

    Each thing that somebody marked is a question that everybody who saw the item answered by yes or no, as in
    `crowd.marks`; an item is as sure as the least sure of its things. One on which nobody marked anything is sure.
    Until people can be told apart, that is twenty things that three people could have marked, votes are counted.

    Args:
        items: Their names.
        answered: For each what everybody marked.
        seed: As of `find_consensus`.
    """
    of_item, ratings = mark_questions(answered, BOXES)
    consensus = find_consensus(ratings, METHOD if can_be_learned(ratings) else "majority", seed)
    confidence = np.ones(len(items))
    np.minimum.at(confidence, of_item, consensus.confidence)
    agreed = [_agreed(marks) for marks in answered]
    differs = np.array([len({_said(marks) for marks in people.values()}) > 1 for people in answered], bool)
    return Doubts(
        tuple(items),
        np.array([len(people) for people in answered], np.int64),
        differs,
        np.array(agreed, np.float64),
        confidence,
        sums(of_item, gain_of(consensus), len(items)),
        lambda place: _marked(answered[place]),
        _nothing,
        consensus.method,
    )


def gain_of(consensus: Consensus) -> Floats:
    """Return by how much one more answer raises the probability of the label that is taken, on average; shape (items,).

    One more person gives the true label as often as people here do by the consensus, and each wrong one alike often.
    """
    posterior, ratings = consensus.posterior, consensus.ratings
    labels = posterior.shape[1]
    if not len(posterior) or labels < 2:
        return np.zeros(len(posterior))
    right = float(posterior[ratings.item, ratings.label].mean())
    wrong = (1 - right) / (labels - 1)
    # Of all labels that one answer leaves possible, the likeliest is its own or the likeliest of the others.
    order = np.sort(posterior, axis=1)
    first, second = order[:, -1:], order[:, -2:-1]
    others = np.where(posterior == first, second, first)
    tied = (posterior == first).sum(1, keepdims=True) > 1
    others = np.where(tied, first, others)
    after = np.maximum(posterior * right, others * wrong).sum(1)
    gain: Floats = np.maximum(after - first[:, 0], 0.0)
    return gain


def _leading(ratings: Ratings) -> tuple[Codes, Floats]:
    """Return how many different labels each item got, and how often the most frequent one."""
    items, _people, labels = ratings.shape
    key, count = np.unique(ratings.item * max(labels, 1) + ratings.label, return_counts=True)
    of_item = key // max(labels, 1)
    most = np.zeros(items)
    np.maximum.at(most, of_item, count)
    return np.bincount(of_item, minlength=items), most


def _votes_of(ratings: Ratings) -> Callable[[int], dict[str, int]]:
    # Answers rise by item.
    ends = np.searchsorted(ratings.item, np.arange(len(ratings.items) + 1))

    def votes(place: int) -> dict[str, int]:
        label, count = np.unique(ratings.label[ends[place] : ends[place + 1]], return_counts=True)
        return {ratings.labels[code]: number for code, number in zip(label.tolist(), count.tolist(), strict=True)}

    return votes


def _probable(consensus: Consensus, place: int) -> dict[str, float]:
    row, names = consensus.posterior[place], consensus.ratings.labels
    order = np.argsort(-row, kind="stable")[:NAMED].tolist()
    return {names[label]: round(float(row[label]), 4) for label in order if row[label] >= LEAST_SHOWN}


def _said(marks: Sequence[Mark]) -> frozenset[Mark]:
    return frozenset(marks)


def _agreed(people: Mapping[str, Sequence[Mark]]) -> float:
    if len(people) < 2:
        return 1.0
    value = mark_agreement([people], BOXES, replicates=0).f1.value
    return 1.0 if value is None else float(value)


def _marked(people: Mapping[str, Sequence[Mark]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for marks in people.values():
        for label in sorted({mark.label for mark in marks}):
            found[label] = found.get(label, 0) + 1
    return found
