"""What formats of labeled pictures hold of a project, and the shapes of a record as they take them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curation.engine.readers.huggingface import split_of
from labeling.engine.controls.base import Label
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.shapes import Attribute, Shapes
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.leaving import tell_of_answers, tell_of_columns, tell_of_controls
from labeling.engine.formats.record import Losses, Record
from labeling.engine.schema import Schema

# The column that says to which side of a dataset an item belongs.
SPLIT = "split"
# What it says: the three sides, and the names that some have for them.
_SIDES = frozenset({"train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation"})


@dataclass(frozen=True, slots=True)
class Held:
    """The questions of a project that a format holds.

    Attributes:
        title: Of the format.
        drawn: Questions that draw.
        choice: The question about whole pictures.
        losses: The report.
    """

    title: str
    drawn: list[Shapes]
    choice: Choice | None
    losses: Losses

    def name(self, control: Shapes, label: str) -> str:
        """Return what a label is called there: of several questions, its question stands before it."""
        return label if len(self.drawn) == 1 else f"{control.name}: {label}"

    @property
    def labels(self) -> list[tuple[str, Label, Shapes]]:
        """All labels of shapes, by the name that they have there."""
        return [(self.name(control, label.value), label, control) for control in self.drawn for label in control.labels]

    @property
    def attributes(self) -> list[Attribute]:
        """All attributes of shapes."""
        return [attribute for control in self.drawn for attribute in control.attributes]

    def shapes(self, record: Record) -> Iterator[tuple[str, str, Shape]]:
        """Give the shapes of what counts of a record: the place for the report, the label's name, the shape."""
        answer = record.counting or {}
        for control in self.drawn:
            for shape in answer.get(control.name, []):
                yield place_of(record, self.drawn, control, shape), self.name(control, shape["label"]), shape

    def chosen(self, record: Record) -> list[str]:
        """Return the labels of the whole picture."""
        return [] if self.choice is None else list((record.counting or {}).get(self.choice.name, []))

    def tell(self, record: Record, columns: Collection[str] = (SPLIT,), *, unanswered: bool = True) -> None:
        """Note what the format leaves out of a record.

        Args:
            record: The item.
            columns: That are held.
            unanswered: Whether a picture that nobody answered looks there like one that shows nothing.
        """
        tell_of_answers(record, self.losses, self.title)
        tell_of_split(record, self.losses)
        held = set(columns) if split_name(record) else set(columns) - {SPLIT}
        tell_of_columns(record, held, self.losses, self.title)
        if unanswered and record.counting is None:
            reason = f"Nobody answered it. {self.title} cannot say so: it is a picture without labels there."
            self.losses.add(record.name, "unanswered", reason)


def place_of(record: Record, drawn: list[Shapes], control: Shapes, shape: Shape) -> str:
    """Return the place of a shape for the report; ids differ within a question alone."""
    question = f"{control.name}, " if len(drawn) > 1 else ""
    return f"{record.name}: {question}shape {shape['id']}"


def hold(schema: Schema, title: str, losses: Losses, *, tags: bool = False) -> Held:
    """Return what a format holds of a project, and note the rest.

    Args:
        schema: Of the project.
        title: Of the format.
        losses: The report.
        tags: Whether the format has labels of whole pictures.
    """
    drawn = [control for control in schema.controls if isinstance(control, Shapes)]
    choice = next((control for control in schema.controls if isinstance(control, Choice)), None) if tags else None
    held = {control.name for control in drawn} | ({choice.name} if choice is not None else set())
    tell_of_controls(schema, held, losses, title)
    tell_of_joining(drawn, losses, title)
    return Held(title, drawn, choice, losses)


def tell_of_joining(drawn: list[Shapes], losses: Losses, title: str) -> None:
    """Note that several questions that draw are one there."""
    if len(drawn) > 1:
        names = ", ".join(control.name for control in drawn)
        losses.add(
            f"questions {names}",
            "questions_joined",
            f"{title} has one list of shapes. The name of its question stands before each label.",
        )


def tell_of_attributes(held: Held) -> None:
    """Note the attributes of a format that has none."""
    for attribute in held.attributes:
        reason = f"{held.title} has no attributes of shapes. It is left out."
        held.losses.add(f"attribute {attribute.name}", "attribute", reason)


def tell_of_unused(held: Held, used: Collection[str]) -> None:
    """Note the labels that are not in a format which names only what is drawn."""
    for name, _label, _control in held.labels:
        if name not in used:
            held.losses.add(f"label {name}", "label_unused", f"{held.title} names only labels that are used.")


def split_name(record: Record) -> str:
    """Return the side of a dataset that an item belongs to: ``train``, ``validation``, ``test``, or "" for none."""
    split = record.fields.get(SPLIT)
    return side_of(split) if isinstance(split, str) else ""


def side_of(folder: str) -> str:
    """Return the side that a folder is named for, empty where it is another word, such as ``test_strip``."""
    return split_of(f"{folder}/") if folder.lower() in _SIDES else ""


def tell_of_split(record: Record, losses: Losses) -> None:
    """Note, once for each, that a side has another name there."""
    said, name = record.fields.get(SPLIT), split_name(record)
    if name and said != name and f"split {said}" not in losses.said:
        losses.said.add(f"split {said}")
        losses.add(f"column {SPLIT}", "split_renamed", f"“{said}” is “{name}” there.")


def unturned(shape: Shape, where: str, losses: Losses) -> Shape:
    """Return a rotated box that is not turned as a box, since a format tells them apart by the turn alone."""
    if shape["type"] != "rotated_box" or shape["angle"] % 360:
        return shape
    losses.add(where, "not_turned", "A rotated box that is not turned is a box there.")
    width, height = shape["width"], shape["height"]
    box: dict[str, Any] = {key: value for key, value in shape.items() if key != "angle"}
    return {**box, "type": "box", "x": fine(shape["x"] - width / 2), "y": fine(shape["y"] - height / 2)}


def fine(value: float) -> float:
    """Round to what coordinates are kept to, and a half of it, which halves of sizes need."""
    return round(value, 3)


def short(value: float) -> str:
    """Write a number without needless zeros, exact to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"


def plain_attributes(shape: Shape) -> Mapping[str, str]:
    """Return the attributes of a shape."""
    found: Mapping[str, str] = shape.get("attributes", {})
    return found
