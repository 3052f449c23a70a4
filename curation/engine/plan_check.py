"""Plans on their way through a form: every mistake by step and parameter, and the same plan as JSON and as YAML."""

import re
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Literal, get_args, get_origin

import yaml

from curation.engine.plain_yaml import load_yaml
from curation.engine.plan import STEP_LIMIT, Plan, PlanError
from curation.engine.step_failure import ON_ERROR
from curation.engine.steps.base import Step
from curation.engine.steps.table import STEPS

LONGEST_YAML = 200_000
_PREFIX = re.compile(r"^Step \d+(?: \([^)]*\))?(?:, \w+)?[,:]? ")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a plan.

    Attributes:
        step: Number of the step, from 1; None when it is about the whole.
        param: Name of the parameter, if it is about one.
        message: A sentence.
    """

    step: int | None
    param: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan with everything that is wrong with it.

    Attributes:
        plan: As JSON: each right step with all its parameters, each wrong one as it was given.
        mistakes: None when the plan can run.
    """

    plan: dict[str, Any]
    mistakes: tuple[Mistake, ...]

    def to_yaml(self) -> str:
        """Return the plan as YAML."""
        return yaml.safe_dump(self.plan, allow_unicode=True, sort_keys=False)


def check_plan(data: Any) -> CheckedPlan:
    """Check every step and every parameter of a plan given as JSON."""
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list) or len(data["steps"]) > STEP_LIMIT:
        try:
            Plan.from_json(data)
        except PlanError as error:
            return CheckedPlan({"steps": []}, (Mistake(None, None, str(error)),))
    steps: list[dict[str, Any]] = []
    mistakes: list[Mistake] = []
    on_error = data.get("on_error", "stop")
    if on_error not in ON_ERROR:
        mistakes.append(Mistake(None, "on_error", f"on_error is {on_error!r}; choose one of {', '.join(ON_ERROR)}."))
    for number, entry in enumerate(data["steps"], 1):
        found = _mistakes(number, entry)
        mistakes += found
        steps.append(_as_given(entry) if found else _whole(entry))
    kept = {"steps": steps} if on_error == "stop" else {"steps": steps, "on_error": on_error}
    return CheckedPlan(kept, tuple(mistakes))


def check_yaml(text: str) -> CheckedPlan:
    """Check a plan given as YAML of at most 200,000 characters."""
    if len(text) > LONGEST_YAML:
        return CheckedPlan({"steps": []}, (Mistake(None, None, "A plan has at most 200,000 characters."),))
    try:
        return check_plan(load_yaml(text))
    except yaml.YAMLError as error:
        return CheckedPlan({"steps": []}, (Mistake(None, None, f"This is no YAML: {str(error)[:300]}"),))


def _whole(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a right step with all its parameters; that it is switched off stays."""
    on = {**entry, "enabled": True}
    step: dict[str, Any] = Plan.from_json({"steps": [on]}).to_json()["steps"][0]
    return step if entry.get("enabled", True) else {**step, "enabled": False}


def _as_given(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {"name": "", "params": {}}
    params = entry.get("params")
    kept = {str(name): value for name, value in params.items()} if isinstance(params, dict) else {}
    step = {"name": str(entry.get("name") or ""), "params": kept}
    return step if entry.get("enabled", True) else {**step, "enabled": False}


def _mistakes(number: int, entry: Any) -> list[Mistake]:
    """Return all mistakes of one step: each parameter is tried alone, then all together."""
    params = entry.get("params") if isinstance(entry, dict) else None
    tries = []
    if isinstance(params, dict):
        tries = [{**entry, "params": {name: value}} for name, value in params.items()]
    found: dict[str | None, Mistake] = {}
    for attempt in [*tries, entry]:
        try:
            Plan.from_json({"steps": [attempt]})
        except PlanError as error:
            alone = next(iter(attempt["params"]), None) if attempt is not entry else error.param
            name = error.param or (alone if error.step and attempt is not entry and _known(entry) else None)
            found.setdefault(name, Mistake(number, name, _PREFIX.sub("", str(error), count=1)))
    if any(name is not None for name in found):
        # What all together complain about is then a parameter again.
        found.pop(None, None)
    return list(found.values())


def _known(entry: Any) -> bool:
    return entry.get("name") in STEPS and isinstance(entry.get("params"), dict)


def parameters(step: type[Step]) -> list[dict[str, Any]]:
    """Describe the parameters of a step for a form: name, kind, default and choices.

    Kinds are ``bool``, ``int``, ``float``, ``text``, ``choice``, ``lines`` (a list of texts), ``pairs`` (an object of
    texts) and ``yaml`` for anything else.
    """
    return [_parameter(step, entry) for entry in fields(step)]


def _parameter(step: type[Step], entry: Field[Any]) -> dict[str, Any]:
    choices = step.choices.get(entry.name) or (get_args(entry.type) if get_origin(entry.type) is Literal else ())
    kinds = {bool: "bool", int: "int", float: "float", str: "text", tuple[str, ...]: "lines", dict[str, str]: "pairs"}
    kind = "choice" if choices else kinds.get(entry.type, "yaml")  # type: ignore[arg-type]
    default = entry.default if entry.default is not MISSING else None
    if entry.default_factory is not MISSING:
        default = entry.default_factory()
    default = list(default) if isinstance(default, tuple) else default
    return {"name": entry.name, "kind": kind, "default": default, "choices": list(choices)}
