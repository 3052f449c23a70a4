"""Commands about bundles: export and verify."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.talk import answer, say

if TYPE_CHECKING:
    import argparse


def run_export(options: argparse.Namespace) -> None:
    """Export a trained folder as a bundle."""
    from modeling.engine.bundle import export_bundle
    from modeling.engine.commands.models import BASELINE_FOLDER, stored_examples
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainedModel, TrainingContext

    data = stored_examples(options.folder)
    model = TrainedModel.load(options.folder)
    context = TrainingContext(cache_dir=options.cache, on_stage=say, folders=True)
    compared = (options.folder / BASELINE_FOLDER).is_dir()
    baseline = TrainedModel.load(options.folder / BASELINE_FOLDER) if compared else None
    evaluation = evaluate(model, data, baseline=baseline, context=context)
    result = export_bundle(
        model,
        data,
        options.out,
        created_at=options.created_at,
        name=options.name,
        limit_points=options.limit_points,
        comparison=evaluation.to_dict().get("comparison"),
        context=context,
    )
    say(result.gate.sentence)
    answer({"bundle": str(result.path), "sha256": result.sha256, "bytes": result.size, "gate": result.gate.to_dict()})


def run_verify(options: argparse.Namespace) -> None:
    """Check a bundle and print its hash and labels."""
    from modeling.engine.bundle import verify_bundle

    opened = verify_bundle(options.bundle)
    answer({"sha256": opened.sha256, "labels": opened.labels, "fingerprint": opened.manifest["fingerprint"]})


def add_commands(commands: Any) -> None:
    """Add export and verify to a parser's commands."""
    export = commands.add_parser("export", help=run_export.__doc__)
    export.add_argument("folder", type=Path)
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--name", default="Model")
    export.add_argument("--limit-points", "--limit-drop", type=float, default=0.5)
    export.add_argument("--created-at", default=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    export.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    export.set_defaults(run=run_export)
    verify = commands.add_parser("verify", help=run_verify.__doc__)
    verify.add_argument("bundle", type=Path)
    verify.set_defaults(run=run_verify)
