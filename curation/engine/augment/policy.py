"""Policies: which augmentations make a copy, how strongly and how often, read from YAML with the line of each mistake.

version: 1
copies: 2
seed: 7
steps:
- use: keyboard
  share: 0.1
  chance: 0.5
- use: delete_words
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import yaml

from curation.engine.augment.pictures.table import PICTURES
from curation.engine.augment.settings import CHANCE, Augmentation, Setting
from curation.engine.augment.texts.table import TEXTS
from curation.engine.plain_yaml import PlainLoader, load_nodes

VERSION = 1
LONGEST = 100_000
MOST_STEPS = 50
COPIES = Setting("copies", 1, "Copies of each item.", 1, 20)
SEED = Setting("seed", 0, "Another seed gives other copies.", 0, 2**32 - 1)
TEXT, PICTURE = "text", "picture"
_KEYS = ("version", "copies", "seed", "steps")


class PolicyError(ValueError):
    """What is wrong with a policy, where, and what would be right.

    Attributes:
        line: Line of the text, from 1; 0 when it is about the whole.
        step: Number of the step, from 1; 0 when it is about none.
        name: Of the setting, when it is about one.
    """

    def __init__(self, message: str, *, line: int = 0, step: int = 0, name: str = "") -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line, self.step, self.name = line, step, name


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One augmentation with its settings.

    Attributes:
        use: The row in `texts.table.TEXTS` or `pictures.table.PICTURES`.
        chance: How often it is applied to a copy, 0 to 1.
        settings: All settings of the row, those that were not said too.
    """

    use: str
    chance: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the step as a policy says it."""
        return {"use": self.use, "chance": self.chance, **self.settings}


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered list of augmentations of texts, or of pictures.

    Attributes:
        steps: In the order in which they change a copy.
        copies: How many copies of each item are made, 1 to 20.
        seed: Another seed gives other copies.
    """

    steps: tuple[PolicyStep, ...]
    copies: int = 1
    seed: int = 0

    @property
    def kind(self) -> str:
        """``text`` or ``picture``."""
        return TEXT if self.steps[0].use in TEXTS else PICTURE

    def to_json(self) -> dict[str, Any]:
        """Return the policy as plain lists and dicts, with every setting said."""
        steps = [step.to_json() for step in self.steps]
        return {"version": VERSION, "copies": self.copies, "seed": self.seed, "steps": steps}

    def to_yaml(self) -> str:
        """Return the policy as YAML."""
        return yaml.safe_dump(self.to_json(), allow_unicode=True, sort_keys=False)

    def fingerprint(self) -> str:
        """Return a hash of all that decides what the copies are."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def rows() -> dict[str, type[Augmentation]]:
    """Return every augmentation by its name: those of texts, then those of pictures."""
    return {**TEXTS, **PICTURES}


def offered() -> list[dict[str, Any]]:
    """Describe all augmentations, for pages and the command line: kind, name, meaning, tasks, settings."""
    return [
        {
            "kind": TEXT if name in TEXTS else PICTURE,
            "name": name,
            "what": row.what,
            "tasks": list(row.tasks),
            "settings": [setting.to_json() for setting in (CHANCE, *row.settings)],
            "missing": row.missing(),
        }
        for name, row in rows().items()
    ]


def policy_of(data: Mapping[str, Any]) -> Policy:
    """Read a policy from plain values, as `Policy.to_json` gives them.

    Raises:
        PolicyError: What is wrong, and where.
    """
    return read_policy(json.dumps(data))


def read_policy(text: str) -> Policy:
    """Read a policy from YAML of at most 100,000 characters.

    Raises:
        PolicyError: The line, the step, the setting, what is wrong and what would be right.
    """
    if len(text) > LONGEST:
        raise PolicyError(f"A policy has at most {LONGEST:,} characters; this one has {len(text):,}.")
    try:
        node, loader = load_nodes(text)
    except yaml.YAMLError as error:
        raise PolicyError(f"This is no YAML: {str(error)[:300]}") from None
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError(f"A policy has the keys {', '.join(_KEYS)}; this one has none of them.")
    return _Reading(loader).policy(node)


class _Reading:
    """Reads nodes of YAML, with the line of each for the sentences."""

    def __init__(self, loader: PlainLoader) -> None:
        self._loader = loader

    def policy(self, node: yaml.MappingNode) -> Policy:
        given = self._pairs(node, "The policy")
        for name, (key, _value) in given.items():
            if name not in _KEYS:
                raise PolicyError(f"A policy has no {name}. It has {', '.join(_KEYS)}.", line=_line(key), name=name)
        said = self._value(given["version"][1]) if "version" in given else None
        if said != VERSION:
            line = _line(given["version"][1]) if "version" in given else 0
            raise PolicyError(f"version is {said!r}; say version: {VERSION}.", line=line, name="version")
        numbers = {
            setting.name: self._setting(setting, given[setting.name][1], "")
            for setting in (COPIES, SEED)
            if setting.name in given
        }
        if "steps" not in given:
            raise PolicyError("The policy has no steps. Say steps: with a list of {use: NAME} below it.")
        return Policy(self._steps(given["steps"][1]), **numbers)

    def _steps(self, node: yaml.Node) -> tuple[PolicyStep, ...]:
        if not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= MOST_STEPS:
            raise PolicyError(f"steps is a list of 1 to {MOST_STEPS} steps, each {{use: NAME}}.", line=_line(node))
        steps = tuple(self._step(number, each) for number, each in enumerate(node.value, 1))
        for number, step in enumerate(steps, 1):
            if (step.use in TEXTS) != (steps[0].use in TEXTS):
                both = f"{steps[0].use} changes {_things(steps[0].use)} and {step.use} changes {_things(step.use)}"
                line = _line(node.value[number - 1])
                raise PolicyError(f"Step {number}: {both}. Make a policy for each.", line=line, step=number)
        return steps

    def _step(self, number: int, node: yaml.Node) -> PolicyStep:
        if not isinstance(node, yaml.MappingNode):
            raise PolicyError(f"Step {number} reads {{use: NAME, …}}.", line=_line(node), step=number)
        given = self._pairs(node, f"Step {number}")
        known = rows()
        use = self._value(given["use"][1]) if "use" in given else None
        if use not in known:
            said = "has no use" if use is None else f"uses {use!r}, which there is not"
            line = _line(given["use"][1]) if "use" in given else _line(node)
            names = ", ".join(known)
            raise PolicyError(f"Step {number} {said}. Choose one of {names}.", line=line, step=number, name="use")
        row, where = known[use], f"Step {number} ({use})"
        missing = row.missing()
        if missing:
            raise PolicyError(f"{where}: {missing}", line=_line(given["use"][1]), step=number, name="use")
        settings = {setting.name: setting for setting in (CHANCE, *row.settings)}
        for name, (key, _value) in given.items():
            if name not in settings and name != "use":
                said = f"{where} has no setting {name}. It has {', '.join(settings)}."
                raise PolicyError(said, line=_line(key), step=number, name=name)
        values: dict[str, Any] = {
            name: self._setting(setting, given[name][1], where, number) if name in given else setting.default
            for name, setting in settings.items()
        }
        return PolicyStep(use, values.pop("chance"), values)

    def _setting(self, setting: Setting, node: yaml.Node, where: str, number: int = 0) -> Any:
        value = self._value(node)
        if not setting.takes(value):
            shown = json.dumps(value, ensure_ascii=False, default=str)[:80]
            said = f"{setting.name} is {shown}; it must be {setting.range}."
            whole = f"{where}: {said}" if where else said
            raise PolicyError(whole, line=_line(node), step=number, name=setting.name)
        return setting.read(value)

    def _pairs(self, node: yaml.MappingNode, where: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            name = str(self._value(key))
            if name in found:
                raise PolicyError(f"{where} says {name} twice.", line=_line(key), name=name)
            found[name] = (key, value)
        return found

    def _value(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)  # type: ignore[no-untyped-call]
        except (yaml.YAMLError, ValueError) as error:
            raise PolicyError(f"This value cannot be read: {str(error)[:200]}", line=_line(node)) from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1 if node.start_mark is not None else 0


def _things(use: str) -> str:
    return "texts" if use in TEXTS else "pictures"


def without_each(policy: Policy) -> Iterator[tuple[PolicyStep, Policy]]:
    """Give each step with the policy that lacks it, for an ablation; nothing for a policy of one step."""
    for place, step in enumerate(policy.steps):
        rest = policy.steps[:place] + policy.steps[place + 1 :]
        if rest:
            yield step, replace(policy, steps=rest)


def each_alone(policy: Policy) -> Iterator[tuple[PolicyStep, Policy]]:
    """Give each step with the policy that has it alone."""
    for step in policy.steps:
        yield step, replace(policy, steps=(step,))


def subpolicies(policy: Policy, most: int | None = None) -> Iterator[Policy]:
    """Give every policy of some of the steps, in their order: the smaller ones first, `most` steps at most."""
    for count in range(1, min(most or len(policy.steps), len(policy.steps)) + 1):
        for steps in combinations(policy.steps, count):
            yield replace(policy, steps=steps)


def with_setting(policy: Policy, place: int, name: str, value: Any) -> Policy:
    """Return the policy with one setting of one step changed, for a search.

    Args:
        policy: The policy.
        place: Place of the step, from 0.
        name: ``chance`` or a setting of the row.
        value: The new value.

    Raises:
        PolicyError: The step has no such setting, or it does not take the value.
    """
    data = policy.to_json()
    data["steps"][place][name] = value
    return policy_of(data)
