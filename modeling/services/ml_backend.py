"""Deployments as Label Studio's ML backends: which of its questions a model answers, and its answers as results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError
from labeling.engine.label_studio.config import Asked, Config, ConfigError, read_config
from modeling.models import Deployment
from modeling.services.prediction import CHARACTER_LIMIT, TEXT_LIMIT, predict

# Tasks of one request: four batches of the model, which take some seconds.
MOST_TASKS = 1_024
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What of a configuration a model answers.

    Attributes:
        name: ``from_name`` of its results.
        shown: Their ``to_name``.
        field: The field of a task that the model reads.
        offered: The choices.
    """

    name: str
    shown: str
    field: str
    offered: frozenset[str]


def version_of(deployment: Deployment) -> str:
    """Return what tells one model behind a deployment from the next."""
    return f"{deployment.name} {deployment.bundle.sha256[:12]}"


def question_of(deployment: Deployment, xml: Any) -> Question:
    """Return the question that a deployment's model answers: the choice about a text that offers most of its labels.

    Raises:
        DomainError: ``label_config_invalid``, or ``label_config_unfit`` with what the model would need.
    """
    if not isinstance(xml, str):
        raise DomainError("label_config_invalid", _("The label config is missing."), field="label_config")
    try:
        config = read_config(xml)
    except ConfigError as error:
        raise DomainError("label_config_invalid", f"label_config {error}", field="label_config") from None
    labels = list(deployment.bundle.model.labels)
    fitting = [(len(found.offered & set(labels)), found) for found in _choices(config)]
    most, best = max(fitting, key=lambda pair: pair[0], default=(0, None))
    if best is None or not most:
        detail = _(
            "This model tells a text's label, one of %(labels)s. Ask for them with <Choices> about a <Text>: none of "
            "the config offers any."
        )
        raise DomainError(
            "label_config_unfit", detail % {"labels": ", ".join(map(str, labels[:20]))}, field="label_config"
        )
    return best


def _choices(config: Config) -> list[Question]:
    return [found for ask in config.asked if ask.element == "Choices" and (found := _question(config, ask)) is not None]


def _question(config: Config, ask: Asked) -> Question | None:
    shown = config.shown.get(ask.shown[0]) if ask.shown else None
    if shown is None or shown.element not in {"Text", "HyperText"}:
        return None
    return Question(ask.name, ask.shown[0], shown.field, frozenset(option.value for option in ask.options))


def answer_tasks(*, actor: Actor, deployment: Deployment, question: Question, tasks: Sequence[Any]) -> list[Row]:
    """Return a prediction for each task, in order.

    A task without a text that the model takes, or whose label is not offered, gets an empty result with no score.

    Raises:
        Conflict: ``deployment_stopped``. DomainError: ``too_many_rows``, ``too_busy`` (429).
    """
    if len(tasks) > MOST_TASKS:
        raise DomainError("too_many_rows", _("Send at most %(most)s tasks at once.") % {"most": MOST_TASKS})
    texts = [_text(task, question.field) for task in tasks]
    readable = [place for place, text in enumerate(texts) if text]
    version = version_of(deployment)
    found: list[Row] = [{"result": [], "score": None, "model_version": version} for _task in tasks]
    for start in range(0, len(readable), TEXT_LIMIT):
        places = readable[start : start + TEXT_LIMIT]
        answer = predict(actor=actor, deployment=deployment, texts=[texts[place] for place in places])
        for place, said in zip(places, answer.predictions, strict=True):
            if said["label"] in question.offered:
                found[place] = _prediction(question, said["label"], said["probabilities"][said["label"]], version)
    return found


def _text(task: Any, field: str) -> str:
    data = task.get("data") if isinstance(task, dict) else None
    value = data.get(field) if isinstance(data, dict) else None
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text if len(text) <= CHARACTER_LIMIT else ""


def _prediction(question: Question, label: str, share: float, version: str) -> Row:
    result = {
        "from_name": question.name,
        "to_name": question.shown,
        "type": "choices",
        "value": {"choices": [label]},
        "score": share,
    }
    return {"result": [result], "score": share, "model_version": version}
