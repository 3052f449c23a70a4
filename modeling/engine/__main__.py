"""The engine on the command line: python -m modeling.engine train|export|predict|verify."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.data import LabeledTexts, split_rows
from modeling.engine.errors import BadData, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

BASELINE_FOLDER = "baseline"
DATA_FILE = "data.json"


def say(line: str) -> None:
    """Write a line to standard error, where progress belongs."""
    sys.stderr.write(line + "\n")


def answer(value: Any) -> None:
    """Write a value as one JSON line to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def read_csv(path: Path, text: str, label: str, split: str | None, seed: int) -> LabeledTexts:
    """Return the rows of a UTF-8 CSV file, by its split column or split here; `.gz` is unpacked."""
    import gzip

    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in (text, label, split) if name and name not in (reader.fieldnames or [])]
        if missing:
            raise BadData(f"{path.name} has no column {missing[0]!r}; it has {', '.join(reader.fieldnames or [])}.")
        rows = [row for row in reader if row[text] and row[label]]
    texts, labels = [row[text] for row in rows], [row[label] for row in rows]
    if split:
        return LabeledTexts.of(texts, labels, [row[split] for row in rows])
    return split_rows(texts, labels, seed=seed)


def run_train(options: argparse.Namespace) -> None:
    """Train a model and the baseline into a folder and print the figures."""
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import BASELINE, TrainingContext, TrainingSettings, train

    data = read_csv(options.data, options.text, options.label, options.split, options.seed)
    context = TrainingContext(
        cache_dir=options.cache,
        checkpoints=options.out / "checkpoints",
        on_stage=say,
        on_epoch=lambda row: say(
            f"  epoch {row['epoch']}: loss {row['loss']:.4f}, validation macro-F1 {row['validation_macro_f1']:.4f}"
        ),
    )
    settings = TrainingSettings(
        family=options.family, encoder=options.encoder, seed=options.seed, threads=options.threads
    )
    model = train(data, options.out, settings, context)
    say(model.facts["encoder_reason"])
    baseline = train(data, options.out / BASELINE_FOLDER, TrainingSettings(family=BASELINE, seed=options.seed))
    (options.out / DATA_FILE).write_text(json.dumps(data.__dict__, ensure_ascii=False), encoding="utf-8")
    evaluation = evaluate(model, data, baseline=baseline, context=context).to_dict()
    (options.out / "evaluation.json").write_text(json.dumps(evaluation, ensure_ascii=False, indent=1), encoding="utf-8")
    comparison = evaluation["comparison"]
    say(
        f"Test macro-F1 {evaluation['macro_f1']:.4f}, baseline {comparison['baseline']['macro_f1']:.4f}: "
        f"{comparison['verdict']} (McNemar p = {comparison['mcnemar']['p_value']:.3g})."
    )
    answer({"macro_f1": evaluation["macro_f1"], "accuracy": evaluation["accuracy"], "folder": str(options.out)})


def run_export(options: argparse.Namespace) -> None:
    """Export a trained folder as a bundle."""
    from modeling.engine.bundle import export_bundle
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainedModel, TrainingContext

    stored = json.loads((options.folder / DATA_FILE).read_text(encoding="utf-8"))
    data = LabeledTexts.of(stored["texts"], stored["labels"], stored["splits"])
    model, context = TrainedModel.load(options.folder), TrainingContext(cache_dir=options.cache, on_stage=say)
    baseline = TrainedModel.load(options.folder / BASELINE_FOLDER)
    result = export_bundle(
        model,
        data,
        options.out,
        created_at=options.created_at,
        name=options.name,
        limit_points=options.limit_points,
        evaluation=evaluate(model, data, baseline=baseline, context=context),
        context=context,
    )
    say(result.gate.sentence)
    answer({"bundle": str(result.path), "sha256": result.sha256, "bytes": result.size, "gate": result.gate.to_dict()})


def run_predict(options: argparse.Namespace) -> None:
    """Predict texts from the arguments or standard input, one JSON line each."""
    from modeling.engine.serving import Predictor

    predictor = Predictor(options.bundle)
    for text in options.texts or (line.rstrip("\r\n") for line in sys.stdin):
        answer(predictor.predict([text])[0])


def run_verify(options: argparse.Namespace) -> None:
    """Check a bundle and print its hash and labels."""
    from modeling.engine.bundle import verify_bundle

    opened = verify_bundle(options.bundle)
    answer({"sha256": opened.sha256, "labels": opened.labels, "fingerprint": opened.manifest["fingerprint"]})


def parser() -> argparse.ArgumentParser:
    """Return the parser of the four commands."""
    top = argparse.ArgumentParser(prog="python -m modeling.engine", description=__doc__)
    commands = top.add_subparsers(required=True)
    train = commands.add_parser("train", help=run_train.__doc__)
    train.add_argument("data", type=Path)
    train.add_argument("--text", default="text")
    train.add_argument("--label", default="label")
    train.add_argument("--split", help="column with train, validation, test; without it the rows are split by class")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--family", default="encoder-head")
    train.add_argument("--encoder", default="auto")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=2)
    train.set_defaults(run=run_train)
    export = commands.add_parser("export", help=run_export.__doc__)
    export.add_argument("folder", type=Path)
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--name", default="Text classifier")
    export.add_argument("--limit-points", type=float, default=0.5)
    export.add_argument("--created-at", default=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    export.set_defaults(run=run_export)
    for command in (train, export):
        command.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    predict = commands.add_parser("predict", help=run_predict.__doc__)
    predict.add_argument("bundle", type=Path)
    predict.add_argument("texts", nargs="*")
    predict.set_defaults(run=run_predict)
    verify = commands.add_parser("verify", help=run_verify.__doc__)
    verify.add_argument("bundle", type=Path)
    verify.set_defaults(run=run_verify)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an expected failure is a sentence and exit code 1."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (EngineError, OSError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
