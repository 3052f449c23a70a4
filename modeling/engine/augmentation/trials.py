"""The same training with other augmentation, seed by seed, and the gain between two of them with its interval."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.fitting import CODE, check_family
from modeling.engine.augmentation.said import Said
from modeling.engine.data import Examples
from modeling.engine.errors import EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from curation.engine.augment import Policy
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
ROUNDS = 1000
PLAIN, OWN = "without augmentation", "the family's own changes"


@dataclass(frozen=True)
class Gain:
    """How much one arm is ahead of another.

    Attributes:
        gain: Mean over the seeds of the differences of the primary figure; positive is a gain.
        low: Lower end of its 95 % interval.
        high: Upper end.
        error: Standard error, of seeds and judged rows together.
        seeds: The difference of each seed.
    """

    gain: float
    low: float
    high: float
    error: float
    seeds: list[float]

    @property
    def verdict(self) -> str:
        """`gain`, `loss` or `no clear difference`."""
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "no clear difference"

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass(frozen=True)
class Arm:
    """One way of training, tried with some seeds.

    Attributes:
        name: What it is called.
        policy: Its augmentation; None for none.
        scorers: For each seed the primary figure over numbers of judged rows.
        rows: How many rows are judged.
        seconds: Wall time of all its trainings.
    """

    name: str
    policy: Policy | None
    scorers: list[Callable[[Array], float]]
    rows: int
    seconds: float

    @property
    def scores(self) -> list[float]:
        """The figure of each seed on all judged rows."""
        every = np.arange(self.rows)
        return [float(scorer(every)) for scorer in self.scorers]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.scores))

    def to_dict(self) -> dict[str, Any]:
        """Return figures and policy as a JSON-ready mapping."""
        policy = None if self.policy is None else self.policy.to_json()
        return {
            "name": self.name,
            "figure": self.mean,
            "seeds": self.scores,
            "seconds": round(self.seconds, 1),
            "policy": policy,
        }


@dataclass
class Trials:
    """Trainings of the same rows with the same settings and the same seeds, each arm with its own augmentation.

    What a training said of the judged rows is kept in `context.checkpoints`, where that is given: trials that were cut
    off and begin again go on with the trainings that are missing.

    Attributes:
        data: Test rows are judged; see `judged_on`.
        settings: Family and budget; its seed is the first.
        seeds: How many seeds each arm is tried with.
        context: Where vectors and what was found are kept, and whom to tell.
        arms: How many arms there will be at most, for `context.progress`, which counts trainings.
        trained: Trainings so far.
    """

    data: Examples
    settings: TrainingSettings
    seeds: int
    context: TrainingContext
    arms: int = 0
    trained: int = 0

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to compare."""
        if self.settings.family == "auto":
            raise EngineError("Name one family: auto could take another for each policy.", code="bad_setting")
        if not 1 <= self.seeds <= 100:
            raise EngineError("Take 1 to 100 seeds.", code="bad_setting")

    def plain(self) -> Arm:
        """Train without augmentation; a family that changes rows anyway is told not to."""
        return self.arm(PLAIN, self.unchanged)

    @property
    def unchanged(self) -> Policy | None:
        """The policy that leaves rows as they are: none, or of a family that changes them anyway, one never applied."""
        if not get_family(self.settings.family).changes_anyway:
            return None
        from curation.engine.augment.policy import policy_of

        return policy_of({"version": 1, "steps": [{"use": "noise", "chance": 0.0}]})

    def own(self) -> Arm | None:
        """Train as the family does without a policy, where that is something else than `plain`; else None."""
        return self.arm(OWN, None) if get_family(self.settings.family).changes_anyway else None

    def arm(self, name: str, policy: Policy | None) -> Arm:
        """Train with one policy, or none, once a seed.

        Raises:
            As `train`.
        """
        given = None if policy is None else policy.to_json()
        check_family(given, get_family(self.settings.family), self.data.kind)
        part, scorers, seconds = self.data.part("test"), [], 0.0
        for number in range(self.seeds):
            settings = replace(self.settings, seed=self.settings.seed + number, augment=given)
            said = self._said(settings, part)
            scorers.append(self.data.kind.scorer(said.predictions, part, said.labels))
            seconds += said.seconds
            self.trained += 1
            if self.context.progress:
                self.context.progress(self.trained, max(self.trained, self.arms * self.seeds))
        arm = Arm(name, policy, scorers, len(part.inputs), seconds)
        if self.context.on_note:
            self.context.on_note(f"  {name}: {self.data.kind.primary} {arm.mean:.4f}, {arm.seconds:.0f} s")
        return arm

    def _said(self, settings: TrainingSettings, part: Examples) -> Said:
        """Return what a trained model says of the judged rows; it is trained unless that was done before."""
        from modeling.engine.training.train import train

        folder = self.context.checkpoints
        # Another version of the data or of the settings has another name.
        path = None if folder is None else folder / f"{settings.fingerprint()}-{self.data.content_hash()}.npz"
        if path is not None and (known := Said.load(path)) is not None:
            return known
        quiet = replace(
            self.context, checkpoints=None, on_stage=None, on_epoch=None, on_step=None, on_note=None, progress=None
        )
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="assay-trial-") as scratch:
            model = train(self.data, Path(scratch) / "model", settings, quiet)
            said = Said(model.predictions(part.inputs, quiet), model.labels, time.monotonic() - began)
        if path is not None:
            said.store(path)
        return said


def judged_on(data: Examples, split: str) -> Examples:
    """Return examples whose test rows are the rows to judge by.

    With `validation` the test rows are not looked at: the validation rows take their place, and a fifth of the training
    rows takes that of the validation rows, so that no family has seen what it is judged by.

    Raises:
        EngineError: Another split was named.
        BadData: Too few rows are left.
    """
    if split == "test":
        return data
    if split != "validation":
        raise EngineError(f"Judge by validation or test rows, not by {split!r}.", code="bad_setting")
    kept = data.rows([row for row, name in enumerate(data.splits) if name != "test"])
    splits = ["test" if name == "validation" else "train" for name in kept.splits]
    return Examples.of(kept.task, kept.inputs, kept.answers, splits, ids=kept.ids, soft=kept.soft)


def gain_of(first: Arm, second: Arm) -> Gain:
    """Return how much the first arm is ahead of the second.

    Two things make it uncertain, and their reaches are added as squares: which rows are judged (1,000 bootstrap rounds,
    the same rows for both arms and all seeds) and which seeds were drawn (Student's t over the differences of the
    seeds; with one seed nothing is known of it and the interval says nothing of it).
    """
    from scipy.stats import t

    if len(first.scorers) != len(second.scorers) or first.rows != second.rows:
        raise EngineError("Two arms must have the same seeds and the same judged rows.", code=CODE)
    differences = np.subtract(first.scores, second.scores)
    mean, count = float(differences.mean()), len(differences)
    by_rows = _resampled(first, second)
    low, high = np.quantile(by_rows, [0.025, 0.975])
    spread = float(differences.std(ddof=1) / np.sqrt(count)) if count > 1 else 0.0
    reach = spread * float(t.ppf(0.975, count - 1)) if count > 1 else 0.0
    return Gain(
        mean,
        mean - float(np.hypot(max(0.0, mean - low), reach)),
        mean + float(np.hypot(max(0.0, high - mean), reach)),
        float(np.hypot(by_rows.std(), spread)),
        differences.tolist(),
    )


def _resampled(first: Arm, second: Arm) -> Array:
    """Return the mean gain over the seeds on rows drawn anew, float64 [rounds]."""
    generator = np.random.default_rng(0)
    out = np.empty(ROUNDS)
    for number in range(ROUNDS):
        drawn = generator.integers(0, first.rows, first.rows)
        out[number] = np.mean([one(drawn) - other(drawn) for one, other in _pairs(first, second)])
    return out


def _pairs(first: Arm, second: Arm) -> Sequence[tuple[Callable[[Array], float], Callable[[Array], float]]]:
    return list(zip(first.scorers, second.scorers, strict=True))
