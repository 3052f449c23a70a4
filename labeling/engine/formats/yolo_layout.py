"""Where the files of a YOLO dataset lie: names of classes, label files of pictures, sides of the split."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import yaml

from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError

# Members of data.yaml that are no side of a split.
_SETTINGS = frozenset({"path", "names", "nc", "task", "kpt_shape", "flip_idx", "kpt_names", "download", "roboflow"}) | {
    "channels",
    "yolo_version",
    "backup",
    "classes",
}
_SAME = {"val": "validation", "valid": "validation"}
_NAME_FILES = ("obj.names", "classes.txt", ".names")
_NAMES = re.compile(rb"^names\s*:", re.MULTILINE)
_SIDES = re.compile(rb"^(?:train|val|test|nc|kpt_shape)\s*:", re.MULTILINE)
_HEAD = 4096
_YAML_BYTES = 4 << 20
MOST_KEY_POINTS = 1000


def rows_of(files: Files, path: str) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a label file that are not empty, with their line numbers from 1."""
    for number, line in enumerate(files.text(path).split("\n"), 1):
        row = line.split()
        if row:
            yield number, row


def _word(value: Any) -> str:
    # A list of lists, which aliases can make endless, is no name.
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value).strip()


@dataclass(frozen=True)
class Layout:
    """A YOLO dataset's files."""

    files: Files

    @property
    def found(self) -> bool:
        """Whether this is such a dataset: names of classes, or numbers beside pictures."""
        if self._named:
            return bool(self.files.pictures or self.orphans)
        # Nothing names the classes; so the numbers must look like theirs.
        first = [next(rows_of(self.files, path), (0, [])) for path in list(self.labels.values())[:20]]
        return any(len(row) >= 5 for _line, row in first)

    @property
    def about(self) -> str:
        """The file with the names, empty for none."""
        return self._yaml_path or next(iter(self._name_files), "")

    @property
    def _named(self) -> bool:
        return bool(self._yaml_path or self._name_files)

    @cached_property
    def _yaml_path(self) -> str:
        for path in self.files.named(".yaml", ".yml"):
            head = self.files.head(path, _YAML_BYTES)
            if not (_NAMES.search(head) and _SIDES.search(head)):
                continue
            try:
                whole = yaml.safe_load(head)
            except (yaml.YAMLError, RecursionError):
                # Broken, but meant as one: `_about` says so.
                return path
            if isinstance(whole, Mapping) and isinstance(whole.get("names"), Mapping | list):
                return path
        return ""

    @cached_property
    def _about(self) -> dict[str, Any]:
        """Return data.yaml, or what obj.data says."""
        if self._yaml_path:
            try:
                whole = yaml.safe_load(self.files.text(self._yaml_path))
            except (yaml.YAMLError, RecursionError) as error:
                reason = " ".join(str(error).split())[:200]
                raise FormatError("yolo_broken", f"{self._yaml_path} is no YAML ({reason}).") from None
            return {str(key): value for key, value in whole.items()}
        for path in self.files.named("obj.data", ".data"):
            pairs = (line.split("=", 1) for line in self.files.text(path).splitlines() if "=" in line)
            return {key.strip(): value.strip() for key, value in pairs}
        return {}

    @cached_property
    def _name_files(self) -> list[str]:
        return self.files.named(*_NAME_FILES)

    @cached_property
    def names(self) -> dict[int, str]:
        """Names of classes by number; empty where nothing names them.

        Raises:
            FormatError: ``yolo_broken``.
        """
        given = self._about.get("names")
        if isinstance(given, list):
            given = dict(enumerate(given))
        if isinstance(given, Mapping):
            try:
                return {int(number): _word(name) or str(number) for number, name in given.items()}
            except (TypeError, ValueError):
                raise FormatError(
                    "yolo_broken", f"In {self._yaml_path} “names” must be a list of words, or words by their numbers."
                ) from None
        if not self._name_files:
            return {}
        lines = self.files.text(self._name_files[0]).rstrip("\n").split("\n")
        return {number: line.strip() or str(number) for number, line in enumerate(lines)}

    def label(self, number: int) -> str | None:
        """Return the name of a class: its number where none has a name, None where others have."""
        return self.names.get(number) if self.names else str(number)

    @property
    def task(self) -> str:
        """What the dataset is for, where it says so."""
        said = self._about.get("task")
        return said if said in {"detect", "segment", "obb", "pose"} and (said != "pose" or self.points[0]) else ""

    @property
    def points(self) -> tuple[int, int]:
        """How many key points an object has, and numbers of each; 0, 0 for none."""
        shape = self._about.get("kpt_shape")
        if not isinstance(shape, list) or len(shape) != 2 or not all(isinstance(each, int) for each in shape):
            return 0, 0
        return (shape[0], shape[1]) if 0 < shape[0] <= MOST_KEY_POINTS and shape[1] in {2, 3} else (0, 0)

    @property
    def point_names(self) -> list[str]:
        """Names of the key points; their numbers where none are given."""
        given = self._about.get("kpt_names")
        rows = list(given.values()) if isinstance(given, Mapping) else [given]
        count = self.points[0]
        for row in rows:
            if isinstance(row, list) and len(row) == count:
                return [str(each) for each in row]
        return [str(number) for number in range(count)]

    @cached_property
    def _texts(self) -> list[str]:
        """Label files: texts that are neither names nor lists."""
        others = {*self._name_files, *self._lists}
        return [path for path in self.files.named(".txt") if path not in others and self._numeric(path)]

    def _numeric(self, path: str) -> bool:
        """Tell whether a text is empty or begins with a row of numbers."""
        row = self.files.head(path, _HEAD).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].split()
        try:
            return all(float(each) is not None for each in row)
        except ValueError:
            return False

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label file of each picture that has one."""
        texts = {PurePosixPath(path).with_suffix("").as_posix(): path for path in self._texts}
        by_stem: dict[str, list[str]] = {}
        for path in self._texts:
            by_stem.setdefault(PurePosixPath(path).stem.lower(), []).append(path)
        found: dict[str, str] = {}
        given: set[str] = set()
        for picture in self.files.pictures:
            plain = PurePosixPath(picture).with_suffix("").as_posix()
            head, _images, tail = f"/{plain}".rpartition("/images/")
            places = [f"{head}/labels/{tail}".lstrip("/"), plain] if _images else [plain]
            exact = next((texts[place] for place in places if place in texts), "")
            alike = by_stem.get(PurePosixPath(plain).name.lower(), [])
            label = exact or (alike[0] if len(alike) == 1 and alike[0] not in given else "")
            if label:
                found[picture] = label
                given.add(label)
        return found

    @cached_property
    def orphans(self) -> list[str]:
        """Label files whose picture did not come."""
        used = set(self.labels.values())
        return [path for path in self._texts if path not in used]

    @cached_property
    def _sides(self) -> dict[str, list[str]]:
        """What data.yaml or obj.data names for each side."""
        found: dict[str, list[str]] = {}
        for name, value in self._about.items():
            rows = value if isinstance(value, list) else [value]
            if name not in _SETTINGS and all(isinstance(row, str) and row for row in rows):
                found[_SAME.get(name, name)] = [str(row) for row in rows]
        return found

    @cached_property
    def _lists(self) -> dict[str, list[str]]:
        """Paths of pictures in each text that is named as a side, or that names pictures."""
        found: dict[str, list[str]] = {}
        for path in self.files.named(".txt"):
            first = self.files.head(path, _HEAD).decode("utf-8", "replace").split("\n", 1)[0].strip().lower()
            if first.endswith((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")):
                found[path] = [line.strip() for line in self.files.text(path).splitlines() if line.strip()]
        return found

    @cached_property
    def _listed(self) -> dict[str, set[str]]:
        """Sides by the pictures that lists name."""
        found: dict[str, set[str]] = {}
        for side, entries in self._sides.items():
            for entry in entries:
                name = PurePosixPath(entry).name
                for path, rows in self._lists.items():
                    if PurePosixPath(path).name == name:
                        for row in rows:
                            found.setdefault(self.files.picture(row, path), set()).add(side)
        return found

    @cached_property
    def _folders(self) -> list[tuple[str, str]]:
        """Folders of the sides, as ends of paths that stand between slashes."""
        base = posixpath.dirname(self.about)
        root = str(self._about.get("path") or "")
        found = []
        for side, entries in self._sides.items():
            for entry in entries:
                if not entry.endswith(".txt"):
                    near = posixpath.normpath(posixpath.join(base, entry))
                    under = posixpath.normpath(posixpath.join(base, root, entry))
                    bare = "/".join(part for part in entry.split("/") if part not in {"", ".", ".."})
                    found += [(f"/{place}/", side) for place in {near, under, bare} if place and place[0] != "."]
        return found

    def side(self, picture: str) -> str:
        """Return the side that a picture is on; empty where none, or where several share it."""
        sides = set(self._listed.get(picture, set()))
        if not sides:
            # The most exact folder says it: images/train lies in images.
            fitting = [(len(place), side) for place, side in self._folders if place in f"/{picture}"]
            longest = max((length for length, _side in fitting), default=0)
            sides = {side for length, side in fitting if length == longest}
        return next(iter(sides)) if len(sides) == 1 else split_of(picture)
