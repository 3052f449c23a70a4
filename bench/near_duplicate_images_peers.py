"""What imagehash, imagededup and cleanvision say about pictures; run by near_duplicate_images.py."""

import importlib.metadata
import json
import sys
import time
import types
from pathlib import Path
from typing import Any

from PIL import Image


def hashers() -> dict[str, Any]:
    """Return the peers that are installed: name → function of a path that gives 16 hexadecimal digits."""
    found: dict[str, Any] = {}
    try:
        import imagehash

        found["imagehash phash"] = lambda path: str(imagehash.phash(Image.open(path)))
        found["imagehash dhash"] = lambda path: str(imagehash.dhash(Image.open(path)))
    except ImportError:
        pass
    try:
        # Its package imports the neural encoder, and with it torch and torchvision, before any hash can be made.
        for name in ("imagededup.methods.cnn", "imagededup.utils.data_generator", "imagededup.utils.models"):
            stand_in = types.ModuleType(name)
            stand_in.CNN = stand_in.CustomModel = object  # type: ignore[attr-defined]
            sys.modules[name] = stand_in
        from imagededup.methods import PHash

        method = PHash(verbose=False)
        found["imagededup PHash"] = lambda path: method.encode_image(image_file=str(path))
    except ImportError as error:
        print(f"imagededup cannot be imported: {error}", file=sys.stderr)
    return found


def cleanvision_recall(original: Path, changed: Path, scratch: Path) -> float:
    """Return the share of copies that cleanvision puts into one set with their originals."""
    from cleanvision import Imagelab

    scratch.mkdir(exist_ok=True)
    for path in scratch.iterdir():
        path.unlink()
    for folder, mark in ((original, "a"), (changed, "b")):
        for path in folder.iterdir():
            (scratch / f"{mark}-{path.name}").symlink_to(path)
    lab = Imagelab(data_path=str(scratch), verbose=False)
    lab.find_issues({"near_duplicates": {}, "exact_duplicates": {}}, n_jobs=1, verbose=False)
    sets = [one for kind in ("near_duplicates", "exact_duplicates") for one in lab.info.get(kind, {}).get("sets", [])]
    names = [{Path(path).name for path in one} for one in sets]
    files = sorted(path.name for path in original.iterdir())
    return sum(any(f"a-{name}" in one and f"b-{name}" in one for one in names) for name in files) / len(files)


def main() -> None:
    if sys.argv[1] == "--speed":
        files = sorted(Path(sys.argv[2]).iterdir())
        for name, function in hashers().items():
            started = time.process_time()
            for path in files:
                function(path)
            print(f"{name}: {len(files) / (time.process_time() - started):,.0f}")
        return
    folders = {kind: Path(folder) for kind, folder in json.loads(sys.argv[1]).items()}
    functions = hashers()
    hashes = {
        name: {kind: [function(path) for path in sorted(folder.iterdir())] for kind, folder in folders.items()}
        for name, function in functions.items()
    }
    recall: dict[str, dict[str, float]] = {}
    try:
        import cleanvision  # noqa: F401

        scratch = folders["original"].parent / "cleanvision"
        recall["cleanvision"] = {
            kind: cleanvision_recall(folders["original"], folder, scratch)
            for kind, folder in folders.items()
            if kind != "original"
        }
    except ImportError:
        pass
    versions = {}
    for name in ("imagehash", "imagededup", "cleanvision", "pillow", "numpy"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    print(json.dumps({"versions": versions, "hashes": hashes, "recall": recall}))


if __name__ == "__main__":
    main()
