"""Classification folders: a folder for each class, as Ultralytics, torchvision and Keras read them; both directions."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from labeling.engine.controls.choice import Choice
from labeling.engine.formats.files import Files
from labeling.engine.formats.leaving import tell_of_answers, tell_of_columns, tell_of_controls
from labeling.engine.formats.record import Losses, Reading, Record
from labeling.engine.formats.scene_parts import SPLIT, side_of, split_name, tell_of_split
from labeling.engine.formats.scenes import Asked, Scene, reading
from labeling.engine.formats.target import FORBIDDEN, Target
from labeling.engine.schema import Schema

TITLE = "A folder for each class"
CONTROL = "label"
# Where pictures without an answer lie; the reader takes it for no class.
UNLABELED = "_unlabeled"
# A licence or a list may lie beside the pictures; other formats were tried before.
_MOSTLY = 0.9
_WRITTEN = {"validation": "val"}


def recognize(files: Files) -> bool:
    """Tell whether there are pictures in two or more folders of classes."""
    if len(files.pictures) < _MOSTLY * len(files.paths) or not files.pictures:
        return False
    found = set(_classes(files).values()) - {UNLABELED}
    return len(found) >= 2 and not all(side_of(name) for name in found)


def _classes(files: Files) -> dict[str, str]:
    """Return the class of each picture: its folder, unless that is a side of a split with folders of classes below."""
    above = {PurePosixPath(path).parent.parent for path in files.pictures}
    folders = {path: PurePosixPath(path).parent for path in files.pictures}
    return {
        path: folder.name
        for path, folder in folders.items()
        if folder.name and not (side_of(folder.name) and folder in above)
    }


def read(files: Files, losses: Losses) -> Reading:
    """Read the pictures; a folder above the classes that is named for a side of a split is the column ``split``.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``.
    """
    classes = _classes(files)
    asked = Asked(question=CONTROL, several=False)
    for name in sorted(set(classes.values()) - {UNLABELED}):
        asked.tag(name)

    def scenes(noted: Losses) -> Iterator[Scene]:
        for picture in files.pictures:
            name = classes.get(picture, "")
            if not name:
                noted.add(picture, "no_class", "It lies in no folder of a class, and has no label.")
            labeled = name not in {"", UNLABELED}
            scene = Scene(picture, PurePosixPath(picture).name, picture, answered=labeled)
            scene.tags = [name] if labeled else []
            above = PurePosixPath(picture).parent.parent.name
            split = side_of(above)
            if split:
                scene.fields[SPLIT] = split
            yield scene

    return reading(files, losses, asked, scenes, len(files.pictures))


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as folders; empty when it can."""
    if not schema.picture or schema.choice is None:
        return "Folders of classes hold one label for each picture, and the project asks for none."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records, ``<side>/<class>/<picture>``, and return how many there are."""
    choice = schema.choice
    assert choice is not None
    tell_of_controls(schema, {choice.name}, target.losses, TITLE)
    names = _names(choice, target.losses)
    used: set[str] = set()
    written = 0
    for record in records:
        written += 1
        tell_of_answers(record, target.losses, TITLE)
        split = split_name(record)
        tell_of_split(record, target.losses)
        tell_of_columns(record, {SPLIT} if split else (), target.losses, TITLE)
        chosen = (record.counting or {}).get(choice.name, [])
        if len(chosen) > 1:
            others = ", ".join(chosen[1:])
            target.losses.add(record.name, "several_labels", f"A picture lies in one folder: {others} is left out.")
        used.update(chosen[:1])
        folder = names[chosen[0]] if chosen else UNLABELED
        side = _WRITTEN.get(split, split)
        target.picture(record, f"{side}/{folder}" if split else folder)
        if record.counting is not None and not chosen:
            target.losses.add(record.name, "answered_empty", "That its answer has no label is not kept.")
    for label in choice.labels:
        if label.value not in used:
            target.losses.add(f"label {label.value}", "label_unused", "No picture has it, so it has no folder.")
    return written


def _names(choice: Choice, losses: Losses) -> dict[str, str]:
    """Return names of folders for labels that every file system takes, no two alike in any case of letters."""
    found: dict[str, str] = {}
    taken = {UNLABELED}
    for label in choice.labels:
        plain = label.value.replace("/", "_").translate(FORBIDDEN).strip(". ") or "label"
        if side_of(plain):
            plain = f"label_{plain}"
        number, free = 2, plain
        while free.casefold() in taken:
            free, number = f"{plain}_{number}", number + 1
        taken.add(free.casefold())
        found[label.value] = free
        if free != label.value:
            losses.add(f"label {label.value}", "renamed", f"Its folder is called {free}.")
    return found
