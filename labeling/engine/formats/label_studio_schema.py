"""What a Label Studio project asks, as a schema of ours, and what each of its tags stands for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labeling.engine.controls.base import LONGEST_VALUE
from labeling.engine.formats.drawing import control_name_of
from labeling.engine.formats.marking import Labels, label_of
from labeling.engine.formats.record import FormatError, Losses
from labeling.engine.label_studio.config import OBJECTS, Asked, Config, Option, Shown
from labeling.engine.label_studio.tags import SHAPE_TAGS, Tag
from labeling.engine.schema import Schema, parse_schema

# The element that a result of each type answers.
ELEMENTS = {
    name.lower(): name
    for name in ("Choices", "Taxonomy", "Labels", "HyperTextLabels", "TextArea", "Rating", "Pairwise", "Number")
} | {name.lower(): name for name in ("DateTime", "RectangleLabels", "PolygonLabels", "KeyPointLabels")}
SPANS = frozenset({"Labels", "HyperTextLabels"})
SHAPES = dict(SHAPE_TAGS.values())
_FORM_KINDS = {"Number": "number", "DateTime": "text"}
# Attributes that make a question appear on a condition.
_CONDITIONS = frozenset({"whenTagName", "visibleWhen", "whenLabelValue", "whenChoiceValue"})
Path = tuple[str, ...]


@dataclass(slots=True)
class Seen:
    """What the results under one name were like.

    Attributes:
        type: Of the results.
        to: The object that they are about.
        labels: Labels in the order in which they were met; of a taxonomy, paths.
        several: Whether one answer chose more than one label.
        turned: Whether a rectangle was rotated.
        upright: Whether one was not.
    """

    type: str
    to: str
    labels: dict[Path, None] = field(default_factory=dict)
    several: bool = False
    turned: bool = False
    upright: bool = False


@dataclass(slots=True)
class Observed:
    """What the tasks of a dataset were like; filled while it is read for the first time.

    Attributes:
        results: By ``from_name``.
        ties: Labels of relations.
        columns: Fields of the tasks, with the length of the longest text in each.
    """

    results: dict[str, Seen] = field(default_factory=dict)
    ties: dict[str, None] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """How a dataset is read.

    Attributes:
        schema: What the project asks.
        tags: What each ``from_name`` stands for.
        nodes: Of each taxonomy's name, our values by its paths.
        added: Fields that the schema fills in and the tasks do not have.
    """

    schema: Schema
    tags: dict[str, Tag]
    nodes: dict[str, dict[Path, str]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)


def inferred(observed: Observed) -> Config:
    """Return a configuration that asks what the results of tasks without one answer."""
    config = Config()
    for name, seen in observed.results.items():
        element = ELEMENTS.get(seen.type)
        if element is None:
            config.unknown.append((seen.type, name))
            continue
        shown = tuple(each.strip() for each in seen.to.split(","))
        config.asked.append(Asked(name, element, shown))
        for each in shown:
            wanted = "Image" if element in SHAPES else "Text"
            config.shown.setdefault(each, Shown(wanted, _field(each, observed)))
    return config


def _field(name: str, observed: Observed) -> str:
    """Return the column that an object shows, by its name, else the one with the longest text."""
    plain = name.removeprefix("$")
    if plain in observed.columns or not observed.columns:
        return plain
    return max(observed.columns, key=lambda column: observed.columns[column])


def plan(config: Config, observed: Observed, losses: Losses, path: str) -> Plan:
    """Return the schema of a configuration and of the results that were seen.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``.
    """
    if observed.ties and all(ask.element != "Relations" for ask in config.asked):
        config.asked.append(Asked("relations", "Relations", ()))
    building = _Building(config, observed, losses, path)
    for element, name in config.unknown:
        losses.add(f"{path}: <{element}> {name}".strip(), "tag_unknown", "There is no counterpart of it here.")
    controls = list(building.controls())
    if not controls:
        raise FormatError("no_labels", f"{path} asks nothing that can be asked here: it has no control tag known here.")
    schema = parse_schema({"display": building.displays(), "controls": controls})
    tags = {
        name: Tag(name, element, schema.by_name[control], part)
        for name, (element, control, part) in building.tags.items()
    }
    return Plan(schema, tags, building.nodes, building.added)


@dataclass(slots=True)
class _Building:
    config: Config
    observed: Observed
    losses: Losses
    path: str
    tags: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    nodes: dict[str, dict[Path, str]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    spans: list[str] = field(default_factory=list)

    def displays(self) -> list[dict[str, Any]]:
        """Return what is shown; the two sides of a comparison stand together."""
        pair = next((ask.shown for ask in self.config.asked if ask.element == "Pairwise" and len(ask.shown) == 2), ())
        marked = {ask.shown[0] for ask in self.config.asked if ask.element in SPANS and ask.shown}
        rows: list[dict[str, Any]] = []
        for name, shown in self.config.shown.items():
            title = {"title": label_of(shown.title)} if shown.title else {}
            kind = "text" if name in marked else OBJECTS.get(shown.element, "value")
            if pair and name == pair[0] and pair[1] in self.config.shown:
                rows.append({"type": "pair", "a": shown.field, "b": self.config.shown[pair[1]].field, **title})
            if name not in pair or name in marked:
                rows.append({"type": kind, "field": shown.field, **title})
        if not rows:
            rows = [{"type": "text", "field": self._longest()}]
        return rows

    def _longest(self) -> str:
        columns = self.observed.columns or {"text": 0}
        return max(columns, key=lambda column: columns[column])

    def controls(self) -> Iterator[dict[str, Any]]:
        """Give the controls that have a counterpart; relations last, since they need spans before them."""
        asked = sorted(self.config.asked, key=lambda each: each.element == "Relations")
        merged = self._merged(asked)
        for ask in asked:
            where = f"{self.path}: <{ask.element}> {ask.name}"
            if ask.name in merged:
                continue
            if ask.given.get("perRegion") == "true":
                self.losses.add(where, "per_region", "Questions about one region are not asked here.")
                continue
            if _CONDITIONS & ask.given.keys():
                self.losses.add(where, "condition", "It is always asked here, and not on a condition alone.")
            made = self._control(ask, [other for other in asked if merged.get(other.name) == ask.name], where)
            if made is not None:
                yield made

    def _merged(self, asked: list[Asked]) -> dict[str, str]:
        """Return which tags draw for a control that another one began: ``cells_polygonlabels`` for ``cells``."""
        by_name = {ask.name: ask for ask in asked if ask.element in SHAPES}
        found = {}
        for name, ask in by_name.items():
            first = by_name.get(name.removesuffix(f"_{SHAPES[ask.element]}"))
            if first is not None and first is not ask and _values(first) == _values(ask):
                found[name] = first.name
        return found

    def _control(self, ask: Asked, others: list[Asked], where: str) -> dict[str, Any] | None:
        name = self._free(control_name_of(ask.name))
        row: dict[str, Any] = {"name": name, "required": ask.given.get("required", "").lower() == "true"}
        if ask.title:
            row["title"] = label_of(ask.title)
        more = self._asked(ask, others, name, where)
        if more is None:
            self.taken.discard(name)
            self.tags.pop(ask.name, None)
            return None
        return {**row, **more}

    def _asked(self, ask: Asked, others: list[Asked], name: str, where: str) -> dict[str, Any] | None:
        if ask.element not in SHAPES:
            self.tags[ask.name] = (ask.element, name, "")
        if ask.element == "Choices":
            several = ask.given.get("choice") == "multiple" or self._seen(ask).several
            labels = self._labels(ask, where, least=2)
            return {"type": "choice", "multiple": several, "labels": labels} if labels else None
        if ask.element in SPANS or ask.element in SHAPES:
            return self._regions(ask, others, name, where)
        if ask.element == "Taxonomy":
            return self._tree(ask, where)
        if ask.element == "Relations":
            return self._relations(ask, where)
        if ask.element == "Rating":
            steps = ask.given.get("maxRating", "5")
            return {"type": "rating", "steps": min(10, max(2, int(steps) if steps.isdigit() else 5))}
        if ask.element == "Pairwise":
            return {"type": "preference", "tie": False}
        if ask.element in _FORM_KINDS:
            self.tags[ask.name] = (ask.element, name, ask.name)
            self.added.append(ask.name)
            return {"type": "form", "columns": [{"field": ask.name, "kind": _FORM_KINDS[ask.element]}]}
        return {"type": "text"}

    def _seen(self, ask: Asked) -> Seen:
        return self.observed.results.get(ask.name) or Seen(ask.element.lower(), "")

    def _regions(self, ask: Asked, others: list[Asked], name: str, where: str) -> dict[str, Any] | None:
        shown = self.config.shown.get(ask.shown[0]) if ask.shown else None
        if shown is None or OBJECTS.get(shown.element, "text") != ("image" if ask.element in SHAPES else "text"):
            self.losses.add(where, "tag_unknown", "It marks neither a text nor a picture that is shown.")
            return None
        labels = self._labels(ask, where, others)
        if not labels:
            return None
        if ask.element in SPANS:
            self.spans.append(name)
            return {"type": "spans", "field": shown.field, "labels": labels, "snap": False}
        tools: dict[str, None] = {}
        for each in (ask, *others):
            self.tags[each.name] = (each.element, name, SHAPES[each.element])
            tools.update(dict.fromkeys(self._tools(each)))
        return {"type": "shapes", "field": shown.field, "labels": labels, "tools": list(tools)}

    def _tools(self, ask: Asked) -> list[str]:
        if ask.element != "RectangleLabels":
            return ["polygon" if ask.element == "PolygonLabels" else "point"]
        seen = self._seen(ask)
        return (["box"] if seen.upright or not seen.turned else []) + (["rotated_box"] if seen.turned else [])

    def _labels(
        self, ask: Asked, where: str, others: list[Asked] | None = None, least: int = 1
    ) -> list[dict[str, str]] | None:
        labels = Labels()
        for option in ask.options:
            labels.add(option.value, title=option.title, color=option.color, hotkey=option.hotkey)
            if option.path:
                self.losses.add(f"{where}: {option.value}", "nested", "A choice below a choice stands beside it here.")
        declared = set(labels.rows)
        for each in (ask, *(others or ())):
            for path in self._seen(each).labels:
                value = labels.add(path[-1])
                if declared and value not in declared:
                    declared.add(value)
                    self.losses.add(f"{where}: {value}", "label_undeclared", "It was used and not declared. It is now.")
        if not labels.rows:
            self.losses.add(where, "no_labels", "It has no labels, and nothing was answered. It is not asked.")
            return None
        return labels.to_json(self.losses, where, least=least)

    def _tree(self, ask: Asked, where: str) -> dict[str, Any] | None:
        paths = dict.fromkeys((*option.path, option.value) for option in ask.options)
        titles = {(*option.path, option.value): option.title for option in ask.options}
        for path in self._seen(ask).labels:
            paths.update(dict.fromkeys(path[: end + 1] for end in range(len(path))))
        nodes = self.nodes.setdefault(ask.name, {})
        taken: set[str] = set()
        rows = []
        for path in sorted(paths, key=len):
            value = label_of(path[-1])
            if value in taken:
                value = " / ".join(path)[-LONGEST_VALUE:]
                self.losses.add(f"{where}: {value}", "node_renamed", f"{path[-1]!r} stands there twice.")
            taken.add(value)
            nodes[path] = value
            rows.append({"value": value, "parent": nodes.get(path[:-1], ""), "title": label_of(titles.get(path, ""))})
        if len(rows) < 2:
            self.losses.add(where, "no_labels", "A taxonomy needs two nodes. It is not asked.")
            return None
        several = ask.given.get("maxUsages") != "1"
        leaves = ask.given.get("leafsOnly") == "true"
        return {"type": "taxonomy", "multiple": several, "leaves_only": leaves, "labels": rows}

    def _relations(self, ask: Asked, where: str) -> dict[str, Any] | None:
        if not self.spans:
            self.losses.add(where, "tag_unknown", "Relations tie spans of texts here, and none are asked.")
            return None
        declared = [Option(label) for label in self.observed.ties]
        options = [*ask.options, *declared] or [Option("related")]
        labels = Labels()
        for option in options:
            labels.add(option.value, title=option.title, color=option.color)
        return {"type": "relations", "spans": self.spans[0], "labels": labels.to_json(self.losses, where)}

    def _free(self, name: str) -> str:
        number, free = 2, name
        while free in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free)
        return free


def _values(ask: Asked) -> list[str]:
    return [option.value for option in ask.options]


def merged(configs: Mapping[str, Config]) -> Config:
    """Return several configurations as one: what has one name is one question, with the labels of all."""
    whole = Config()
    by_name: dict[str, Asked] = {}
    for config in configs.values():
        for name, shown in config.shown.items():
            whole.shown.setdefault(name, shown)
        whole.unknown += [each for each in config.unknown if each not in whole.unknown]
        for ask in config.asked:
            first = by_name.setdefault(ask.name, ask)
            if first is ask:
                whole.asked.append(ask)
            else:
                known = {(option.path, option.value) for option in first.options}
                first.options += [option for option in ask.options if (option.path, option.value) not in known]
    return whole
