"""Reads Label Studio's exports: JSON with all answers, and JSON_MIN, with or without the XML of the project."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from curation.engine.pictures.decode import PictureError
from curation.engine.readers.arrow_columns import as_json
from labeling.engine.controls.spans import Spans
from labeling.engine.formats.files import Files
from labeling.engine.formats.label_studio_min import as_tasks, is_min
from labeling.engine.formats.label_studio_schema import (
    SHAPES,
    Observed,
    Plan,
    Seen,
    inferred,
    merged,
    plan,
)
from labeling.engine.formats.marking import Answering, Counting, label_of, tell_of_units
from labeling.engine.formats.record import Answer, FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, first_rows, json_rows, plain
from labeling.engine.label_studio.config import Config, ConfigError, read_config
from labeling.engine.label_studio.results import read_parts
from labeling.engine.label_studio.tags import control_tags, labeling_config
from labeling.engine.schema import SchemaError, parse_schema

CONFIG, SCHEMA = "labeling_config.xml", "schema.json"
# Where we keep in a task's ``meta`` what Label Studio has no member for.
OURS = "assay"
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
_KEYS = frozenset({"annotations", "predictions", "completions", "drafts"})
# Members of annotations that hold people's work beside the answer.
_BESIDE = {"reviews": "reviews", "history": "earlier states", "comments": "comments"}
_SAID_WITHOUT_WORDS = "related"


def recognize(files: Files) -> bool:
    """Tell whether there are JSON files of tasks, in either form."""
    return any(_kind(files, path) == "tasks" for path in files.named(".json"))


def recognize_min(files: Files) -> bool:
    """Tell whether there are JSON files of the short form."""
    return any(_kind(files, path) == "min" for path in files.named(".json"))


def _kind(files: Files, path: str) -> str:
    rows = first_rows(files, path)
    if any(is_min(row) for row in rows):
        return "min"
    tasks = [row for row in rows if isinstance(row.get("data"), Mapping)]
    known = any(_KEYS & row.keys() for row in tasks) or (tasks and bool(_configs(files)))
    return "tasks" if known else ""


def _configs(files: Files) -> list[str]:
    return [path for path in files.named(".xml") if b"<View" in files.head(path, 1 << 16)]


def read(files: Files, losses: Losses) -> Reading:
    """Read tasks with everybody's answers and predictions, and the pictures that they name.

    What is asked comes from the XML, else from the answers themselves. Labels that were used and not declared are asked
    too. An answer that was cancelled is a skipped one, and one that is ground truth is what counts.

    Raises:
        FormatError: ``config_broken``, ``json_broken``, ``no_labels``, ``too_many_labels``, ``no_pictures``.
    """
    paths = [path for path in files.named(".json") if _kind(files, path)]
    configs = {path: _config(files, path) for path in _configs(files)}
    config = merged(configs) if configs else None
    give = partial(_tasks, files, paths, config)
    observed, counting = Observed(), Counting("utf16")
    for _where, task in give(Losses()):
        _observe(observed, task)
    planned = _own_plan(files) or plan(config or inferred(observed), observed, losses, next(iter(configs), paths[0]))
    if planned.schema.picture and not files.pictures:
        raise FormatError(
            "no_pictures",
            f"{paths[0]} names pictures, and none came with it. Pack the pictures and the JSON into one zip.",
        )
    for _where, task in give(Losses()):
        _see_offsets(counting, planned, task)

    def records() -> Iterator[Record]:
        reading = _Tasks(files, planned, counting, losses)
        for where, task in give(losses):
            record = reading.record(where, task)
            if record is not None:
                yield record

    return Reading(planned.schema.to_json(), records)


def _config(files: Files, path: str) -> Config:
    try:
        return read_config(files.text(path))
    except ConfigError as error:
        raise FormatError("config_broken", f"{path} {error}") from None


def _own_plan(files: Files) -> Plan | None:
    """Return the plan of what we wrote ourselves: the schema beside the XML, if the XML is still the one it makes."""
    paths = {PurePosixPath(path).name: path for path in files.paths}
    if not {CONFIG, SCHEMA} <= paths.keys():
        return None
    try:
        schema = parse_schema(orjson.loads(files.bytes(paths[SCHEMA])))
    except (orjson.JSONDecodeError, SchemaError):
        return None
    if labeling_config(schema).split() != files.text(paths[CONFIG]).split():
        return None
    return Plan(schema, {tag.name: tag for tag in control_tags(schema)})


def _tasks(files: Files, paths: list[str], config: Config | None, losses: Losses) -> Iterator[tuple[str, Row]]:
    elements = {ask.name: ask.element for ask in config.asked} if config is not None else None
    for path in paths:
        rows = json_rows(files, path, losses)
        if _kind(files, path) == "min":
            yield from as_tasks(rows, elements)
            continue
        for where, row in rows:
            if isinstance(row.get("data"), Mapping):
                yield where, row
            else:
                losses.add(where, "task_broken", "It has no “data” with named values and is left out.")


def _results(task: Row) -> Iterator[Mapping[str, Any]]:
    for key in ("annotations", "completions", "predictions"):
        rows = task.get(key)
        for given in rows if isinstance(rows, list) else ():
            result = given.get("result") if isinstance(given, Mapping) else None
            yield from (row for row in (result if isinstance(result, list) else ()) if isinstance(row, Mapping))


def _observe(observed: Observed, task: Row) -> None:
    for name, value in task["data"].items():
        length = len(value) if isinstance(value, str) else 0
        observed.columns[name] = max(observed.columns.get(name, 0), length)
    for row in _results(task):
        kind = str(row.get("type"))
        if kind == "relation":
            labels = row.get("labels") or [_SAID_WITHOUT_WORDS]
            observed.ties.update(dict.fromkeys(map(label_of, labels if isinstance(labels, list) else [labels])))
            continue
        value = row.get("value")
        if not isinstance(value, Mapping) or not isinstance(row.get("from_name"), str):
            continue
        seen = observed.results.setdefault(row["from_name"], Seen(kind, str(row.get("to_name", ""))))
        said = value.get(kind) or value.get("labels")
        rows = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        paths = [tuple(map(str, each)) if isinstance(each, list) else (str(each),) for each in rows if each]
        seen.labels.update(dict.fromkeys(paths))
        seen.several |= kind == "choices" and len(paths) > 1
        turned = bool(value.get("rotation"))
        seen.turned |= turned
        seen.upright |= not turned


def _see_offsets(counting: Counting, planned: Plan, task: Row) -> None:
    for row in _results(task):
        tag, value = planned.tags.get(str(row.get("from_name"))), row.get("value")
        if tag is not None and isinstance(tag.control, Spans) and isinstance(value, Mapping):
            text = task["data"].get(tag.control.field)
            if isinstance(text, str):
                counting.see(text, value.get("start"), value.get("end"), value.get("text"))


@dataclass(slots=True)
class _Tasks:
    """Makes records of tasks, one after the other."""

    files: Files
    plan: Plan
    counting: Counting
    losses: Losses
    answering: Answering = field(init=False)
    # Digests of the tasks so far, by id: two exports may have been packed together.
    known: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.answering = Answering(self.plan.schema, self.losses)

    def record(self, where: str, task: Row) -> Record | None:
        """Return a task as a record; None where its picture is missing or it stands there twice."""
        key = (str(task.get("id", where)), hash(json.dumps(task, sort_keys=True)))
        if key in self.known:
            self.losses.add(where, "task_double", f"Task {key[0]} stands there twice, word for word. It is kept once.")
            return None
        self.known.add(key)
        own = task.get("meta", {}).get(OURS, {}) if isinstance(task.get("meta"), Mapping) else {}
        own = own if isinstance(own, Mapping) else {}
        record = Record(str(own.get("name", task.get("id", where))), self._fields(task["data"], where))
        field_ = self.plan.schema.picture
        if field_ and not self._picture(record, task["data"].get(field_), where):
            return None
        data = record.fields
        if field_:
            data = {**data, f"{field_}_width": record.size[0], f"{field_}_height": record.size[1], field_: ""}
        self._tell_of_others(task, own, where)
        decided = own.get("decided") is True
        for key_ in ("annotations", "completions"):
            for number, given in enumerate(_listed(task, key_)):
                self._annotation(record, given, data, f"{where}: annotation {number + 1}", decided)
        for number, given in enumerate(_listed(task, "predictions")):
            self._prediction(record, given, data, f"{where}: prediction {number + 1}")
        return record

    def _fields(self, data: Mapping[str, Any], where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in data.items():
            if name == self.plan.schema.picture:
                continue
            found[str(name)] = value if plain(value) else as_json(value)
            if not plain(value) and f"nested {name}" not in self.losses.said:
                self.losses.said.add(f"nested {name}")
                self.losses.add(f"{where}: {name}", "nested_value", "Its lists and objects are texts of JSON here.")
        for name in self.plan.added:
            found.setdefault(name, None)
        return found

    def _picture(self, record: Record, named: Any, where: str) -> bool:
        wanted = _picture_name(named) if isinstance(named, str) else ""
        picture = self.files.picture(wanted) or self.files.picture(_UPLOADED.sub("", PurePosixPath(wanted).name))
        if not picture:
            self.losses.add(
                where, "picture_missing", f"No picture {wanted[:100]!r} came, or several did; the task is left out."
            )
            return False
        try:
            record.size, orientation = self.files.size(picture)
        except PictureError as error:
            self.losses.add(picture, error.code, error.message)
            return False
        del orientation
        record.picture = picture
        return True

    def _tell_of_others(self, task: Row, own: Mapping[str, Any], where: str) -> None:
        if _listed(task, "drafts"):
            self.losses.add(where, "draft", f"{len(task['drafts'])} drafts that nobody sent are left out.")
        if task.get("meta") and not own:
            self.losses.add(where, "meta", "Its “meta” is left out.")

    def _annotation(self, record: Record, given: Any, data: Mapping[str, Any], where: str, decided: bool) -> None:
        if not isinstance(given, Mapping):
            self.losses.add(where, "annotation_broken", "It is no object and is left out.")
            return
        for name, words in _BESIDE.items():
            if given.get(name):
                self.losses.add(where, "beside", f"Its {words} are left out.")
        by, at = _person(given.get("completed_by")), str(given.get("created_at") or "")
        seconds = _seconds(given.get("lead_time"))
        if given.get("was_cancelled") or given.get("skipped"):
            if given.get("result"):
                self.losses.add(where, "skipped_result", "It was skipped. What had been answered before is left out.")
            record.answers.append(Said({}, by, at, skipped=True, seconds=seconds))
            return
        answer, _confidence = self._answer(given, record, data, where)
        truth = given.get("ground_truth") is True
        if truth:
            record.final = answer
        if not (truth and decided and "completed_by" not in given):
            record.answers.append(Said(answer, by, at, seconds=seconds))

    def _prediction(self, record: Record, given: Any, data: Mapping[str, Any], where: str) -> None:
        if not isinstance(given, Mapping):
            self.losses.add(where, "annotation_broken", "It is no object and is left out.")
            return
        answer, confidence = self._answer(given, record, data, where)
        score = given.get("score")
        if isinstance(score, int | float) and not isinstance(score, bool):
            confidence = min(1.0, max(0.0, float(score)))
            if confidence != score:
                self.losses.add(where, "score_cut", f"Its score {score:g} is no share of 1. It is {confidence:g}.")
        at = str(given.get("created_at") or "")
        record.predictions.append(Said(answer, str(given.get("model_version") or ""), at, confidence=confidence))

    def _answer(
        self, given: Mapping[str, Any], record: Record, data: Mapping[str, Any], where: str
    ) -> tuple[Answer, float | None]:
        rows = given.get("result")
        rows = [self._prepared(row, data, where) for row in (rows if isinstance(rows, list) else [])]
        read_ = read_parts(
            self.plan.schema,
            [row for row in rows if row is not None],
            data,
            self.plan.tags,
            lambda reason: self.losses.add(where, "result_refused", reason),
        )
        return self.answering.fit(read_.answer, data, where, record.size), read_.confidence

    def _prepared(self, row: Any, data: Mapping[str, Any], where: str) -> Any:
        """Return a result with our labels and offsets; None for one that is left out."""
        if not isinstance(row, Mapping):
            return row
        if row.get("type") == "relation":
            return self._relation(row, where)
        tag, value = self.plan.tags.get(str(row.get("from_name"))), row.get("value")
        if tag is None or not isinstance(value, Mapping):
            return row
        value = dict(value)
        if isinstance(row.get("meta"), Mapping) and row["meta"].get("text"):
            self.losses.add(where, "region_note", "What was noted about a region is left out.")
        if tag.element in SHAPES and row.get("image_rotation"):
            self.losses.add(where, "rotation", "A shape was drawn on a picture that had been turned. It is left out.")
            return None
        if isinstance(tag.control, Spans):
            value["labels"] = value.get(str(row.get("type")), value.get("labels"))
            if not self._place(value, data.get(tag.control.field), where):
                return None
        nodes = self.plan.nodes.get(tag.name)
        for key in ("choices", "labels", *SHAPES.values()):
            if isinstance(value.get(key), list):
                value[key] = [label_of(each) for each in value[key]]
        if nodes and isinstance(value.get("taxonomy"), list):
            paths = value["taxonomy"]
            paths = [paths] if paths and isinstance(paths[0], str) else paths
            value["taxonomy"] = [[nodes[path]] for path in (tuple(map(str, each)) for each in paths) if path in nodes]
        return {**row, "value": value}

    def _relation(self, row: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        labels = row.get("labels") or [_SAID_WITHOUT_WORDS]
        if row.get("direction") == "bi":
            self.losses.add(where, "direction", "A relation that goes both ways goes from its first end here.")
        return {**row, "labels": [label_of(each) for each in (labels if isinstance(labels, list) else [labels])]}

    def _place(self, value: dict[str, Any], text: Any, where: str) -> bool:
        offsets = value.get("globalOffsets")
        source = offsets if isinstance(offsets, Mapping) else value
        start, end, quote = source.get("start"), source.get("end"), value.pop("text", None)
        if not isinstance(text, str) or not isinstance(start, int) or not isinstance(end, int):
            self.losses.add(where, "span_broken", "A span has no offsets into a text, and is left out.")
            return False
        placed = self.counting.place(text, start, end, quote)
        if placed is None:
            self.losses.add(
                f"{where}: span {start} to {end}", "quote_differs", f"There the text does not read {str(quote)[:60]!r}."
            )
            return False
        value["start"], value["end"], unit = placed
        tell_of_units(unit if not text.isascii() and (start, end) != placed[:2] else "points", self.losses, "offsets")
        return True


def _listed(task: Row, name: str) -> list[Any]:
    rows = task.get(name)
    return rows if isinstance(rows, list) else []


def _person(completed_by: Any) -> str:
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or completed_by.get("username") or completed_by.get("id") or "")
    return "" if completed_by is None else str(completed_by)


def _seconds(lead_time: Any) -> float:
    """Return how long an annotation took; 0 where that is not known."""
    known = isinstance(lead_time, int | float) and not isinstance(lead_time, bool) and math.isfinite(lead_time)
    return max(0.0, float(lead_time)) if known else 0.0


def _picture_name(address: str) -> str:
    """Return the path that an address of a picture names: of an upload, of local storage, of a bucket, of a site."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    return local[0] if local else unquote(parts.path) if parts.scheme else unquote(address.split("?", 1)[0])
