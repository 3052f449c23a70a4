"""Commands about models: train, evaluate and predict."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.policies import read_policy_file, say_robustness
from modeling.engine.commands.talk import answer, say
from modeling.engine.errors import BadData, EngineError

if TYPE_CHECKING:
    import argparse

    from modeling.engine.data import Examples
    from modeling.engine.reading.options import ReadingOptions
    from modeling.engine.training import TrainingContext, TrainingSettings

BASELINE_FOLDER = "baseline"
CHECKPOINTS = "checkpoints"
READING_FILE = "reading.json"
MOST_NOTES = 20


def run_train(options: argparse.Namespace) -> None:
    """Train a model, and the baseline beside it, into a folder and print the figures; under torchrun by all processes
    together."""
    from modeling.engine.training.team import joined

    settings = settings_of(options)
    with joined(settings.device) as team:
        if team.first:
            _train(options, settings)
        else:
            _help(options, settings)


def _help(options: argparse.Namespace, settings: TrainingSettings) -> None:
    """Take this process's share of a training that another leads; nothing is said and nothing kept."""
    import tempfile

    from modeling.engine.reading.table import read_examples
    from modeling.engine.training import train
    from modeling.engine.training.team import OthersDone

    context = replace(context_of(options, quiet=True), checkpoints=options.out / CHECKPOINTS)
    with tempfile.TemporaryDirectory() as scratch, suppress(OthersDone):
        train(read_examples(reading_of(options)), Path(scratch), settings, context)


def _train(options: argparse.Namespace, settings: TrainingSettings) -> None:
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import BASELINES, TrainedModel, TrainingSettings, train

    reading = reading_of(options)
    data = read_rows(reading)
    context = context_of(options)
    options.out.mkdir(parents=True, exist_ok=True)
    model = train(data, options.out, settings, context)
    for sentence in (model.facts.get("reason"), model.facts.get("encoder_reason")):
        if sentence:
            say(sentence)
    plain, baseline = BASELINES.get(data.task), None
    if plain and plain != model.facts["family"]:
        say(f"training the baseline, {plain}")
        quiet = replace(context, on_epoch=None, on_stage=None, checkpoints=None)
        baseline = train(data, options.out / BASELINE_FOLDER, TrainingSettings(family=plain, seed=options.seed), quiet)
    elif plain:
        baseline = TrainedModel.load(options.out)
    store_reading(options.out, reading, data)
    evaluation = evaluate(model, data, baseline=baseline, context=context)
    _store_evaluation(options.out, evaluation)
    figures = evaluation.to_dict()
    low, high = evaluation.interval
    sentence = f"Test {evaluation.primary} {figures[evaluation.primary]:.4f} (95 %: {low:.4f} to {high:.4f})"
    if evaluation.comparison:
        other = evaluation.comparison.baseline[evaluation.primary]
        sentence += f", baseline {other:.4f}: {evaluation.comparison.verdict}"
    say(sentence + ".")
    answer(_headline(figures) | {"family": model.facts["family"], "folder": str(options.out)})


def run_evaluate(options: argparse.Namespace) -> None:
    """Judge a trained folder on the test rows of a file and print every figure; mistakes go to errors.jsonl."""
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainedModel

    model = TrainedModel.load(options.folder)
    options.task = model.facts["task"]
    data = read_rows(reading_of(options))
    unknown = sorted(set(data.part("test").classes) - set(model.labels))
    if unknown:
        raise BadData(f"The test rows have the label {unknown[0]!r}, which the model was never shown.")
    policy = read_policy_file(options.robust) if options.robust else None
    evaluation = evaluate(model, data, context=context_of(options), split=options.part, robust=policy)
    _store_evaluation(options.out or options.folder, evaluation)
    say_robustness(evaluation)
    answer(evaluation.to_dict())


def run_predict(options: argparse.Namespace) -> None:
    """Predict the rows of a file with a trained folder, or texts with a bundle; one JSON line each."""
    if options.model.is_dir():
        _predict_file(options)
        return
    import sys

    from modeling.engine.serving import Predictor

    predictor = Predictor(options.model)
    for text in options.inputs or (line.rstrip("\r\n") for line in sys.stdin):
        answer(predictor.predict([text])[0])


def _predict_file(options: argparse.Namespace) -> None:
    from modeling.engine.reading.inputs import read_inputs
    from modeling.engine.training import TrainedModel

    model = TrainedModel.load(options.model)
    if len(options.inputs) != 1:
        raise EngineError("Name one file or folder to predict: predict DIR DATA.", code="bad_setting")
    notes: list[str] = []
    names, inputs = read_inputs(Path(options.inputs[0]), model.task.input, options.text, notes)
    _tell(notes)
    if not inputs:
        raise BadData("There is nothing to predict in this file.")
    for name, prediction in zip(names, model.predictions(inputs, context_of(options)), strict=True):
        made = model.task.row_prediction(prediction, model.labels)
        answer({"id": name, "prediction": made["answer"], "confidence": made["confidence"]})


def read_rows(reading: ReadingOptions) -> Examples:
    """Read the rows that a command was given, and say how many there are and what was odd."""
    from modeling.engine.reading.table import read_examples

    data = read_examples(reading)
    _tell(reading.notes)
    say(", ".join(f"{data.splits.count(split):,} {split}" for split in ("train", "validation", "test")) + " rows")
    return data


def _tell(notes: list[str]) -> None:
    for note in notes[:MOST_NOTES]:
        say(f"  {note}")
    if len(notes) > MOST_NOTES:
        say(f"  and {len(notes) - MOST_NOTES} more of the kind")


def reading_of(options: argparse.Namespace) -> ReadingOptions:
    """Return how the data of a command are to be read."""
    from modeling.engine.reading.options import ReadingOptions

    return ReadingOptions(
        options.data, options.task, options.text, options.label, options.split, options.separator, options.seed
    )


def settings_of(options: argparse.Namespace) -> TrainingSettings:
    """Return the settings of a training that the options say."""
    from modeling.engine.training import TrainingSettings

    encoder = encoder_of(options.encoder)
    chosen = {"family": options.family, "encoder": encoder, "seed": options.seed, "threads": options.threads}
    if getattr(options, "augment", None):
        chosen["augment"] = read_policy_file(options.augment).to_json()
    return TrainingSettings.from_dict({**chosen, **given_settings(options.set), "budget": options.budget})


def encoder_of(said: str) -> str:
    """Return what a model keeps of the encoder that it was named: folders by their whole path, so that the model can be
    used from anywhere."""
    from curation.engine.embedding import encoder_names

    return str(Path(said).resolve()) if said not in encoder_names() and Path(said).is_dir() else said


def given_settings(pairs: list[str]) -> dict[str, Any]:
    """Return the settings of arguments like learning_rate=0.01; what is no JSON is a word."""
    chosen: dict[str, Any] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            chosen[name] = json.loads(value)
        except ValueError:
            chosen[name] = value
    return chosen


def context_of(options: argparse.Namespace, *, quiet: bool = False) -> TrainingContext:
    """Return a context that tells of stages and epochs on standard error, or of nothing."""
    from modeling.engine.training import TrainingContext

    if quiet:
        return TrainingContext(cache_dir=options.cache, folders=True)
    return TrainingContext(
        cache_dir=options.cache,
        checkpoints=options.out / CHECKPOINTS if getattr(options, "out", None) else None,
        on_stage=say,
        on_epoch=lambda row: say(
            f"  epoch {row['epoch']}: loss {row['loss']:.4f}, validation score {row['score']:.4f}"
        ),
        on_note=say,
        folders=True,
    )


def _headline(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}


def store_reading(folder: Path, reading: ReadingOptions, data: Examples) -> None:
    """Write into a model's folder where its rows came from, so that an export finds them again."""
    facts = {name: value for name, value in reading.__dict__.items() if name != "notes"}
    facts |= {"data": str(reading.data.resolve()), "data_hash": data.content_hash()}
    (folder / READING_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")


def _store_evaluation(folder: Path, evaluation: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(evaluation.to_dict(), ensure_ascii=False, indent=1)
    (folder / "evaluation.json").write_text(content, encoding="utf-8")
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in evaluation.rows)
    (folder / "errors.jsonl").write_text("".join(lines), encoding="utf-8")


def stored_examples(folder: Path) -> Examples:
    """Return the rows that the model of a folder was trained on, read from their file again.

    Raises:
        BadData: the file is not what it was.
    """
    from modeling.engine.reading.options import ReadingOptions
    from modeling.engine.reading.table import read_examples

    facts = json.loads((folder / READING_FILE).read_text(encoding="utf-8"))
    known = facts.pop("data_hash")
    data = read_examples(ReadingOptions(**{**facts, "data": Path(facts["data"])}))
    if data.content_hash() != known:
        raise BadData(f"{facts['data']} has changed since the model was trained on it.")
    return data


def add_commands(commands: Any) -> None:
    """Add train, evaluate and predict to a parser's commands."""
    train = commands.add_parser("train", help=run_train.__doc__)
    add_reading(train)
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--family", default="auto")
    train.add_argument(
        "--encoder", default="auto", help="auto, a name, a folder in the layout of Hugging Face, or hf:OWNER/NAME"
    )
    train.add_argument("--budget", type=float, help="seconds that the training may take")
    train.add_argument("--threads", type=int, default=2)
    train.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another setting, such as learning_rate=0.01"
    )
    train.add_argument("--augment", type=Path, metavar="POLICY", help="YAML that says how training rows are changed")
    train.set_defaults(run=run_train)
    evaluate = commands.add_parser("evaluate", help=run_evaluate.__doc__)
    evaluate.add_argument("folder", type=Path)
    add_reading(evaluate, task=False)
    evaluate.add_argument("--out", type=Path, help="where figures and mistakes go; the model's folder when left out")
    evaluate.add_argument("--part", default="test", choices=["train", "validation", "test"])
    evaluate.add_argument("--robust", type=Path, metavar="POLICY", help="also judge rows that its steps changed")
    evaluate.set_defaults(run=run_evaluate)
    predict = commands.add_parser("predict", help=run_predict.__doc__)
    predict.add_argument("model", type=Path, help="a trained folder, or a bundle")
    predict.add_argument("inputs", nargs="*", help="a file or folder for a trained folder, texts for a bundle")
    predict.add_argument("--text", default="text", help="column of texts")
    predict.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    predict.set_defaults(run=run_predict)


def add_reading(command: Any, *, task: bool = True, data: bool = True) -> None:
    """Add to a command which data it reads and how."""
    from modeling.engine.tasks import TASKS

    if data:
        command.add_argument("data", type=Path, help="CSV or JSON Lines, a folder of pictures, COCO or VOC")
    if task:
        command.add_argument("--task", default="text-classification", choices=list(TASKS))
    command.add_argument("--text", default="text", help="column of texts")
    command.add_argument("--label", default="label", help="column of labels, spans or decisions")
    command.add_argument("--split", help="column with train, validation, test; without it rows are split by class")
    command.add_argument("--separator", default="|", help="between several labels of one cell")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
