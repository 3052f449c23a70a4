"""Policies that are ready to use, one for each kind of data: a few mild steps, applied to half of the rows each.

Texts: the policy that `bench/augment_gain.py` measured. Spans: the same without `tfidf`, which knows no spans. Pictures
and shapes: what moves and lights a picture a little. Left out is what needs to know what pictures show (mirror, grey,
weather), and for shapes turning, which loosens boxes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation.engine.augment import Policy

_WORDS: list[dict[str, Any]] = [
    {"use": "keyboard", "share": 0.1, "chance": 0.5},
    {"use": "swap_words", "share": 0.1, "chance": 0.5},
    {"use": "delete_words", "share": 0.1, "chance": 0.5},
]
_LIGHT: list[dict[str, Any]] = [
    {"use": "zoom", "smallest": 0.9, "largest": 1.1, "chance": 0.5},
    {"use": "shift", "distance": 0.05, "chance": 0.5},
    {"use": "brightness", "brightness": 0.15, "contrast": 0.15, "chance": 0.5},
]
_TEXTS = [*_WORDS, {"use": "tfidf", "share": 0.1, "chance": 0.5}]
_PICTURES = [{"use": "turn", "degrees": 8.0, "chance": 0.5}, *_LIGHT]
_SHAPES = [*_LIGHT, {"use": "noise", "strength": 0.04, "chance": 0.5}]
READY: dict[str, list[dict[str, Any]]] = {
    "text-classification": _TEXTS,
    "text-multilabel": _TEXTS,
    "ner": _WORDS,
    "image-classification": _PICTURES,
    "image-multilabel": _PICTURES,
    "detection": _SHAPES,
    "segmentation": _SHAPES,
}
# Of each row, for families that learn from copies.
COPIES = 2


def ready_policy(task: str) -> Policy | None:
    """Return the ready policy for a task; None where nothing is augmented."""
    from curation.engine.augment.policy import policy_of

    steps = READY.get(task)
    return None if steps is None else policy_of({"version": 1, "copies": COPIES, "steps": steps})
