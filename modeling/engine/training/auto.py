"""The family that suits the data, the device and the time: some are tried, the validation rows decide, and why is kept.

Figures of `SECONDS` are processor seconds of one core, measured by bench/train_texts.py on two cores without a GPU.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.fitting import policy_for
from modeling.engine.errors import EngineError
from modeling.engine.families.table import families_of, get_family

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

# Without a budget of the user's, what takes longer than this is not tried.
DEFAULT_BUDGET = 1800.0
# With fewer validation rows than this, which family is ahead there is luck, and one is taken by rule. With 8 labels a
# class contrastive tuning was 2 and 3 points ahead of the regression on banking77 and Chinese reviews, level on SMS.
BY_RULE = ("few-shot", "encoder-linear")
LEAST_VALIDATION = 30
# So little of the primary figure is given up for a model that can be exported.
NEARLY = 0.01
NEARLY_LOSS = 0.02
# From so many validation rows on the main figure itself tells families apart.
SURE_VALIDATION = 1000
# Below it the family taken by rule stays unless another's log-loss is lower by so many standard errors of the paired
# difference. On 32 validation rows of SMS spam the least of five was a baseline, 8 points worse on the test rows.
CLEARLY = 2.0
# Contrastive tuning is for few labels of each class.
FEW_LABELS = 100
LEAST_FOR_HEAD = 40
# A GPU does this many times the work of a core in the families that train an encoder or a picture network.
GPU_FACTOR = 15.0


@dataclass(frozen=True)
class Candidate:
    """A family that may be tried: about how many seconds it takes, and in which order it comes."""

    family: str
    seconds: float


def candidates(data: Examples, *, cuda: bool, budget: float | None = None, augmented: bool = False) -> list[Candidate]:
    """Return the families worth a try for these examples within a budget of seconds, the cheapest first.

    The cheapest is always among them. With `augmented` only families that take a policy of augmentation are.
    """
    found = []
    for name in families_of(data.task):
        if augmented and not get_family(name).augments:
            continue
        seconds = estimate(name, data, cuda=cuda)
        if seconds is not None:
            found.append(Candidate(name, seconds))
    found.sort(key=lambda candidate: candidate.seconds)
    left: float = budget or DEFAULT_BUDGET
    kept: list[Candidate] = []
    for candidate in found:
        if not kept or candidate.seconds <= left:
            kept.append(candidate)
            left -= candidate.seconds
    return kept


def estimate(name: str, data: Examples, *, cuda: bool) -> float | None:
    """Return about how many seconds a family takes on these examples; None when it is not worth trying."""
    shape = _Shape.of(data)
    if name not in SECONDS:
        return 60.0
    seconds = SECONDS[name](shape)
    if seconds is not None and cuda and name in _ON_GPU:
        seconds /= GPU_FACTOR
    return seconds


@dataclass(frozen=True)
class _Shape:
    """What costs depend on: rows to learn from, their mean length in tokens or so, classes, rows of the rarest class,
    and how much slower the encoder of these texts is than MiniLM."""

    rows: int
    length: float
    classes: int
    rarest: int
    slower: float

    @staticmethod
    def of(data: Examples) -> _Shape:
        rows = [i for i, split in enumerate(data.splits) if split != "test"]
        answers = [str(data.answers[i]) for i in rows]
        counts = Counter(answers)
        length, slower = 0.0, 1.0
        if data.kind.input == "text":
            sample = [data.inputs[i] for i in rows[:: max(1, len(rows) // 500)]]
            characters = sum(map(len, sample)) / len(sample)
            ascii_share = sum(text.isascii() for text in sample) / len(sample)
            # A token of English has about four letters, of Chinese one and a half; E5-small has twice the layers.
            length = min(256.0, characters / (4.0 if ascii_share > 0.5 else 1.5))
            slower = 1.0 if ascii_share > 0.5 else 2.0
        return _Shape(len(rows), max(8.0, length), len(counts), min(counts.values()), slower)


def _encoding(shape: _Shape) -> float:
    return shape.rows * shape.length * shape.slower / 3_500


def _encoder_head(shape: _Shape) -> float | None:
    # With fewer labels the regression, whose strength is chosen by folds, was ahead on all three sets of the benchmark.
    if shape.rows / shape.classes < LEAST_FOR_HEAD:
        return None
    return 3 + _encoding(shape) + 30 * shape.rows / 4_000


def _few_shot(shape: _Shape) -> float | None:
    # Where some label has hundreds of texts, tuning all layers for the labels themselves is as quick and better.
    if shape.rows / shape.classes > FEW_LABELS or shape.rarest < 2:
        return None
    steps = 4 * min(200.0, max(15.0, shape.rows / 32))
    return steps * 32 * shape.length * shape.slower / 600 + 6 * _encoding(shape)


SECONDS: dict[str, Callable[[_Shape], float | None]] = {
    "tfidf-linear": lambda shape: 1 + shape.rows * shape.classes * shape.length / 300_000,
    "encoder-linear": lambda shape: 2 + _encoding(shape) + shape.rows * shape.classes / 10_000,
    "encoder-head": _encoder_head,
    "few-shot": _few_shot,
    "fine-tuning": lambda shape: 5 * shape.rows * shape.length * shape.slower / 600 if shape.rows >= 1000 else None,
    "picture-head": lambda shape: 5 + shape.rows / 12,
    "picture-fine-tune": lambda shape: 15 * shape.rows / 6 if shape.rows >= 150 else None,
    "picture-cnn": lambda shape: 40 * shape.rows / 250,
    "detector": lambda shape: 60 + 2.2 * shape.rows,
    "segmenter": lambda shape: 60 + 4 * shape.rows,
    "tagger-linear": lambda shape: 2 + shape.rows / 100,
    "tagger": lambda shape: 10 + 5 * shape.rows * shape.length * shape.slower / 1_500 if shape.rows >= 50 else None,
    "table-linear": lambda shape: 1 + shape.rows / 2_000,
    "table-trees": lambda shape: 3 + shape.rows / 2_000,
    "reward-counted": lambda shape: 1 + shape.rows / 2_000,
    "reward": lambda shape: 5 + shape.rows / 5,
    "reward-tuned": lambda shape: 5 * shape.rows * 60 * shape.slower / 300 if shape.rows >= 1000 else None,
    # Never the best where a pretrained encoder is at hand.
    "from-scratch": lambda _shape: None,
}
_ON_GPU = {
    "few-shot",
    "fine-tuning",
    "picture-fine-tune",
    "picture-cnn",
    "detector",
    "segmenter",
    "tagger",
    "reward-tuned",
}


def train_auto(data: Examples, folder: Path, settings: TrainingSettings, context: TrainingContext) -> TrainedModel:
    """Train the families worth it into `folder`, keep the best by the validation rows, and say why.

    `facts["auto"]` lists what was tried with validation figures and seconds, `facts["reason"]` is the sentence.

    Raises:
        As `train`, when not one family could be trained.
    """
    import torch

    from modeling.engine.training.team import OthersDone, team

    if settings.augment is not None:
        policy_for(settings.augment, data.kind)
    cuda = settings.device != "cpu" and torch.cuda.is_available()
    began = time.monotonic()
    tried: list[tuple[TrainedModel, float]] = []
    failures: list[str] = []
    plan = candidates(data, cuda=cuda, budget=settings.budget, augmented=settings.augment is not None)
    few = data.splits.count("validation") < LEAST_VALIDATION
    done, crew = 0, team()
    for candidate in _by_rule(plan) if few else plan:
        if few and done:
            break
        # Clocks differ: what one process of a team decides by its own, all do.
        left = crew.from_first(lambda: _left(settings.budget, began))
        if done and left is not None and left < candidate.seconds / 2:
            continue
        started = time.monotonic()
        try:
            model = _train_one(data, folder, settings, context, candidate.family, left)
        except OthersDone:
            done += 1
            continue
        except EngineError as error:
            if error.code not in {"training_diverged", "out_of_memory"}:
                raise
            failures.append(f"{candidate.family}: {error}")
            continue
        tried.append((model, time.monotonic() - started))
        done += 1
    if not done:
        raise EngineError("No family could be trained. " + " ".join(failures), code="training_diverged")
    if not crew.first:
        raise OthersDone
    return _keep_best(data, folder, tried, failures, context)


def _train_one(
    data: Examples, folder: Path, settings: TrainingSettings, context: TrainingContext, family: str, left: float | None
) -> TrainedModel:
    from modeling.engine.training.team import OthersDone, team
    from modeling.engine.training.train import train

    place = folder / "candidates" / family
    chosen = replace(settings, family=family, budget=None if left is None else max(1.0, left))
    if context.on_note:
        context.on_note(f"trying {family}")
    checkpoints = context.checkpoints / family if context.checkpoints else None
    crew = team()
    ready = _made_before(data, place, chosen) if crew.first else None
    if crew.from_first(lambda: ready is not None) and not crew.first:
        raise OthersDone
    return ready or train(data, place, chosen, replace(context, checkpoints=checkpoints))


def _left(budget: float | None, began: float) -> float | None:
    return None if budget is None else budget - (time.monotonic() - began)


def _made_before(data: Examples, place: Path, chosen: TrainingSettings) -> TrainedModel | None:
    """Return the model of an attempt that was cut off later on."""
    from modeling.engine.training.train import MODEL_FILE, TrainedModel

    if not (place / MODEL_FILE).exists():
        return None
    model = TrainedModel.load(place)
    same = model.facts["data_hash"] == data.content_hash() and _same(model.facts["settings"], chosen)
    return model if same else None


def _by_rule(plan: list[Candidate]) -> list[Candidate]:
    """Return candidates in the order in which one is taken where too few validation rows could compare them."""
    first = [row for name in BY_RULE for row in plan if row.family == name]
    return [*first, *(row for row in plan if row not in first)]


def _same(made: dict[str, Any], chosen: TrainingSettings) -> bool:
    """Tell whether a model was made with what was chosen; the rest were defaults, and a budget is what was left."""
    given = {name: value for name, value in chosen.to_dict().items() if value is not None and value != "auto"}
    return all(made.get(name) == value for name, value in given.items() if name != "budget")


def _keep_best(
    data: Examples,
    folder: Path,
    tried: list[tuple[TrainedModel, float]],
    failures: list[str],
    context: TrainingContext,
) -> TrainedModel:
    from modeling.engine.training.train import MODEL_FILE, TrainedModel

    few = data.splits.count("validation") < LEAST_VALIDATION
    figure = _figure(data, tried)
    best = _best(tried, figure)
    ruled = None if few else kept_by_rule(data, tried, best[0], figure, context)
    best = ruled or best
    rows = [
        {"family": model.facts["family"], "seconds": round(seconds, 1), "validation": model.facts["validation"]}
        for model, seconds in tried
    ]
    facts: dict[str, Any] = {
        **best[0].facts,
        "auto": rows,
        "reason": _reason(best[0], rows, figure, few=few, by_rule=ruled is not None),
    }
    if failures:
        facts["failures"] = failures
    for path in best[0].folder.iterdir():
        path.replace(folder / path.name)
    shutil.rmtree(folder / "candidates")
    (folder / MODEL_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    return TrainedModel(folder, facts)


def _figure(data: Examples, tried: list[tuple[TrainedModel, float]]) -> str:
    """Return the validation figure that decides.

    On few rows that is the log-loss where all have one: F1 is coarse there, and families that stop early have looked at
    it once an epoch, which flatters them. With 8 labels a class of banking77 F1 on 154 rows preferred a family that was
    5 points worse on the test rows; log-loss did not.
    """
    has_loss = all("log_loss" in model.facts["validation"] for model, _ in tried)
    return "log_loss" if has_loss and data.splits.count("validation") < SURE_VALIDATION else data.kind.primary


def _best(tried: list[tuple[TrainedModel, float]], figure: str) -> tuple[TrainedModel, float]:
    """Return the best by a figure, or one nearly as good that can be exported where the best cannot."""
    sign, nearly = (-1.0, NEARLY_LOSS) if figure == "log_loss" else (1.0, NEARLY)

    def score(row: tuple[TrainedModel, float]) -> float:
        return sign * float(row[0].facts["validation"][figure])

    best = max(tried, key=score)
    if get_family(best[0].facts["family"]).exportable:
        return best
    near = [
        row for row in tried if get_family(row[0].facts["family"]).exportable and score(row) >= score(best) - nearly
    ]
    return max(near, key=score) if near else best


def kept_by_rule(
    data: Examples,
    tried: list[tuple[TrainedModel, float]],
    best: TrainedModel,
    figure: str,
    context: TrainingContext,
) -> tuple[TrainedModel, float] | None:
    """Return the family taken by rule where the best one is not ahead of it beyond chance; None where it is, where
    they are the same, or where no rule has one of those tried."""
    if figure != "log_loss":
        return None
    ruled = next((row for name in BY_RULE for row in tried if row[0].facts["family"] == name), None)
    if ruled is None or ruled[0] is best:
        return None
    validation = data.part("validation")
    losses = [
        data.kind.losses(model.held_out(validation, context), validation, data.classes) for model in (ruled[0], best)
    ]
    difference = losses[0] - losses[1]
    error = float(difference.std(ddof=1)) / len(difference) ** 0.5
    return ruled if float(difference.mean()) <= CLEARLY * error else None


def _reason(best: TrainedModel, rows: list[dict[str, Any]], figure: str, *, few: bool, by_rule: bool) -> str:
    name = best.facts["family"]
    if few:
        return f"{name} was chosen by rule: the validation rows are too few to compare families by."
    others = ", ".join(f"{row['family']} {row['validation'][figure]:.3f}" for row in rows if row["family"] != name)
    own = best.facts["validation"][figure]
    values = [row["validation"][figure] for row in rows]
    word = figure.replace("_", "-")
    if by_rule:
        return (
            f"{name} was kept by rule: its validation {word} is {own:.3f}, and none of the others was ahead beyond "
            f"chance: {others}."
        )
    if not others:
        return f"{name} was the only family that fits the time; validation {word} {own:.3f}."
    if own != (min(values) if figure == "log_loss" else max(values)):
        return (
            f"{name} has a validation {word} of {own:.3f}, nearly the best, and can be exported; also tried: {others}."
        )
    how = "least" if figure == "log_loss" else "best"
    return f"{name} had the {how} validation {word}, {own:.3f}; also tried: {others}."
