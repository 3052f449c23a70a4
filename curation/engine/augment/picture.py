"""Pictures with labeled shapes changed by a policy: every shape is carried by its corners, or given up and said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curation.engine.augment.joined import joined
from curation.engine.augment.pictures.base import PictureAugmentation, Pixels, library
from curation.engine.augment.pictures.table import PICTURES
from curation.engine.augment.policy import PICTURE, Policy
from curation.engine.augment.scene import Scene
from curation.engine.augment.shapes import COVERED, Lost, Shape, corners_of, covered_share, rebuilt
from curation.engine.augment.text import rng_of

# Gives as many other scenes of the training part as asked, drawn with the generator.
Partners = Callable[[np.random.Generator, int], Sequence[Scene]]
# The corners that albumentations carries are those of pixel centres: the first centre is (0, 0) there, (0.5, 0.5) here.
_HALF = 0.5
# Pixels; the library's transforms fail on pictures that are smaller, in which there is nothing to see.
SMALLEST_SIDE = 4


@dataclass(frozen=True, slots=True)
class AugmentedPicture:
    """A changed picture.

    Attributes:
        pixels: uint8 [height, width, 3].
        shapes: The shapes that are left, clipped to the picture, in their old order.
        lost: Those that went, each with the reason.
        used: The steps of the policy that changed it.
        labels: The label of the whole with its share, shares adding up to 1; more than one behind ``mixup``.
    """

    pixels: Pixels
    shapes: list[dict[str, Any]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    used: tuple[str, ...] = ()
    labels: Mapping[str, float] = field(default_factory=dict)


def augment_picture(
    pixels: Pixels,
    shapes: Sequence[Shape],
    policy: Policy,
    seed: Any,
    *,
    label: str | None = None,
    partners: Partners | None = None,
) -> AugmentedPicture:
    """Change a picture by the steps of a policy; equal arguments give an equal picture.

    Args:
        pixels: uint8 [height, width, 3] in sRGB, or [height, width]; not changed. One with a side below four pixels
            stays as it is.
        shapes: See `curation.engine.augment.shapes`.
        policy: Of pictures.
        seed: Anything that has one spelling; with the policy's seed it decides the draws.
        label: Of the whole picture.
        partners: Gives other pictures of the training part, for ``mosaic`` and ``mixup``.

    Raises:
        SpansError: A shape cannot be read.
        ValueError: The policy is not one of pictures, or a step needs partners and there are none.
    """
    if policy.kind != PICTURE:
        raise ValueError("this policy changes texts; a picture needs one of pictures")
    scene = Scene.of(pixels, shapes, label)
    if min(scene.pixels.shape[:2]) < SMALLEST_SIDE:
        return AugmentedPicture(scene.pixels, scene.shapes, labels=scene.labels)
    lost: list[Lost] = []
    used: list[str] = []
    for number, step in enumerate(policy.steps):
        rng = rng_of(policy.seed, seed, number, step.use)
        if rng.random() >= step.chance:
            continue
        augmentation = PICTURES[step.use](dict(step.settings))
        if augmentation.partners:
            if partners is None:
                raise ValueError(f"{step.use} joins pictures; give it partners of the training part")
            scene, gone = joined(augmentation, scene, partners(rng, augmentation.partners), rng)
        else:
            scene, gone = carry(scene, augmentation, int(rng.integers(2**31)))
        lost += gone
        used.append(step.use)
    return AugmentedPicture(scene.pixels, scene.shapes, lost, tuple(used), scene.labels)


def carry(scene: Scene, augmentation: PictureAugmentation, seed: int) -> tuple[Scene, list[Lost]]:
    """Return a scene behind one augmentation, and the shapes that went."""
    alb = library()
    height, width = scene.pixels.shape[:2]
    given: dict[str, Any] = {"image": scene.pixels}
    corners = [corners_of(shape) for shape in scene.shapes] if augmentation.moves else []
    keep = None
    if augmentation.moves:
        points = np.array([corner for each in corners for corner in each], np.float32).reshape(-1, 2)
        given["keypoints"] = points - _HALF
        keep = alb.KeypointParams(format="xy", remove_invisible=False)
    if augmentation.covers:
        given["mask"] = np.ones((height, width), np.uint8)
    if scene.masks:
        given["masks"] = np.stack(scene.masks)
    made = alb.Compose([augmentation.transform((width, height))], keypoint_params=keep, seed=seed)(**given)
    masks = tuple(made["masks"]) if scene.masks else ()
    moved = Scene(np.ascontiguousarray(made["image"]), scene.shapes, scene.labels, masks)
    if augmentation.moves:
        return _moved(moved, corners, np.asarray(made["keypoints"], np.float64) + _HALF, augmentation)
    if augmentation.covers:
        return _uncovered(moved, made["mask"], augmentation)
    return moved, []


def _moved(
    scene: Scene, corners: Sequence[Sequence[Any]], points: Any, augmentation: PictureAugmentation
) -> tuple[Scene, list[Lost]]:
    height, width = scene.pixels.shape[:2]
    least = float(augmentation.given.get("visible", 0.0))
    shapes: list[dict[str, Any]] = []
    lost: list[Lost] = []
    done = 0
    for shape, own in zip(scene.shapes, corners, strict=True):
        places = [(float(x), float(y)) for x, y in points[done : done + len(own)]]
        done += len(own)
        made = rebuilt(shape, places, (width, height), least)
        if isinstance(made, Lost):
            lost.append(made)
        else:
            shapes.append(made)
    return Scene(scene.pixels, shapes, scene.labels, scene.masks), lost


def _uncovered(scene: Scene, left: Pixels, augmentation: PictureAugmentation) -> tuple[Scene, list[Lost]]:
    shares = [covered_share(shape, left) for shape in scene.shapes]
    most = 1 - float(augmentation.given["visible"])
    shapes = [shape for shape, share in zip(scene.shapes, shares, strict=True) if share <= most]
    lost = [Lost(shape, COVERED, 1 - share) for shape, share in zip(scene.shapes, shares, strict=True) if share > most]
    return Scene(scene.pixels, shapes, scene.labels, scene.masks), lost


@dataclass(frozen=True, slots=True)
class PictureAugmenter:
    """Changes pictures on their way into a training; deterministic in seed, row and epoch.

    Attributes:
        policy: Of pictures.
        seed: Of the training.
        partners: Gives other pictures of the training part, for ``mosaic`` and ``mixup``.
    """

    policy: Policy
    seed: int = 0
    partners: Partners | None = None

    def __call__(
        self, pixels: Pixels, shapes: Sequence[Shape] = (), *, row: int, epoch: int = 0, label: str | None = None
    ) -> AugmentedPicture:
        """Return the picture as it is for this row in this epoch."""
        where = f"{self.seed}/{row}/{epoch}"
        return augment_picture(pixels, shapes, self.policy, where, label=label, partners=self.partners)
