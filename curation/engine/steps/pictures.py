"""Filters of pictures by what the import has measured in them; limits and issues are those of cleanvision 0.3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.steps.base import Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.rules import Rule, check_amounts, check_shares

ACTIONS = ("find", "drop")


def check_action(action: str) -> None:
    """Refuse an action that is none.

    Raises:
        ValueError: It is neither ``find`` nor ``drop``.
    """
    if action not in ACTIONS:
        raise ValueError(f"action is {action!r}; choose one of {', '.join(ACTIONS)}")


def figures_of(table: pa.Table, context: Context, name: str) -> NDArray[np.float64]:
    """Return a column of figures about the pictures as float64 [n], NaN where there is none.

    Raises:
        StepError: The version has no pictures, or the column is not there.
    """
    context.column("image")
    if name not in table.schema.names:
        raise StepError(f"There is no column {name}. Put the step measure_images before this one.")
    values = table[name].cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False)
    return np.asarray(values, np.float64)


def act(table: pa.Table, rules: Sequence[Rule], action: str) -> Outcome:
    """List or drop the rows that break a rule; the first broken rule is the reason, and the detail names them all.

    A row without a figure breaks no rule.
    """
    active = [rule for rule in rules if rule.limit > 0]
    with np.errstate(invalid="ignore"):
        broken = [rule.broken() for rule in active]
    bad = np.logical_or.reduce(broken) if broken else np.zeros(table.num_rows, bool)
    rows = np.flatnonzero(bad).tolist()
    if not rows:
        return Outcome(table)
    ids = table["item_id"].to_numpy()
    notes = []
    for row in rows:
        names = [rule for rule, beyond in zip(active, broken, strict=True) if beyond[row]]
        notes.append((int(ids[row]), names[0].reason, "; ".join(rule.sentence(row) for rule in names)))
    if action == "find":
        return Outcome(table, found=[Found(*note) for note in notes])
    return Outcome(table.filter(pa.array(~bad)), [Drop(*note) for note in notes])


@dataclass(frozen=True, slots=True)
class ImageAspect(Step):
    """Finds or drops pictures much longer one way than the other: shorter side by longer one below `min_ratio`.

    0.35 is cleanvision's limit of odd_aspect_ratio.
    """

    name: ClassVar[str] = "image_aspect"
    title: ClassVar[str] = "Odd shapes of pictures"
    reasons: ClassVar[dict[str, str]] = {"image_odd_aspect": "The picture is very wide or very high."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_ratio: float = 0.35
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "min_ratio")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the sides."""
        sides = np.stack([figures_of(table, context, name) for name in ("image_width", "image_height")])
        ratio = sides.min(axis=0) / np.maximum(sides.max(axis=0), 1)
        rule = Rule("image_odd_aspect", "the shorter side is {} of the longer", ratio, self.min_ratio, most=False)
        return act(table, [rule], self.action)


@dataclass(frozen=True, slots=True)
class ImageBlur(Step):
    """Finds or drops blurred pictures: `image_sharpness` below `min_sharpness`.

    The sharpness is made of the variance of the Laplacian (Pech-Pacheco and others 2000) of a copy of 64 pixels a side,
    so that the size of a picture does not matter; see `pictures.measures`. 0.29 is cleanvision's limit of blurry.
    """

    name: ClassVar[str] = "image_blur"
    title: ClassVar[str] = "Blurred pictures"
    reasons: ClassVar[dict[str, str]] = {"image_blurred": "The picture is blurred."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_sharpness: float = 0.29
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "min_sharpness")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the sharpness."""
        values = figures_of(table, context, "image_sharpness")
        rule = Rule("image_blurred", "the sharpness is {}", values, self.min_sharpness, most=False)
        return act(table, [rule], self.action)


@dataclass(frozen=True, slots=True)
class ImageDark(Step):
    """Finds or drops dark pictures: not even their brightest hundredth is as bright as `min_lightest`, from 0 to 1.

    0.32 is cleanvision's limit of dark.
    """

    name: ClassVar[str] = "image_dark"
    title: ClassVar[str] = "Dark pictures"
    reasons: ClassVar[dict[str, str]] = {"image_dark": "Even the bright parts of the picture are dark."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_lightest: float = 0.32
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "min_lightest")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the brightness of the brightest parts."""
        values = figures_of(table, context, "image_lightest")
        rule = Rule(
            "image_dark", "the brightest parts have {} of full brightness", values, self.min_lightest, most=False
        )
        return act(table, [rule], self.action)


@dataclass(frozen=True, slots=True)
class ImageBright(Step):
    """Finds or drops overexposed pictures: all but their darkest twentieth is brighter than `max_darkest`, from 0 to 1.

    0.95 is cleanvision's limit of light.
    """

    name: ClassVar[str] = "image_bright"
    title: ClassVar[str] = "Overexposed pictures"
    reasons: ClassVar[dict[str, str]] = {"image_bright": "Even the dark parts of the picture are bright."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    max_darkest: float = 0.95
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "max_darkest")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the brightness of the darkest parts."""
        values = figures_of(table, context, "image_darkest")
        rule = Rule("image_bright", "the darkest parts have {} of full brightness", values, self.max_darkest)
        return act(table, [rule], self.action)


@dataclass(frozen=True, slots=True)
class ImageInformation(Step):
    """Finds or drops pictures with little in them: the entropy of their histogram is below `min_entropy` bits.

    3 bits is cleanvision's limit of low_information, 0.3 of 10.
    """

    name: ClassVar[str] = "image_information"
    title: ClassVar[str] = "Pictures with little in them"
    reasons: ClassVar[dict[str, str]] = {"image_low_information": "There is little in the picture."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_entropy: float = 3.0
    action: str = "find"

    def __post_init__(self) -> None:
        check_amounts(self, "min_entropy")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the entropy."""
        values = figures_of(table, context, "image_entropy")
        rule = Rule("image_low_information", "the entropy is {} bits", values, self.min_entropy, most=False)
        return act(table, [rule], self.action)


@dataclass(frozen=True, slots=True)
class ImageUniform(Step):
    """Finds or drops pictures of one shade: brightness reaches over less than `min_spread`, from 0 to 1.

    The reach is that of all but the darkest and the brightest hundredth. 0.05 is a limit of our own, 13 of 256 shades:
    an empty page that a scanner or a camera took has that much noise. cleanvision has no such issue; its entropy misses
    a flat picture with noise.
    """

    name: ClassVar[str] = "image_uniform"
    title: ClassVar[str] = "Pictures of one shade"
    reasons: ClassVar[dict[str, str]] = {"image_uniform": "The picture is almost of one shade."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_spread: float = 0.05
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "min_spread")
        check_action(self.action)

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Compare the reach of brightness."""
        values = figures_of(table, context, "image_spread")
        rule = Rule("image_uniform", "brightness reaches over {} of its range", values, self.min_spread, most=False)
        return act(table, [rule], self.action)
