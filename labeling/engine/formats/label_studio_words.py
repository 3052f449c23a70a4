"""One Label Studio project's words and ours: names of its tags and fields, results and answers, in both directions."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.engine.pictures.facts import FACTS
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Spans
from labeling.engine.formats.label_studio_schema import SHAPES, Observed, Seen, plan
from labeling.engine.formats.marking import label_of
from labeling.engine.formats.record import FormatError, Losses
from labeling.engine.label_studio.config import Config, ConfigError, read_config
from labeling.engine.label_studio.results import MOST_RESULTS, Read, ResultError, read_parts
from labeling.engine.label_studio.tags import Tag, control_tags, labeling_config, targets
from labeling.engine.label_studio.writing import results_of
from labeling.engine.schema import Schema, parse_schema

ITEM, PICTURE, FILE = "item_id", "image", "image_file"
# What a plan must not leave out unsaid: somebody would be asked less than the XML says.
_REFUSED = frozenset({"tag_unknown", "per_region", "no_labels"})
# A result of these is refused in words, not one by one.
_TOLD = 5
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """How a project is spoken of by Label Studio's clients.

    Attributes:
        schema: What is asked, with the columns that a version has.
        xml: The configuration, as it was sent or as it is written here.
        fields: Fields of a task that must be there, and the columns that they are here.
        picture: The field that names the picture; empty for none.
        tags: Ours that each ``from_name`` stands for.
        elements: The element of each ``from_name``.
        shown: The ``toName`` of each.
        nodes: Of each taxonomy's name, our values by its paths.
    """

    schema: Schema
    xml: str
    fields: dict[str, str]
    picture: str
    tags: dict[str, Tag]
    elements: dict[str, str]
    shown: dict[str, str]
    nodes: dict[str, dict[tuple[str, ...], str]] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """Return the column that a field of a task becomes."""
        return self.fields.get(name) or column_of(name, self.picture)

    def read(self, result: Any, data: Mapping[str, Any]) -> Read:
        """Return what results say, in the form of our schema; still to be checked by `validate_answer`.

        Args:
            result: The list of results.
            data: The task's columns, with the size of its picture.

        Raises:
            ResultError: What does not fit, up to five parts of it.
        """
        if not isinstance(result, list) or len(result) > MOST_RESULTS:
            raise ResultError(f"“result” must be a list of at most {MOST_RESULTS} parts.")
        problems: list[str] = []
        rows = [self._prepared(row, number, problems) for number, row in enumerate(result)]
        found = read_parts(self.schema, [row for row in rows if row is not None], data, self.tags, problems.append)
        if problems:
            more = f" And {len(problems) - _TOLD} more." if len(problems) > _TOLD else ""
            raise ResultError(" ".join(problems[:_TOLD]) + more)
        return found

    def _prepared(self, row: Any, number: int, problems: list[str]) -> Any:
        """Return a result with our labels; None, told of, where it says what cannot be kept."""
        if not isinstance(row, Mapping) or row.get("type") == "relation":
            return row
        tag, value = self.tags.get(str(row.get("from_name"))), row.get("value")
        if tag is None or not isinstance(value, Mapping):
            return row
        value = dict(value)
        if isinstance(tag.control, Shapes) and row.get("image_rotation"):
            problems.append(f"Part {number} was drawn on a picture that had been turned. Draw it on the upright one.")
            return None
        if isinstance(tag.control, Shapes) and _is_turned(value) and "rotated_box" not in tag.control.tools:
            problems.append(f'Part {number} is turned. Write canRotate="true" in its tag for rectangles that may be.')
            return None
        if isinstance(tag.control, Spans):
            value["labels"] = value.get(str(row.get("type")), value.get("labels"))
            offsets = value.get("globalOffsets")
            if isinstance(offsets, Mapping):
                value |= {key: offsets[key] for key in ("start", "end") if key in offsets}
        for key in ("choices", "labels", *SHAPES.values()):
            if isinstance(value.get(key), list):
                value[key] = [label_of(each) for each in value[key]]
        nodes = self.nodes.get(tag.name)
        if nodes and isinstance(value.get("taxonomy"), list):
            paths = value["taxonomy"]
            paths = [paths] if paths and isinstance(paths[0], str) else paths
            named = [tuple(map(str, each)) for each in paths if isinstance(each, list)]
            if any(path not in nodes for path in named):
                problems.append(f"Part {number} names a path of “{tag.name}” that the configuration does not have.")
                return None
            value["taxonomy"] = [[nodes[path]] for path in named]
        return {**row, "value": value}

    def write(self, answer: Mapping[str, Any], data: Mapping[str, Any]) -> list[Result]:
        """Return an answer as results under the names of the XML.

        Shapes on a picture whose size is not known are left out, since theirs are per cent of it.
        """
        size = self._size(data)
        known = {
            name: said
            for name, said in answer.items()
            if all(size) or not isinstance(self.schema.by_name.get(name), Shapes)
        }
        ours = {tag.name: tag for tag in control_tags(self.schema)}
        theirs = {(tag.control.name, tag.part): name for name, tag in self.tags.items()}
        return [self._theirs(row, ours, theirs) for row in results_of(self.schema, known, data, size)]

    def _size(self, data: Mapping[str, Any]) -> tuple[int, int]:
        name = self.schema.picture
        found = [data.get(f"{name}_{side}") for side in ("width", "height")] if name else [0, 0]
        return (found[0], found[1]) if all(isinstance(each, int) for each in found) else (0, 0)  # type: ignore[return-value]

    def _theirs(self, row: Result, ours: Mapping[str, Tag], theirs: Mapping[tuple[str, str], str]) -> Result:
        if row["type"] == "relation":
            return row
        tag = ours[row["from_name"]]
        name = theirs.get((tag.control.name, tag.part))
        if name is None:
            return row
        kind, value = row["type"], row["value"]
        element = self.elements[name].lower()
        if isinstance(tag.control, Spans) and element != kind:
            value = {key: each for key, each in value.items() if key != "labels"} | {element: value["labels"]}
            kind = element
        elif element == "datetime" and kind == "textarea":
            kind, value = element, {"datetime": value["text"][0]}
        elif kind == "taxonomy" and name in self.nodes:
            paths = {node: list(path) for path, node in self.nodes[name].items()}
            value = {"taxonomy": [paths.get(path[-1], path) for path in value["taxonomy"]]}
        return {**row, "from_name": name, "to_name": self.shown[name], "type": kind, "value": value}


def _is_turned(value: Mapping[str, Any]) -> bool:
    turn = value.get("rotation")
    return isinstance(turn, int | float) and math.isfinite(turn) and turn % 360 != 0


def column_of(name: str, picture: str) -> str:
    """Return the column for a field of a task: its own name, unless a version keeps that for something else."""
    if picture and name == picture:
        return PICTURE
    taken = {ITEM, *((PICTURE, FILE, *FACTS) if picture else ())}
    return f"{name}_2" if name in taken else name


def words_of_config(xml: str) -> Words:
    """Return the words of a configuration.

    Raises:
        FormatError: ``config_broken``, or ``config_unfit`` with every part that cannot be asked here.
    """
    config, losses = _config(xml), Losses()
    try:
        planned = plan(config, _expected(config), losses, "label_config")
    except FormatError as error:
        raise FormatError("config_unfit", f"{error.message} {' '.join(_unfit(losses))}".strip()) from None
    unfit = list(_unfit(losses))
    if unfit:
        raise FormatError("config_unfit", " ".join(unfit))
    picture = planned.schema.picture
    renamed = {name: column_of(name, picture) for name in planned.schema.needed}
    schema = parse_schema(_renamed(planned.schema.to_json(), renamed))
    tags = {
        name: Tag(name, tag.element, schema.by_name[tag.control.name], renamed.get(tag.part, tag.part))
        for name, tag in planned.tags.items()
    }
    elements = {name: tag.element for name, tag in planned.tags.items()}
    shown = {ask.name: ",".join(ask.shown) for ask in config.asked}
    must = {name: column for name, column in renamed.items() if name not in planned.added}
    return Words(schema, xml, must, picture, tags, elements, shown, planned.nodes)


def words_of_schema(schema: Schema) -> Words:
    """Return the words of a project that has no XML of its own, or whose questions were changed since."""
    tags = {tag.name: tag for tag in control_tags(schema)}
    shown = targets(schema)
    elements = {name: tag.element for name, tag in tags.items()}
    fields = {name: name for name in schema.needed}
    return Words(schema, labeling_config(schema), fields, schema.picture, tags, elements, shown)


def _config(xml: str) -> Config:
    try:
        return read_config(xml)
    except ConfigError as error:
        raise FormatError("config_broken", f"label_config {error}") from None


def _expected(config: Config) -> Observed:
    """Return what answers will be like: rectangles are turned only where the XML says so.

    Label Studio lets people turn each; where one may be turned, a dataset of boxes becomes one of oriented boxes, which
    most trainings of detectors do not take.
    """
    found = Observed()
    for ask in config.asked:
        if ask.element == "RectangleLabels" and ask.given.get("canRotate", "").lower() == "true":
            found.results[ask.name] = Seen("rectanglelabels", "", turned=True, upright=True)
    return found


def _unfit(losses: Losses) -> Iterator[str]:
    """Give a sentence for each part of a configuration that cannot be asked."""
    for loss in losses.listed:
        if loss.code in _REFUSED:
            yield f"{loss.where.removeprefix('label_config: ')}: {loss.reason}"


def _renamed(schema: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    for row in [*schema["display"], *schema["controls"]]:
        for key in ("field", "a", "b", "start_from"):
            if isinstance(row.get(key), str):
                row[key] = names.get(row[key], row[key])
        for column in row.get("columns", []):
            column["field"] = names.get(column["field"], column["field"])
    return schema
