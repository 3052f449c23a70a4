"""What a policy gains, and what each of its steps has in it: trainings without, with all of it, and without each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.fitting import check_fit
from modeling.engine.augmentation.trials import Arm, Gain, Trials, gain_of, judged_on
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings


@dataclass(frozen=True)
class StepPart:
    """What one step has in the whole: `gain` is that of the whole policy over the policy `arm` without the step."""

    use: str
    settings: dict[str, Any]
    arm: Arm
    gain: Gain


@dataclass(frozen=True)
class Ablation:
    """Figures of all arms on the same rows.

    Attributes:
        primary: The figure's name.
        split: Of the judged rows.
        rows: How many are judged.
        plain: Without augmentation.
        whole: With the whole policy.
        gain: Of the whole over none.
        own: As the family changes rows without a policy, where it does.
        over_own: The gain of the whole over that.
        steps: One for each step, where there are several.
    """

    primary: str
    split: str
    rows: int
    plain: Arm
    whole: Arm
    gain: Gain
    own: Arm | None
    over_own: Gain | None
    steps: list[StepPart]

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping."""
        return {
            "primary": self.primary,
            "split": self.split,
            "rows": self.rows,
            "plain": self.plain.to_dict(),
            "whole": self.whole.to_dict(),
            "gain": self.gain.to_dict(),
            "own": None if self.own is None else self.own.to_dict(),
            "over_own": None if self.over_own is None else self.over_own.to_dict(),
            "steps": [
                {
                    "use": step.use,
                    "settings": step.settings,
                    "without": step.arm.to_dict(),
                    "gain": step.gain.to_dict(),
                }
                for step in self.steps
            ],
        }


def ablate(
    data: Examples,
    policy: Policy,
    settings: TrainingSettings,
    *,
    seeds: int = 3,
    split: str = "validation",
    context: TrainingContext | None = None,
) -> Ablation:
    """Train without augmentation, with the policy and without each of its steps, and compare seed by seed.

    All arms have the same rows, settings, seeds and budget. Families on frozen vectors that train in epochs show a row
    or one of its copies in each epoch, so that their arms have the same steps too.

    Args:
        data: Rows of all splits.
        policy: That fits task and family.
        settings: Family, budget and first seed; its own `augment` is not used.
        seeds: Trainings of each arm.
        split: Rows to judge by: `validation` while policies are still chosen, `test` once at the end.
        context: Where vectors are kept and whom to tell.

    Raises:
        EngineError: The policy does not fit; or as `train`.
    """
    from curation.engine.augment.policy import without_each

    check_fit(policy, data.kind)
    rests = list(without_each(policy))
    arms = 2 + len(rests) + get_family(settings.family).changes_anyway
    trials = Trials(judged_on(data, split), settings, seeds, context or TrainingContext(), arms)
    plain, own, whole = trials.plain(), trials.own(), trials.arm("the whole policy", policy)
    steps = []
    for number, (step, rest) in enumerate(rests, 1):
        arm = trials.arm(f"without step {number}, {step.use}", rest)
        steps.append(StepPart(step.use, step.to_json(), arm, gain_of(whole, arm)))
    over_own = None if own is None else gain_of(whole, own)
    return Ablation(data.kind.primary, split, whole.rows, plain, whole, gain_of(whole, plain), own, over_own, steps)
