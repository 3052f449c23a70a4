"""Export a trained model as a bundle: compress, measure on the whole test split, pass the gate, pack."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.engine.pictures import decode, kinds, prepared
from modeling.engine.bundle.browser import browser_members
from modeling.engine.bundle.card import model_card
from modeling.engine.bundle.gate import LIMIT_POINTS, GateResult
from modeling.engine.bundle.materials import bill_of_materials
from modeling.engine.bundle.pack import pack, to_json
from modeling.engine.bundle.signature import sign_bundle
from modeling.engine.errors import GateRefused
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modeling.engine.bundle.ladder import Candidate
    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class ExportResult:
    """A written bundle: its SHA-256, size, gate result, the figures of each rung tried, manifest and metrics; `example`
    is something to give to its predict.py, as a word of a shell."""

    path: Path
    sha256: str
    size: int
    gate: GateResult
    rungs: list[dict[str, Any]]
    manifest: dict[str, Any]
    metrics: dict[str, Any]
    example: str


def export_bundle(
    model: TrainedModel,
    data: Examples,
    out: Path,
    *,
    created_at: str,
    name: str = "Model",
    lineage: Mapping[str, str | int] | None = None,
    comparison: Mapping[str, Any] | None = None,
    limit_points: float = LIMIT_POINTS,
    rungs: Sequence[str] | None = None,
    context: TrainingContext | None = None,
    signing_key: bytes | None = None,
) -> ExportResult:
    """Write the smallest bundle that passes the gate to `out`, which appears only when whole.

    Args:
        model: Of a family that can be exported.
        data: The rows it was trained on; parity and gate use every test row.
        out: The file.
        created_at: A time as the caller wants it printed; equal arguments give equal bytes.
        name: Of the model, for the card.
        lineage: What the model came from (dataset, version, training), stored and printed as given.
        comparison: With the baseline, as `Evaluation.to_dict` has it; goes into metrics.json and the card.
        limit_points: Points of the task's primary figure that the compressed model may lose.
        rungs: Names of the plan's compressions to try, all when left out.
        context: Where vectors are kept, whom to tell and to ask.
        signing_key: An Ed25519 private key in PEM by which the bundle is signed; nobody signs when left out.

    Raises:
        GateRefused: every rung loses more; `facts["rungs"]` has both figures of each.
        EngineError: code `not_exportable` for a family without a graph.
        Cancelled.
    """
    from modeling.engine.bundle.ladder import climb

    context = context or TrainingContext()
    plan = get_family(model.facts["family"]).plan(model, data, context)
    chosen_rungs = [rung for rung in plan.rungs if rungs is None or rung.name in rungs]
    float_figures, candidates = climb(model, plan, data.part("test"), chosen_rungs, limit_points, context)
    reports = [candidate.report() for candidate in candidates]
    chosen = candidates[-1]
    if not chosen.result.passed:
        raise GateRefused(f"The bundle was refused. {chosen.result.sentence}", rungs=reports)
    metrics = _metrics(model, chosen, float_figures, reports, comparison)
    content, manifest = packed(model, plan, chosen, metrics, name, created_at, lineage)
    content = sign_bundle(content, signing_key) if signing_key else content
    _write_whole(out, content)
    digest = hashlib.sha256(content).hexdigest()
    return ExportResult(out, digest, len(content), chosen.result, reports, manifest, metrics, plan.example)


def packed(
    model: TrainedModel,
    plan: Plan,
    chosen: Candidate,
    metrics: dict[str, Any],
    name: str,
    created_at: str,
    lineage: Mapping[str, str | int] | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """Return a bundle's bytes and its manifest; `metrics` as `export_bundle` makes them."""
    facts = _manifest_facts(model, plan, chosen, created_at, dict(lineage or {}))
    return pack(_members(name, model, plan, chosen, facts, metrics), facts)


def _members(
    name: str,
    model: TrainedModel,
    plan: Plan,
    chosen: Candidate,
    facts: dict[str, Any],
    metrics: dict[str, Any],
) -> dict[str, bytes]:
    """Return every member but the manifest by name."""
    here = Path(__file__).parent
    licences = {
        row["file"]: licence.text.encode("utf-8") for row, licence in zip(facts["licences"], plan.licences, strict=True)
    }
    return {
        "model.onnx": chosen.graph,
        "labels.json": to_json(list(model.labels)),
        "metrics.json": to_json(metrics),
        "sbom.json": to_json(bill_of_materials(name, facts)),
        "predict.py": (here / "predict.py").read_bytes(),
        "README.md": model_card(name, plan, facts, metrics).encode("utf-8"),
        **runtime_files(),
        **chosen.members,
        **licences,
        **browser_members(plan),
    }


def runtime_files() -> dict[str, bytes]:
    """Return the members under runtime/: what runs here, and of curation the files themselves that it imports here."""
    own = {path.name: path for path in sorted((Path(__file__).parent / "runtime").glob("*.py"))}
    theirs = {path.name: path for path in map(Path, (decode.__file__, kinds.__file__, prepared.__file__))}
    return {f"runtime/{name}": path.read_bytes() for name, path in sorted({**own, **theirs}.items())}


def _write_whole(out: Path, content: bytes) -> None:
    """Write a file that appears under its name only when whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    scratch.write_bytes(content)
    scratch.replace(out)


def _metrics(
    model: TrainedModel,
    chosen: Candidate,
    float_figures: dict[str, Any],
    reports: list[dict[str, Any]],
    comparison: Mapping[str, Any] | None,
) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "split": "test",
        "task": model.task.name,
        "primary": model.task.primary,
        "bundle": chosen.figures,
        "float": float_figures,
        "gate": chosen.result.to_dict(),
        "rungs": reports,
    }
    if comparison:
        metrics["baseline"] = comparison["baseline"]
        metrics["comparison"] = {name: value for name, value in comparison.items() if name != "baseline"}
    return metrics


def _manifest_facts(
    model: TrainedModel, plan: Plan, chosen: Candidate, created_at: str, lineage: dict[str, str | int]
) -> dict[str, Any]:
    from curation.engine.embedding.graph import OPSET

    trained = model.facts
    parents = {"code": code_hash(), "training": trained["fingerprint"], "rung": chosen.rung.name}
    return {
        "fingerprint": hashlib.sha256(to_json(parents)).hexdigest(),
        "fingerprint_of": parents,
        "created_at": created_at,
        "task": model.task.name,
        "family": trained["family"],
        "labels": list(model.labels),
        "reading": plan.reading,
        "answering": plan.answering,
        "graph": {"opset": OPSET, "inputs": list(plan.inputs), "outputs": list(plan.outputs)},
        "needs": ["numpy", "onnxruntime", *plan.needs],
        "encoder": plan.encoder,
        "compression": {"rung": chosen.rung.name, "title": chosen.rung.title},
        # Not the folder that an encoder may have been named by: a bundle leaves this machine.
        "settings": {**trained["settings"], **({"encoder": plan.encoder["name"]} if plan.encoder else {})},
        "data_hash": trained["data_hash"],
        "rows": trained["rows"],
        "environment": trained["environment"],
        # Who taught a student, and from how many texts.
        "teacher": trained.get("teacher"),
        "lesson": trained.get("lesson"),
        "lineage": lineage,
        "licences": [
            {
                "work": row.work,
                "spdx": row.spdx,
                "source": row.source,
                "file": f"LICENSES/{re.sub(r'[^A-Za-z0-9._-]+', '-', row.work)}.txt",
            }
            for row in plan.licences
        ],
    }


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Return a SHA-256 over the source files of the modeling engine."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
