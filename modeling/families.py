"""The families of models, in the words of the person who chooses. `modeling.engine` has the row that does the work.

Apart from the engine, because the web process must not import torch or scikit-learn to show a form.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
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
    choices: tuple[str | bool, ...] = ()

    def takes(self, value: Any) -> bool:
        """Tell whether this value may be set."""
        if self.choices:
            # 1 equals True in Python, but whoever sends it means a number.
            return any(value == choice and type(value) is type(choice) for choice in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or value == int(value))

    @property
    def range(self) -> str:
        """What may be set, in words."""
        if self.choices:
            return _("one of %(choices)s") % {
                "choices": ", ".join(
                    str(choice).lower() if isinstance(choice, bool) else choice for choice in self.choices
                )
            }
        return _("a number from %(low)s to %(high)s") % {"low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Family:
    """What a family does, when to choose it, and what it costs."""

    name: str
    title: str | Promise
    what: str | Promise
    when: str | Promise
    cost: str | Promise
    tasks: tuple[str, ...] = ("text-classification",)
    exportable: bool = True
    params: tuple[Param, ...] = ()
    # How it uses a policy of augmentation: rows changed anew in each epoch, or copies made once; empty: not at all.
    augments: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the family for the API."""
        params = [{"name": param.name, "title": str(param.title), "range": str(param.range)} for param in self.params]
        words = {name: str(getattr(self, name)) for name in ("title", "what", "when", "cost")}
        return {
            "name": self.name,
            **words,
            "tasks": list(self.tasks),
            "exportable": self.exportable,
            "augments": bool(self.augments),
            "params": params,
        }


# Tasks by their names in `modeling.engine.tasks`, in words.
TASK_TITLES: dict[str, str | Promise] = {
    "text-classification": _("one label a text"),
    "text-multilabel": _("several labels a text"),
    "image-classification": _("one label a picture"),
    "image-multilabel": _("several labels a picture"),
    "table": _("one label a row, from its other columns"),
    "table-regression": _("a number for each row, from its other columns"),
    "ner": _("spans of a text"),
    "detection": _("boxes in a picture"),
    "segmentation": _("outlines in a picture"),
    "preference": _("the better of two answers"),
}
TASKS = tuple(TASK_TITLES)
# The family that tries others and keeps the best.
AUTO = "auto"
ON_THE_FLY, COPIES = "on the fly", "copies"
BUDGET = Param("budget", _("seconds that it may take"), 1, 604_800)
# What every training takes.
_ANY = (
    Param("soft_labels", _("learn from the shares of people's answers"), choices=(True, False)),
    Param("class_weights", _("rare labels count more"), choices=(True, False)),
)
_LOOP = (
    Param("epochs", _("epochs at most"), 1, 1000, whole=True),
    Param("batch_size", _("items in a batch"), 1, 4096, whole=True),
    Param("learning_rate", _("learning rate"), 0.000001, 1),
    Param("patience", _("epochs without a gain before stopping"), 1, 1000, whole=True),
    Param("dropout", _("dropout"), 0, 0.9),
    Param("weight_decay", _("weight decay (L2)"), 0, 1),
    Param("l1", _("L1"), 0, 1),
    Param("label_smoothing", _("label smoothing"), 0, 0.9),
    Param("focal", _("focus on hard items (gamma of the focal loss)"), 0, 10),
    Param("schedule", _("learning-rate schedule"), choices=("cosine", "linear", "constant", "one-cycle", "plateau")),
    Param("warmup", _("share of steps to warm up"), 0, 0.9),
    Param("accumulate", _("parts of a batch"), 1, 1024, whole=True),
    Param("clip", _("longest gradient"), 0.001, 1000),
    Param("precision", _("precision"), choices=("auto", "float32", "bfloat16", "float16")),
    Param("device", _("device"), choices=("auto", "cpu", "cuda")),
    BUDGET,
)
_HIDDEN = Param("hidden", _("width of the hidden layer"), 0, 4096, whole=True)
# Those that ship, and those that the operator named: no client can name a folder.
_ENCODER = Param(
    "encoder",
    _("encoder"),
    choices=("auto", *dict.fromkeys(("minilm", "e5-small", *settings.ASSAY_ENCODERS))),
)
_LABELS_OF_TEXTS = ("text-classification", "text-multilabel")
_LABELS_OF_PICTURES = ("image-classification", "image-multilabel")
_OF_ROWS = ("table", "table-regression")

FAMILIES: dict[str, Family] = {
    AUTO: Family(
        name=AUTO,
        title=_("Let the data decide"),
        what=_(
            "Trains the families that suit the data, the device and the time, and keeps the one with the best figures "
            "on the validation split. The report lists what was tried and why this one was kept."
        ),
        when=_("The choice to start with. Give a time budget where the answer is needed soon."),
        cost=_("minutes"),
        tasks=TASKS,
        params=(BUDGET, *_ANY, Param("device", _("device"), choices=("auto", "cpu", "cuda"))),
        augments=ON_THE_FLY,
    ),
    "encoder-linear": Family(
        name="encoder-linear",
        title=_("Sentence encoder with logistic regression"),
        what=_(
            "Turns each text into a vector with a pretrained sentence encoder, chosen by the script of the texts, and "
            "fits a regression whose strength is chosen by folds. It learns from the validation rows too, in the end."
        ),
        when=_("The best first model from a handful of labels: it is steady where other families are luck."),
        cost=_("seconds"),
        tasks=_LABELS_OF_TEXTS,
        params=(_ENCODER, *_ANY),
        augments=COPIES,
    ),
    "few-shot": Family(
        name="few-shot",
        title=_("Few labels: contrastive fine-tuning"),
        what=_(
            "Tunes the sentence encoder so that texts of one label lie together and others apart, then fits a "
            "regression on its vectors (after SetFit)."
        ),
        when=_("Choose it with 8 to 100 labels of each kind, the more kinds the better."),
        cost=_("minutes"),
        params=(*_LOOP, *_ANY, _ENCODER),
        augments=ON_THE_FLY,
    ),
    "encoder-head": Family(
        name="encoder-head",
        title=_("Sentence encoder with a trained head"),
        what=_(
            "Turns each text into a vector with a pretrained sentence encoder, chosen by the script of the texts, and "
            "trains a small torch network on top, with early stopping on the validation split."
        ),
        when=_("The best choice for most sets of some thousand labels: it knows words it has not seen in your labels."),
        cost=_("minutes"),
        tasks=_LABELS_OF_TEXTS,
        params=(*_LOOP, *_ANY, _HIDDEN, _ENCODER),
        augments=COPIES,
    ),
    "fine-tuning": Family(
        name="fine-tuning",
        title=_("Sentence encoder fine-tuned"),
        what=_(
            "Starts from the regression on the encoder's vectors and trains all layers of the encoder for your labels, "
            "the lower ones slower."
        ),
        when=_("Choose it from about a thousand labels on, where the last points of quality count or a GPU is there."),
        cost=_("minutes to an hour on a processor, a fifteenth of that on a GPU"),
        tasks=_LABELS_OF_TEXTS,
        params=(*_LOOP, *_ANY, _ENCODER),
        augments=ON_THE_FLY,
    ),
    "from-scratch": Family(
        name="from-scratch",
        title=_("Small network from scratch"),
        what=_("A small CNN, RNN or Transformer over the words of your texts, without anything pretrained."),
        when=_(
            "Choose it when texts are not in a language that the encoders know, such as codes and logs, and there are "
            "thousands of them."
        ),
        cost=_("minutes"),
        tasks=_LABELS_OF_TEXTS,
        params=(*_LOOP, *_ANY, Param("network", _("network"), choices=("cnn", "rnn", "transformer"))),
        augments=ON_THE_FLY,
    ),
    "tfidf-linear": Family(
        name="tfidf-linear",
        title=_("TF-IDF with logistic regression"),
        what=_("Counts words and character groups and weighs them; nothing pretrained."),
        when=_(
            "Choose it when labels follow from single words, when texts are many, or when every millisecond of serving "
            "counts. Every other training of texts is compared with it."
        ),
        cost=_("seconds"),
        tasks=_LABELS_OF_TEXTS,
        params=_ANY,
        augments=COPIES,
    ),
    "picture-head": Family(
        name="picture-head",
        title=_("Picture encoder with a trained head"),
        what=_(
            "Turns each picture into a vector with EfficientNet-Lite0, which knows ImageNet's photos, and trains a "
            "small network on top, with early stopping on the validation split."
        ),
        when=_("The best first model of photos with a few dozen labels of each kind."),
        cost=_("minutes"),
        tasks=_LABELS_OF_PICTURES,
        params=(*_LOOP, *_ANY, _HIDDEN),
        augments=COPIES,
    ),
    "picture-fine-tune": Family(
        name="picture-fine-tune",
        title=_("Picture encoder trained further"),
        what=_("Trains all of EfficientNet-Lite0 for your labels, on pictures that are turned and recoloured anew."),
        when=_("Choose it with some hundred labels or more, and where pictures look unlike photos of things."),
        cost=_("minutes to hours on a processor, a fifteenth of that on a GPU"),
        tasks=_LABELS_OF_PICTURES,
        params=(*_LOOP, *_ANY),
        augments=ON_THE_FLY,
    ),
    "picture-cnn": Family(
        name="picture-cnn",
        title=_("Small picture network from scratch"),
        what=_("A small convolutional network without anything pretrained."),
        when=_("Choose it for tiny or grey pictures, such as signs and marks, of which there are hundreds."),
        cost=_("minutes"),
        tasks=_LABELS_OF_PICTURES,
        params=(*_LOOP, *_ANY),
        augments=ON_THE_FLY,
    ),
    "detector": Family(
        name="detector",
        title=_("Detector of things"),
        what=_("Finds the middles of things and the boxes around them, on features of EfficientNet-Lite0 (CenterNet)."),
        when=_("For boxes. A hundred pictures with a few kinds of things make a useful model."),
        cost=_("ten minutes for 300 pictures on a processor"),
        tasks=("detection",),
        params=_LOOP,
        augments=ON_THE_FLY,
    ),
    "segmenter": Family(
        name="segmenter",
        title=_("Detector with outlines"),
        what=_("The detector, and a mask for each thing that it finds, drawn as a polygon."),
        when=_("For outlines. A dozen pictures show whether it is worth going on."),
        cost=_("ten minutes for 300 pictures on a processor"),
        tasks=("segmentation",),
        params=_LOOP,
        augments=ON_THE_FLY,
    ),
    "tagger": Family(
        name="tagger",
        title=_("Span tagger, fine-tuned"),
        what=_(
            "Trains a pretrained encoder, chosen by the script of the texts, to tag words; spans follow from the "
            "likeliest row of tags."
        ),
        when=_("For spans, from some hundred marked texts on."),
        cost=_("minutes to an hour on a processor"),
        tasks=("ner",),
        params=(*_LOOP, _ENCODER),
        augments=ON_THE_FLY,
    ),
    "tagger-linear": Family(
        name="tagger-linear",
        title=_("Span tagger from words and their shapes"),
        what=_("A structured perceptron over words, their endings, their shapes and their neighbours."),
        when=_("Choose it for a first look, or when spans follow from the form of words. Others are compared with it."),
        cost=_("seconds"),
        tasks=("ner",),
        augments=COPIES,
    ),
    "table-linear": Family(
        name="table-linear",
        title=_("Linear model of rows"),
        what=_("Scales numbers, counts categories, fills gaps and says so, and fits a linear model."),
        when=_("Choose it with few rows, or where people must see what weighs how much. Others are compared with it."),
        cost=_("seconds"),
        tasks=_OF_ROWS,
        params=_ANY,
    ),
    "table-trees": Family(
        name="table-trees",
        title=_("Boosted trees of rows"),
        what=_("Gradient-boosted trees, which take numbers, categories and gaps as they are."),
        when=_("The best choice for most tables of some hundred rows or more."),
        cost=_("seconds"),
        tasks=_OF_ROWS,
        params=_ANY,
    ),
    "reward": Family(
        name="reward",
        title=_("Reward model"),
        what=_(
            "Gives each answer a reward from its meaning, its length, its form and its overlap with the prompt; the "
            "higher reward is the better answer (Bradley–Terry)."
        ),
        when=_("For pairs of answers, from some hundred judged pairs on."),
        cost=_("minutes"),
        tasks=("preference",),
        params=(_ENCODER,),
    ),
    "reward-tuned": Family(
        name="reward-tuned",
        title=_("Reward model, fine-tuned"),
        what=_("The reward model whose encoder is trained further on your pairs."),
        when=_("Choose it from some thousand judged pairs on, or where a GPU is there."),
        cost=_("minutes to an hour on a processor, a fifteenth of that on a GPU"),
        tasks=("preference",),
        params=(*_LOOP, _ENCODER),
    ),
    "reward-counted": Family(
        name="reward-counted",
        title=_("Reward from length, overlap and form"),
        what=_("Gives each answer a reward from what can be counted, without reading it."),
        when=_("Choose it to see how far length and form explain what people prefer. Others are compared with it."),
        cost=_("seconds"),
        tasks=("preference",),
        exportable=False,
    ),
}


# What is made of trained models, in words; it is never offered for training.
MADE: dict[str, Family] = {
    "ensemble": Family(
        name="ensemble",
        title=_("Several models as one"),
        what=_("Asks several trained models and joins their answers: averaged, weighted, or by a regression on them."),
        when=_("Combine trainings that err on different items. It is kept only where it leads its best member."),
        cost=_("the time of all its members for every prediction"),
        tasks=("text-classification", "text-multilabel", "image-classification", "image-multilabel", "table"),
        exportable=False,
    ),
    "static": Family(
        name="static",
        title=_("Static vectors, taught by another model"),
        what=_("Adds up one vector for each piece of a text; no encoder runs."),
        when=_("Made by “Make it smaller” from another model."),
        cost=_("minutes"),
        tasks=("text-classification", "text-multilabel"),
    ),
    "student": Family(
        name="student",
        title=_("Smaller encoder, taught by another model"),
        what=_("The encoder of another model with fewer layers, heads or inner units, taught by that model."),
        when=_("Made by “Make it smaller” from another model."),
        cost=_("minutes"),
        tasks=("text-classification", "text-multilabel"),
    ),
}


def family_named(name: str) -> Family | None:
    """Return a family in words, those that are made of trained models too; None for a name that there is not."""
    return FAMILIES.get(name) or MADE.get(name)


# What may be trained, as the API names it.
NAMES = tuple(sorted(FAMILIES))


def families_for(task: str) -> dict[str, Family]:
    """Return the families that learn a task, the one that chooses among them first."""
    return {name: family for name, family in FAMILIES.items() if task in family.tasks}


def augments_of(family: str, task: str) -> str:
    """Return how a family uses a policy of augmentation for a task: `ON_THE_FLY`, `COPIES`, or empty for not at all.

    What chooses among families uses it as those that it may choose do; copies are what all of them can.
    """
    if family != AUTO:
        return FAMILIES[family].augments
    ways = {row.augments for name, row in families_for(task).items() if name != AUTO} - {""}
    return COPIES if COPIES in ways else next(iter(ways), "")
