"""Training texts changed by a policy: anew in each epoch, or as copies beside them that are made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.fitting import CODE, policy_for
from modeling.engine.callbacks import IsCancelled, stop_if
from modeling.engine.data import Examples, Span
from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.engine.augment import Policy, TextAugmenter
    from curation.engine.augment.learnt import Learnt
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings

# Rows between two looks at `cancelled`: the slowest step changes ten texts a second.
LOOK = 8
Array = np.ndarray[Any, Any]


def learnt_from(policy: Policy, texts: Sequence[str], context: TrainingContext | None = None) -> Learnt:
    """Return what the steps of a policy of texts learn from training texts.

    Args:
        policy: Of texts; one of pictures learns nothing.
        texts: Of the training rows alone.
        context: Says where vectors of words are kept, and is asked whether to stop.

    Raises:
        EngineError: code `bad_augmentation`, where there is nothing to learn for a step that needs it.
        Cancelled: As asked.
    """
    from curation.engine.augment.learnt import Learnt, learn

    if policy.kind != "text":
        return Learnt()
    vectors = None if context is None else context.vectors_dir or context.cache_dir
    cancelled = None if context is None else context.cancelled
    try:
        return learn(policy, texts, vectors=vectors, check=lambda: stop_if(cancelled, "Learning words"))
    except ValueError as error:
        raise EngineError(f"The augmentation cannot be used: {error}", code=CODE) from None


@dataclass(frozen=True)
class TextChanges:
    """Changes of the texts of a training part; the same row in the same epoch is always changed in the same way.

    Attributes:
        augmenter: Changes one text.
        train: The rows.
        cancelled: Asked once some rows.
    """

    augmenter: TextAugmenter
    train: Examples
    cancelled: IsCancelled | None = None

    def texts(self, epoch: int) -> list[str]:
        """Return all texts as an epoch has them."""
        return [text for text, _answer in self._rows(epoch, marked=False)]

    def marked(self, epoch: int) -> tuple[list[str], list[tuple[Span, ...]]]:
        """Return all texts as an epoch has them, with their spans where they are now."""
        rows = self._rows(epoch, marked=True)
        return [text for text, _answer in rows], [answer for _text, answer in rows]

    def copies(self) -> tuple[Examples, Array]:
        """Return as many copies of each row as the policy says, and the place of each one's row, int64 [m].

        Copies that are equal to their row or to a copy before them are left out. A copy has its row's answer, with
        spans moved; its id is the row's with the number of the copy.
        """
        parents, inputs, answers, names = [], [], [], []
        marked = self.train.task == "ner"
        seen = [{text} for text in self.train.inputs]
        for number in range(1, self.augmenter.policy.copies + 1):
            for row, (text, answer) in enumerate(self._rows(number, marked=marked)):
                if text not in seen[row]:
                    seen[row].add(text)
                    parents.append(row)
                    inputs.append(text)
                    answers.append(answer if marked else self.train.answers[row])
                    names.append(f"{self.train.ids[row]}, copy {number}")
        soft = None if self.train.soft is None else self.train.soft[parents]
        splits = ("train",) * len(parents)
        made = Examples(self.train.task, tuple(inputs), tuple(answers), splits, tuple(names), soft)
        return made, np.array(parents, np.int64)

    def _rows(self, epoch: int, *, marked: bool) -> list[tuple[str, Any]]:
        made = []
        for row, (text, answer) in enumerate(zip(self.train.inputs, self.train.answers, strict=True)):
            if row % LOOK == 0:
                stop_if(self.cancelled, "Augmenting")
            spans = [as_mapping(span) for span in answer] if marked else ()
            changed, moved = self.augmenter(text, spans, row=row, epoch=epoch)
            made.append((changed, tuple(as_span(span) for span in moved)))
        return made


def text_changes(train: Examples, settings: TrainingSettings, context: TrainingContext) -> TextChanges | None:
    """Return how a training changes its texts; None without `settings.augment`.

    Raises:
        EngineError: code `bad_augmentation`.
    """
    if settings.augment is None:
        return None
    from curation.engine.augment import TextAugmenter

    policy = policy_for(settings.augment, train.kind)
    learnt = learnt_from(policy, train.inputs, context)
    return TextChanges(TextAugmenter(policy, settings.seed, learnt), train, context.cancelled)


def as_mapping(span: Span) -> dict[str, Any]:
    """Return a span as augmentations take it."""
    return {"start": span.start, "end": span.end, "label": span.label}


def as_span(row: Mapping[str, Any]) -> Span:
    """Return a span as examples have it."""
    return Span(row["start"], row["end"], row["label"])
