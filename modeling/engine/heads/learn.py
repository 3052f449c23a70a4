"""The head that a project learns: from its labels, and from items without any where that helps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_temperature
from modeling.engine.errors import BadData
from modeling.engine.heads.held_out import hold_out
from modeling.engine.heads.quick import QuickHead, fit
from modeling.engine.heads.spread import fit_spread, may_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]


def learn(
    embeddings: Array,
    labels: Sequence[str],
    contents: Sequence[str],
    others: Array,
    seed: int = 0,
    on_fit: Callable[[int, int], None] | None = None,
) -> QuickHead:
    """Train a calibrated head on labels, and on items without any while labels are few and held-out ones gain by it.

    Args:
        embeddings: Of the labeled items, [n, d], each of length 1.
        labels: Theirs, of at least two kinds.
        contents: What their vectors were made of: equal ones are held out together.
        others: Of items without labels, [m, d], each of length 1.
        seed: Of the folds.
        on_fit: Called after each of the fits that compare the two, with how many are done, and how many there are.

    Raises:
        BadData: as `modeling.engine.heads.quick.fit`.
    """
    plain = fit(embeddings, labels, seed)
    if not may_spread(labels, len(others)):
        return plain
    right, warm = {}, {}
    for number, rest in enumerate((None, others)):

        def told(done: int, total: int, before: int = number) -> None:
            if on_fit is not None:
                on_fit(before * total + done, 2 * total)

        try:
            logits, truth, _folds = hold_out(embeddings, labels, contents, plain.strength, seed, rest, told)
        except BadData:
            # All labels but a few are the same: some fold shows only one.
            return plain
        right[number], warm[number] = float((logits.argmax(axis=1) == truth).mean()), fit_temperature(logits, truth)
    if right[1] <= right[0]:
        return plain
    head = fit_spread(embeddings, labels, others, plain.strength)
    return replace(head, temperature=warm[1], calibrated=True, accuracy=right[1])
