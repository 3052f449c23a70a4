"""What every augmentation says of itself, and what it may be told: numbers with their range, words, yes or no."""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an augmentation.

    Attributes:
        name: Its key in a policy.
        default: What holds when a policy says nothing; its type is the setting's: bool, int, float or str.
        what: What it does, for people.
        low: Least number.
        high: Largest number.
        choices: The words that may be said, for a setting of text.
    """

    name: str
    default: bool | float | str
    what: str
    low: float = 0
    high: float = 1
    choices: tuple[str, ...] = ()

    def takes(self, value: Any) -> bool:
        """Tell whether this value may be set."""
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        whole = isinstance(self.default, int)
        return self.low <= value <= self.high and (not whole or isinstance(value, int))

    def read(self, value: Any) -> bool | float | str:
        """Return a value that `takes` accepts as the setting holds it."""
        return float(value) if isinstance(self.default, float) else value  # type: ignore[no-any-return]

    @property
    def range(self) -> str:
        """What may be set, in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def to_json(self) -> dict[str, Any]:
        """Return name, default, range and meaning."""
        return {"name": self.name, "default": self.default, "range": self.range, "what": self.what}


CHANCE = Setting("chance", 1.0, "How often the step is applied to a copy.")
SHARE = Setting("share", 0.1, "Share of the words that are changed; at least one.")
INSIDE = Setting("inside_spans", False, "Whether words inside labeled spans may be changed too.")
INSIDE_TOO = Setting("inside_spans", True, "Whether words inside labeled spans may be changed too.")
LETTERS = Setting("letters", 1, "Letters changed in a word.", 1, 5)


class Augmentation:
    """Base of all augmentations.

    Attributes:
        name: Its row in `texts.table.TEXTS` or `pictures.table.PICTURES`.
        what: What it does, and what of it is the library's.
        tasks: For which labels it is safe, as a rule.
        settings: What a policy may set.
    """

    name: ClassVar[str] = ""
    what: ClassVar[str] = ""
    tasks: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, given: dict[str, Any]) -> None:
        self.given: dict[str, Any] = {setting.name: setting.default for setting in self.settings} | given

    @classmethod
    def missing(cls) -> str:
        """Say what has to be installed first, in a sentence; empty when nothing has."""
        return ""
