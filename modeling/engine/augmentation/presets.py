"""Policies to ask a model about: what typists, scanners, cameras and weather do, each step always applied.

Strengths are those that the steps have by default: a tenth of the words, a picture that is plainly changed and plainly
what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.ready import ready_policy

if TYPE_CHECKING:
    from curation.engine.augment import Policy

READY, TYPING, WORDS, CAMERA, PLACE, WEATHER = "ready", "typing", "words", "camera", "place", "weather"
_USES: dict[str, dict[str, tuple[str, ...]]] = {
    "text": {
        TYPING: ("keyboard", "letters", "spelling", "split_words", "ocr"),
        WORDS: ("swap_words", "delete_words", "tfidf"),
    },
    "picture": {
        CAMERA: ("brightness", "colours", "noise", "blur", "motion_blur", "jpeg"),
        PLACE: ("turn", "shift", "zoom", "perspective", "crop"),
        WEATHER: ("rain", "fog", "snow", "shadow"),
    },
}
# `tfidf` knows no spans.
_NOT_OF_SPANS = {"tfidf"}


def presets(task: str, kind: str) -> dict[str, Policy]:
    """Return the policies that are offered for a task by name, the one that is ready for training last.

    Args:
        task: A row of `modeling.engine.tasks.TASKS`.
        kind: What its inputs are: `text`, `picture`, or anything else for no policies.
    """
    from curation.engine.augment.policy import policy_of, rows

    table, found = rows(), {}
    for name, uses in _USES.get(kind, {}).items():
        steps: list[dict[str, Any]] = [
            {"use": use} for use in uses if not table[use].missing() and not (task == "ner" and use in _NOT_OF_SPANS)
        ]
        if steps:
            found[name] = policy_of({"version": 1, "steps": steps})
    ready = ready_policy(task)
    return found if ready is None else {**found, READY: ready}
