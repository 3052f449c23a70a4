"""train, export, deploy, predict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.exits import GateRefused, UsageProblem
from assay_client._command.session import Session, session_of


def train(
    context: typer.Context,
    version: Annotated[int, typer.Argument(help="A published version, with labels and a split.")],
    family: Annotated[str | None, typer.Option(help="Family of models; --families lists them.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all randomness.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter as name=value; may be given often.")] = None,
    name: Annotated[str, typer.Option(help="What the lists call it.")] = "",
    task: Annotated[str | None, typer.Option(help="What to learn, such as ner; the likeliest when left out.")] = None,
    answer: Annotated[str | None, typer.Option(help="Column of answers.")] = None,
    augment: Annotated[
        str | None, typer.Option(metavar="POLICY", help="YAML file that says how training rows are changed, or: ready.")
    ] = None,
) -> None:
    """Train a model and report it against the baseline."""
    session = session_of(context)
    policy = None if augment is None else _policy(augment)
    result = run_training(
        session, version, family, seed=seed, params=_params(param or []), name=name, goal=(task, answer), augment=policy
    )
    session.out.result(result, training_text(result))


def _policy(given: str) -> str:
    """Return the text of a policy's file, or the word that stands for one."""
    if given == "ready":
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageProblem(f"The policy {given} cannot be read: {reason}") from None


def families(context: typer.Context) -> None:
    """List the families of models there are to train."""
    session = session_of(context)
    session.out.table(list(session.client.trainings.families()), ["name", "title", "when", "cost"])


def _params(pairs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageProblem(f"Write --param name=value, not {pair}")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def run_training(
    session: Session,
    version: int,
    family: str | None,
    *,
    seed: int | None = None,
    params: dict[str, Any] | None = None,
    name: str = "",
    goal: tuple[str | None, str | None] = (None, None),
    augment: str | None = None,
) -> dict[str, Any]:
    """Train and return the figures on the locked test split."""
    chosen = family or str(session.client.trainings.families()[0]["name"])
    task, answer = goal
    start = session.client.trainings.start
    training, job = start(
        version, chosen, seed=seed, params=params or None, name=name, task=task, answer=answer, augment=augment
    )
    session.wait(job, f"Training {chosen}")
    done = session.client.trainings.get(training.id)
    return {
        "training": done.id,
        "model": done.model,
        "family": (done.report or {}).get("family") or done.family,
        "device": done.device,
        "fingerprint": done.fingerprint,
        "report": done.report or {},
        "url": session.link(f"trainings/{done.id}/"),
    }


def training_text(result: dict[str, Any]) -> str:
    """Return the figures of a training in a few lines."""
    lines = [f"Model {result['model']} ({result['family']} on {result['device']}): {figures_text(result['report'])}"]
    if policy := result["report"].get("augmentation"):
        lines.append(f"Augmented: {policy['steps']}")
    return "\n".join([*lines, result["url"]])


_FIGURES = {"macro_f1": "macro-F1", "micro_f1": "micro-F1", "f1": "span F1", "map": "mAP 50-95", "r2": "R2"}


def figures_text(report: dict[str, Any]) -> str:
    """Return the figures on the locked test split, beside those of the baseline."""
    main = report.get("primary", "macro_f1")
    if main not in report:
        return "no report"
    word = _FIGURES.get(main, main)
    said = f"{word} {report[main]:.4f}"
    if main != "accuracy" and "accuracy" in report:
        said += f", accuracy {report['accuracy']:.4f}"
    said += f" on {report['rows']:,} test rows"
    compared = report.get("comparison")
    if compared:
        against = "best member" if "combination" in report else "baseline"
        said += f"; {against} {word} {compared['baseline'][main]:.4f} ({compared['verdict']})"
    return said


def export(
    context: typer.Context,
    model: Annotated[int, typer.Argument(help="Number of the model, as `assay train` prints it.")],
    limit: Annotated[float | None, typer.Option(min=0, max=100, help="Points of macro-F1 it may lose.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the bundle here, as zip.")] = None,
) -> None:
    """Make an int8 bundle; exit code 8 when its accuracy gate refuses it."""
    session = session_of(context)
    result = run_export(session, model, limit)
    if out:
        with session.out.meter("Downloading") as meter:
            session.client.bundles.download(result["bundle"], out, on_progress=meter.bytes)
        result["file"] = str(out)
    session.out.result(result, export_text(result))


def run_export(session: Session, model: int, limit: float | None = None) -> dict[str, Any]:
    """Export and return what the gate measured.

    Raises:
        GateRefused: the bundle lost more than its limit.
    """
    bundle, job = session.client.bundles.export(model, limit_points=limit)
    session.wait(job, "Exporting")
    done = session.client.bundles.get(bundle.id)
    link = session.link(f"bundles/{done.id}/")
    if done.state != "accepted":
        said = (done.gate or {}).get("sentence", "it lost more than its limit.")
        raise GateRefused(f"The accuracy gate refused bundle {done.id}: {said} See {link}")
    return {
        "bundle": done.id,
        "state": done.state,
        "sha256": done.sha256,
        "bytes": done.byte_count,
        "gate": done.gate or {},
        "url": link,
    }


def export_text(result: dict[str, Any]) -> str:
    """Return a bundle in a few lines."""
    lines = [f"Bundle {result['bundle']}: {result['bytes'] / 1e6:.1f} MB, sha256 {result['sha256']}"]
    lines += [result["gate"]["sentence"]] if result["gate"].get("sentence") else []
    if result.get("file"):
        lines.append(f"Written to {result['file']}")
    return "\n".join([*lines, result["url"]])


def deploy(
    context: typer.Context,
    bundle: Annotated[int, typer.Argument(help="Number of an accepted bundle.")],
    name: Annotated[str, typer.Argument(help="Name to ask predictions under.")],
) -> None:
    """Put a bundle behind a name; a live deployment of this name switches to the bundle."""
    session = session_of(context)
    made = run_deploy(session, bundle, name)
    said = f"Deployment {made['id']} answers at {made['predict']}\n{made['url']}"
    session.out.result(made, said)


def run_deploy(session: Session, bundle: int, name: str) -> dict[str, Any]:
    """Make the deployment, or switch the live one of this name to the bundle."""
    deployments = session.client.deployments
    live = next((row for row in deployments.list() if row.name == name and row.state == "active"), None)
    made = deployments.switch(live.id, bundle) if live else deployments.create(bundle, name)
    return {
        **made.raw,
        "predict": session.link(f"api/v1/deployments/{made.slug}/predict/"),
        "url": session.link(f"deployments/{made.id}/"),
    }


def predict(
    context: typer.Context,
    deployment: Annotated[str, typer.Argument(help="Number or slug of the deployment.")],
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; - reads one a line from standard input.")] = None,
) -> None:
    """Predict the labels of texts."""
    session = session_of(context)
    given = [line.rstrip("\n") for line in sys.stdin] if texts in (None, [], ["-"]) else list(texts or [])
    if not given:
        raise UsageProblem("Give at least one text, or one a line on standard input.")
    found = session.client.deployments.predict(deployment, given)
    rows = [
        {"label": row.label, "confidence": row.confidence, "text": text, "probabilities": row.probabilities}
        for row, text in zip(found, given, strict=True)
    ]
    lines = (f"{row.label}\t{row.confidence:.4f}\t{text}" for row, text in zip(found, given, strict=True))
    session.out.result(rows, "\n".join(lines))
