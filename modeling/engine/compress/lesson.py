"""What a student learns from: texts with and without labels, and how likely its teacher finds each class of each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import EngineError
from modeling.engine.families.family import TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Examples
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
# Tasks whose predictions are probabilities of labels of a text.
TASKS = ("text-classification", "text-multilabel")
# A text by words with what follows them; characters of scripts without spaces stand alone.
_WORDS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]\s*|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+\s*|\s+"
)
# Of a row with a label, how much the label counts beside the teacher's opinion.
LABEL_SHARE = 0.3
# On top of the calibration, which has softened the probabilities already.
TEMPERATURE = 1.0
# A made text keeps a word with this probability.
KEEP = 0.85


@dataclass(frozen=True)
class Lesson:
    """Texts and what to say of them.

    Attributes:
        texts: Training texts first, then those without labels, then made ones.
        targets: What a student should say, float32 [n, k]; rows of one label sum to 1.
        counts: How many texts there are of each kind: `labeled`, `unlabeled`, `made`.
        fingerprint: A hash of texts and targets.
    """

    texts: tuple[str, ...]
    targets: Array
    counts: dict[str, int]
    fingerprint: str


def check_teacher(teacher: TrainedModel, data: Examples) -> None:
    """Refuse a teacher that cannot teach these rows.

    Raises:
        EngineError: `wrong_teacher`.
    """
    if teacher.facts["task"] not in TASKS:
        raise EngineError(
            f"Models of {teacher.facts['task']} have no students yet; those of {' and '.join(TASKS)} have.",
            code="wrong_teacher",
        )
    if teacher.facts["task"] != data.task or teacher.labels != data.classes:
        raise EngineError(
            "The teacher learned another task or other labels than these rows have.", code="wrong_teacher"
        )


def lesson_texts(data: Examples, unlabeled: Sequence[str], made: int, seed: int) -> dict[str, list[str]]:
    """Return what a student learns from: training texts (`labeled`), further ones (`unlabeled`) and `made` ones.

    Args:
        data: The rows that the teacher was trained on.
        unlabeled: Further texts. Those that are among the rows, of whatever split, are left out.
        made: How many texts are made of pieces of the others: a teacher can be asked about any text (Tang et al. 2019,
            "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks", section 3.2).
        seed: Of the made texts.
    """
    known, train = set(data.inputs), list(data.part("train").inputs)
    more = [text for text in dict.fromkeys(unlabeled) if text not in known]
    return {
        "labeled": train,
        "unlabeled": more,
        "made": made_texts([*train, *more], made, seed=seed, without=known.union(more)),
    }


def prepare_lesson(
    teacher: TrainedModel,
    data: Examples,
    given: dict[str, list[str]],
    *,
    temperature: float = TEMPERATURE,
    label_share: float = LABEL_SHARE,
    targets: Array | None = None,
    context: TrainingContext | None = None,
) -> Lesson:
    """Have the teacher look at all texts of a lesson.

    Args:
        teacher: A model of texts with one or several labels, an ensemble too.
        data: The rows that it was trained on.
        given: What `lesson_texts` gave.
        temperature: Softens the teacher's probabilities; 1 leaves them as they are.
        label_share: How much a row's label counts beside the teacher's opinion, in [0, 1].
        targets: What an earlier call with the same arguments found, so that the teacher need not be asked again.
        context: Where vectors are kept, whom to tell and to ask.

    Raises:
        EngineError: `wrong_teacher`.
        Cancelled.
    """
    check_teacher(teacher, data)
    context, train = context or TrainingContext(), data.part("train")
    texts = tuple(text for kind in given.values() for text in kind)
    if targets is None:
        context.stage("asking the teacher")
        targets = soften(teacher.raw(texts, context), teacher.facts, data.task, temperature).astype(np.float32)
        count = len(train.inputs)
        targets[:count] = (1 - label_share) * targets[:count] + label_share * train.shares(data.classes)
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass"))
    digest.update(np.ascontiguousarray(targets).tobytes())
    counts = {kind: len(some) for kind, some in given.items()}
    return Lesson(texts, targets, counts, digest.hexdigest())


def soften(raw: Array, facts: dict[str, Any], task: str, temperature: float) -> Array:
    """Return calibrated probabilities [n, k] of logits at a temperature on top of the calibration's own.

    Thresholds of labels stay where they are: a label lies above 0.5 exactly where the teacher gives it.
    """
    from modeling.engine.calibration import sigmoid, softmax

    calibrated = raw / facts["temperature"]
    if task == "text-multilabel":
        shift = np.array([np.log(t / (1 - t)) for t in facts["thresholds"]])
        return sigmoid((calibrated - shift) / temperature)
    return softmax(calibrated / temperature)


def made_texts(texts: Sequence[str], count: int, *, seed: int, without: set[str]) -> list[str]:
    """Return up to `count` different texts made of others: words left out, a stretch alone, or two halves joined."""
    if not texts:
        return []
    generator = np.random.default_rng(seed)
    out: dict[str, None] = {}
    for _ in range(3 * count):
        if len(out) >= count:
            break
        words = _WORDS.findall(texts[int(generator.integers(len(texts)))])
        if len(words) < 3:
            continue
        way = int(generator.integers(3))
        if way == 0:
            words = [word for word in words if generator.random() < KEEP]
        elif way == 1:
            size = int(generator.integers(2, len(words) + 1))
            start = int(generator.integers(0, len(words) - size + 1))
            words = words[start : start + size]
        else:
            other = _WORDS.findall(texts[int(generator.integers(len(texts)))])
            words = words[: (len(words) + 1) // 2] + other[len(other) // 2 :]
        text = "".join(words).strip()
        if text and text not in without:
            out[text] = None
    return list(out)
