"""The families of models, in the words of the person who chooses. `modeling.engine` has the row that does the work.

Apart from the engine, because the web process must not import torch or scikit-learn to show a form.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Param:
    """One setting that a family takes: a number with its range, or one of some words."""

    name: str
    title: str | Promise
    low: float = 0
    high: float = 0
    whole: bool = False
    choices: tuple[str, ...] = ()

    def takes(self, value: Any) -> bool:
        """Tell whether this value may be set."""
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or value == int(value))

    @property
    def range(self) -> str:
        """What may be set, in words."""
        if self.choices:
            return _("one of %(choices)s") % {"choices": ", ".join(self.choices)}
        return _("a number from %(low)s to %(high)s") % {"low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Family:
    """What a family does, when to choose it, and what it costs."""

    name: str
    title: str | Promise
    what: str | Promise
    when: str | Promise
    cost: str | Promise
    exportable: bool = True
    params: tuple[Param, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the family for the API."""
        params = [{"name": param.name, "title": str(param.title), "range": str(param.range)} for param in self.params]
        words = {name: str(getattr(self, name)) for name in ("title", "what", "when", "cost")}
        return {"name": self.name, **words, "exportable": self.exportable, "params": params}


_LOOP = (
    Param("epochs", _("epochs at most"), 1, 1000, whole=True),
    Param("batch_size", _("texts in a batch"), 1, 4096, whole=True),
    Param("learning_rate", _("learning rate"), 0.000001, 1),
    Param("patience", _("epochs without a gain before stopping"), 1, 1000, whole=True),
    Param("dropout", _("dropout"), 0, 0.9),
    Param("device", _("device"), choices=("auto", "cpu", "cuda")),
    Param("encoder", _("encoder"), choices=("auto", "minilm", "e5-small")),
)

FAMILIES: dict[str, Family] = {
    "encoder-head": Family(
        name="encoder-head",
        title=_("Sentence encoder with a trained head"),
        what=_(
            "Turns each text into a vector with a pretrained sentence encoder, chosen by the script of the texts, and "
            "trains a small torch network on top, with early stopping on the validation split."
        ),
        when=_("The best choice for most sets: it knows words it has not seen in your labels."),
        cost=_("minutes"),
        params=_LOOP,
    ),
    "tfidf-linear": Family(
        name="tfidf-linear",
        title=_("TF-IDF with logistic regression"),
        what=_("Counts words and character groups and weighs them; nothing pretrained."),
        when=_(
            "Choose it when labels follow from single words, when texts are many, or when every millisecond of serving "
            "counts. Every other training is compared with it. It cannot be exported as a bundle."
        ),
        cost=_("seconds"),
        exportable=False,
    ),
}
