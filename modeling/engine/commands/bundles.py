"""Commands about bundles: export and verify."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.talk import answer, say
from modeling.engine.errors import GateRefused

if TYPE_CHECKING:
    import argparse

    from modeling.engine.bundle.verify import OpenedBundle


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
        signing_key=options.sign.read_bytes() if options.sign else None,
    )
    say(result.gate.sentence)
    answer({"bundle": str(result.path), "sha256": result.sha256, "bytes": result.size, "gate": result.gate.to_dict()})


def run_verify(options: argparse.Namespace) -> None:
    """Check a bundle: hashes, graph, signature, that its model runs; with --parity, how well and how alike."""
    from modeling.engine.bundle import verify_bundle
    from modeling.engine.bundle.signature import read_key_file
    from modeling.engine.server.settings import ServerSettings
    from modeling.engine.server.trial import finish_trial, start_trial

    key = read_key_file(options.key) if options.key else None
    limits = ServerSettings({})
    # The graph is read and run in a process with bounds first: this one has none.
    finish_trial(start_trial(options.bundle, limits.memory, limits.trial_seconds, key), limits.trial_seconds)
    opened = verify_bundle(options.bundle, key=key)
    signed = opened.signature
    if signed is None:
        say("The bundle is not signed: who made it, it does not say.")
    elif not signed.trusted:
        say(f"The signature holds. Whether {signed.fingerprint} is the key you trust, --key can tell.")
    found = {
        "sha256": opened.sha256,
        "labels": opened.labels,
        "fingerprint": opened.manifest["fingerprint"],
        "signed_by": signed.fingerprint if signed else None,
        "trusted": signed.trusted if signed else False,
    }
    if options.parity:
        found["again"] = _judged_again(options, opened)
    answer(found)
    if options.parity and not found["again"]["gate"]["passed"]:
        raise GateRefused(f"The bundle was refused. {found['again']['gate']['sentence']}")


def _judged_again(options: argparse.Namespace, opened: OpenedBundle) -> dict[str, Any]:
    from modeling.engine.bundle.again import judge_again
    from modeling.engine.commands.models import context_of, read_rows, reading_of, stored_examples
    from modeling.engine.serving import Predictor
    from modeling.engine.training import TrainedModel

    options.data, options.task = options.parity, opened.manifest["task"]
    rows = read_rows(reading_of(options))
    model = TrainedModel.load(options.model) if options.model else None
    return judge_again(
        Predictor(opened),
        rows.part("test") if options.split else rows,
        options.limit_points,
        model,
        stored_examples(options.model) if options.model else None,
        context_of(options, quiet=True),
    )


def add_commands(commands: Any) -> None:
    """Add export and verify to a parser's commands."""
    from modeling.engine.commands.models import add_reading

    export = commands.add_parser("export", help=run_export.__doc__)
    export.add_argument("folder", type=Path)
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--name", default="Model")
    export.add_argument("--limit-points", "--limit-drop", type=float, default=0.5)
    export.add_argument("--created-at", default=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    export.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    export.add_argument("--sign", type=Path, metavar="KEY", help="Ed25519 private key, in PEM or of OpenSSH")
    export.set_defaults(run=run_export)
    verify = commands.add_parser("verify", help=run_verify.__doc__)
    verify.add_argument("bundle", type=Path)
    verify.add_argument("--key", type=Path, help="public key by which the bundle must be signed")
    verify.add_argument(
        "--parity", type=Path, metavar="DATA", help="rows to judge it on again; --split: their test part"
    )
    verify.add_argument("--model", type=Path, metavar="FOLDER", help="the trained model to compare with on those rows")
    verify.add_argument("--limit-points", "--limit-drop", type=float, default=0.5)
    add_reading(verify, task=False, data=False)
    verify.set_defaults(run=run_verify)
