"""Whether labels stay true: what a model that was trained on the items as they are says of their copies.

A model is wrong at times without any change, so that its answer on the copy is compared with its own answer on the
item: what agrees is the share of copies on which it did not change its mind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from curation.engine.augment.learnt import Learnt
from curation.engine.augment.policy import Policy, each_alone
from curation.engine.augment.text import augment_text
from curation.engine.interval import wilson_interval

# Gives a label for each text, in order.
Predict = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A copy of which the model says something else.

    Attributes:
        row: Place of the item among the texts.
        before: The item.
        after: The copy.
        expected: What the model says of the item.
        found: What it says of the copy.
    """

    row: int
    before: str
    after: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class StepSafety:
    """How safe one step of a policy is.

    Attributes:
        use: The step.
        settings: How it was set.
        changed: Copies that differ from their items; others say nothing.
        agree: Of these, on how many the model's answer is that on the item.
        low: Lower end of the share's interval, 95 %, 0 to 1.
        high: Upper end.
        disagreements: The copies on which it is another.
    """

    use: str
    settings: dict[str, Any]
    changed: int
    agree: int
    low: float
    high: float
    disagreements: tuple[Disagreement, ...]

    @property
    def share(self) -> float | None:
        """The share of copies that agree; None when nothing was changed."""
        return self.agree / self.changed if self.changed else None


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; (0, 1) when nothing was looked at."""
    return wilson_interval(part, whole) or (0.0, 1.0)


def label_safety(
    policy: Policy, texts: Sequence[str], predict: Predict, *, learnt: Learnt | None = None, seed: Any = "safety"
) -> list[StepSafety]:
    """Return for each step alone how often its copies keep the model's answer.

    Every step is applied always, whatever its chance: the question is what it does when it does something.

    Args:
        policy: Of texts.
        texts: Items that the model was not trained on, such as those of the validation part.
        predict: A model trained on items as they are; called once for the items and once a step.
        learnt: What `learn` returned for the policy.
        seed: Decides the draws.
    """
    expected = list(predict(texts))
    found = []
    for step, alone in each_alone(policy):
        sure = Policy((type(step)(step.use, 1.0, step.settings),), 1, policy.seed)
        copies = [augment_text(text, (), sure, f"{seed}/{row}", learnt).text for row, text in enumerate(texts)]
        rows = [row for row, (text, copy) in enumerate(zip(texts, copies, strict=True)) if text != copy]
        said = list(predict([copies[row] for row in rows])) if rows else []
        other = tuple(
            Disagreement(row, texts[row], copies[row], expected[row], label)
            for row, label in zip(rows, said, strict=True)
            if label != expected[row]
        )
        agree = len(rows) - len(other)
        low, high = wilson(agree, len(rows))
        found.append(StepSafety(step.use, dict(alone.steps[0].settings), len(rows), agree, low, high, other))
    return found
