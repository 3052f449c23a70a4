"""What is kept of each picture: a small copy, and key points with their descriptors, in one record of fixed size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.pictures.decoding import Picture

# Pixels of the longer side of the copy in which key points are sought.
SIDE = 256
# Pixels of both sides of the copy that is kept; the sides are stretched to it.
SMALL = 64
POINTS = 96
# ORB (Rublee and others 2011) with steps of 1.25 finds the same corners in a part enlarged by up to 2.4.
LEVELS, STEP, PATCH, CORNER = 5, 1.25, 31, 10
# Standard deviation of grey values, of 255, below which a picture shows nothing that could be compared.
PLAIN = 2.0
RECORD = np.dtype(
    [
        ("small", np.uint8, (SMALL, SMALL)),
        ("bits", np.uint64, (POINTS, 4)),
        ("at", np.float32, (POINTS, 2)),
        ("angle", np.uint8, (POINTS,)),
        ("points", np.int32),
        ("frame", np.int32, (2,)),
        ("width", np.int32),
        ("height", np.int32),
        ("deviation", np.float32),
    ]
)


class Describer:
    """Makes records; one for each thread, since a detector keeps its buffers."""

    def __init__(self) -> None:
        import cv2

        self._orb = cv2.ORB.create(
            nfeatures=POINTS, scaleFactor=STEP, nlevels=LEVELS, edgeThreshold=PATCH // 2, patchSize=PATCH,
            fastThreshold=CORNER,
        )  # fmt: skip

    def describe(self, picture: Picture) -> NDArray[Any]:
        """Return a `RECORD` [] of a grey picture whose longer side has `SIDE` pixels."""
        import cv2

        record = np.zeros((), RECORD)
        small = cv2.resize(picture.pixels, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
        record["small"] = small
        record["deviation"] = small.std()
        height, width = picture.pixels.shape
        record["frame"] = (width, height)
        record["width"], record["height"] = picture.width, picture.height
        if record["deviation"] >= PLAIN:
            points, bits = self._orb.detectAndCompute(picture.pixels, None)
            self._fill(record, points, bits)
        return record

    def _fill(self, record: NDArray[Any], points: Any, bits: Any) -> None:
        count = min(len(points), POINTS)
        if not count:
            return
        record["points"] = count
        record["bits"][:count] = np.ascontiguousarray(bits[:count]).view(np.uint64)
        record["at"][:count] = [point.pt for point in points[:count]]
        turns = np.array([point.angle for point in points[:count]]) * (256 / 360)
        record["angle"][:count] = np.round(turns).astype(np.int64) % 256
