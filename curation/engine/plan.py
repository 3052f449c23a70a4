"""Plans: ordered steps, read from JSON or YAML, and run over a version."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any, Self, get_args, get_origin

import yaml

from curation.engine.manifest import VersionManifest
from curation.engine.plain_yaml import load_yaml
from curation.engine.run import RunReport, StepReport, run_plan
from curation.engine.step_failure import ON_ERROR
from curation.engine.steps.base import Step
from curation.engine.steps.table import STEPS

__all__ = ["Plan", "PlanError", "RunReport", "StepReport", "default_plan", "run_plan"]

STEP_LIMIT = 100
# Of 55 + 11 texts that the demo's two sets lose by it, all say the same as one that stays: docs/decisions/0008.
DEFAULT_NEAR = 0.9
# Kinds of parameters: what one is called, and what several are.
SHAPES: dict[Any, tuple[str, str]] = {
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
}


# What every set of pictures is looked at for; all of these find and drop nothing.
IMAGE_CHECKS = (
    "image_size", "image_aspect", "image_blur", "image_dark", "image_bright", "image_information", "image_uniform",
    "image_mode", "image_oddities",
)  # fmt: skip


class PlanError(ValueError):
    """A plan that cannot be read; the sentence names step and parameter.

    Attributes:
        step: Number of the step, from 1; None when it is about the whole.
        param: Name of the parameter, if it is about one.
    """

    def __init__(self, message: str, *, step: int | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.step, self.param = step, param


@dataclass(frozen=True, slots=True)
class Plan:
    """An ordered list of configured steps.

    Attributes:
        steps: In the order in which they run.
        on_error: What becomes of a run when a step raises on an item: ``stop``, or ``find`` to go on with the item as
            it was and list it as a finding.
    """

    steps: tuple[Step, ...]
    on_error: str = "stop"

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain lists and dicts."""
        steps = {"steps": [{"name": step.name, "params": _plain(step.params())} for step in self.steps]}
        return steps if self.on_error == "stop" else {**steps, "on_error": self.on_error}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a plan.

        Raises:
            PlanError: What is wrong, in which step, and what would be right.
        """
        if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
            raise PlanError('A plan reads {"steps": [{"name": "…", "params": {…}}, …]}.')
        if len(data["steps"]) > STEP_LIMIT:
            raise PlanError(f"A plan has at most {STEP_LIMIT} steps; this one has {len(data['steps'])}.")
        on_error = data.get("on_error", "stop")
        if on_error not in ON_ERROR:
            raise PlanError(f"on_error is {on_error!r}; choose one of {', '.join(ON_ERROR)}.", param="on_error")
        steps = [(_step(number, entry), entry) for number, entry in enumerate(data["steps"], 1)]
        # A step that is switched off stays in a kept plan and must be right, but is not run.
        return cls(tuple(step for step, entry in steps if entry.get("enabled", True)), on_error)

    def to_yaml(self) -> str:
        """Return the plan as YAML."""
        return yaml.safe_dump(self.to_json(), allow_unicode=True, sort_keys=False)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Read a plan from YAML.

        Raises:
            PlanError: It is no YAML, or no plan.
        """
        try:
            return cls.from_json(load_yaml(text))
        except yaml.YAMLError as error:
            raise PlanError(f"This is no YAML: {error}") from None

    def fingerprint(self) -> str:
        """Return a hash of every step's name, version and parameters, and of what becomes of failures."""
        told = [step.fingerprint() for step in self.steps]
        if self.on_error != "stop":
            told.append(f"on_error {self.on_error}")
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples, as JSON and YAML have them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def _step(number: int, entry: Any) -> Step:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise PlanError(f'Step {number} has no name. A step reads {{"name": "…", "params": {{…}}}}.', step=number)
    name, params = entry["name"], entry.get("params") or {}
    where = f"Step {number} ({name})"
    if not isinstance(entry.get("enabled", True), bool):
        raise PlanError(f"{where}: enabled is true or false.", step=number)
    if name not in STEPS:
        raise PlanError(f"Step {number}: there is no step {name}. The steps are {', '.join(STEPS)}.", step=number)
    if not isinstance(params, dict):
        raise PlanError(f"{where}: params is an object of names and values.", step=number)
    kinds = {field.name: field.type for field in fields(STEPS[name])}
    unknown = sorted(set(params) - set(kinds))
    if unknown:
        named = ", ".join(kinds) or "none"
        raise PlanError(f"{where} has no parameter {unknown[0]}. It has {named}.", step=number, param=str(unknown[0]))
    values = {}
    for key, value in params.items():
        try:
            values[key] = _value(f"{where}, {key}", kinds[key], value)
        except PlanError as error:
            raise PlanError(str(error), step=number, param=key) from None
    try:
        return STEPS[name](**values)
    except ValueError as error:
        about = str(error).split(maxsplit=1)[0] if str(error) else ""
        raise PlanError(f"{where}: {error}.", step=number, param=about if about in kinds else None) from None


def _value(where: str, kind: Any, value: Any) -> Any:
    """Return a value as a parameter of this kind holds it: bool, int, float, str, tuple[kind, ...], dict[str, kind]."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in SHAPES and type(value) is kind:
        return value
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        inner = get_args(kind)[0]
        return tuple(_value(f"{where}, entry {number}", inner, entry) for number, entry in enumerate(value, 1))
    if get_origin(kind) is dict and isinstance(value, dict):
        inner = get_args(kind)[1]
        return {str(key): _value(f"{where}, {key}", inner, entry) for key, entry in value.items()}
    shown = json.dumps(value, ensure_ascii=False, default=str)[:80]
    raise PlanError(f"{where} is {shown}; it must be {_shape(kind)}.")


def _shape(kind: Any) -> str:
    """Return what a parameter of a kind looks like, for a sentence."""
    if kind in SHAPES:
        return SHAPES[kind][0]
    inner = get_args(kind)[0 if get_origin(kind) is tuple else 1]
    name = (
        SHAPES[inner][1]
        if inner in SHAPES
        else _shape(inner).replace("a list", "lists").replace("an object", "objects")
    )
    return f"a list of {name}" if get_origin(kind) is tuple else f"an object of {name}"


def default_plan(manifest: VersionManifest) -> Plan:
    """Return the plan that suits a version's columns.

    Text is normalized and rows without it dropped. With a label column, values that mean no label go, spellings of one
    label that differ in case or blanks alone are mapped to the most frequent, and equal texts with different labels
    become findings. Duplicates go last, so that a conflict is seen before one side of it is dropped; so do
    near-duplicates of texts at a threshold at which short texts differ in punctuation alone (docs/decisions/0008).
    Pictures are looked at for all that the filters of pictures find; none is dropped but for its duplicates.
    """
    steps: list[Step] = []
    if "text" in manifest.roles:
        steps += [STEPS["normalize_text"](), STEPS["drop_empty_text"]()]
    if "label" in manifest.roles:
        mapping = spellings(manifest.stats.get("labels", []))
        steps += [STEPS["drop_invalid_label"](), STEPS["map_labels"](mapping=mapping)]  # type: ignore[call-arg]
        if "text" in manifest.roles:
            steps.append(STEPS["conflicting_labels"]())
    if "image" in manifest.roles:
        # A text beside pictures is a caption: equal pictures with different captions are no duplicates.
        same = tuple(manifest.roles[role] for role in ("image", "text") if role in manifest.roles)
        steps.append(STEPS["exact_duplicates"](columns=same))  # type: ignore[call-arg]
        steps += [STEPS[name]() for name in IMAGE_CHECKS]
    elif "text" in manifest.roles:
        labeled = "label" in manifest.roles
        keep = {"keep": "labeled_first", "find_conflicts": True} if labeled else {}
        near = STEPS["near_duplicates"](threshold=DEFAULT_NEAR, **keep)  # type: ignore[call-arg]
        steps += [STEPS["exact_duplicates"](), near]
    return Plan(tuple(steps))


def spellings(labels: list[list[Any]]) -> dict[str, str]:
    """Map each spelling of a label to the most frequent one that differs from it in case or blanks alone."""
    counts: Counter[str] = Counter({str(label): int(rows) for label, rows in labels})
    best: dict[str, str] = {}
    for label, _rows in counts.most_common():
        best.setdefault(" ".join(label.casefold().split()), label.strip())
    found = {label.strip(): best[" ".join(label.casefold().split())] for label in counts}
    return {label: name for label, name in sorted(found.items()) if label != name}
