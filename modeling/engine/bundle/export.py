"""Export a trained model as a bundle: compress, measure on the whole test split, pass the gate, pack."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.card import model_card
from modeling.engine.bundle.gate import LIMIT_POINTS, GateResult
from modeling.engine.bundle.graph import (
    LADDER,
    Rung,
    kept_pieces,
)
from modeling.engine.bundle.ladder import Candidate, climb
from modeling.engine.bundle.pack import pack, to_json
from modeling.engine.errors import EngineError, GateRefused
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class ExportResult:
    """A written bundle: its SHA-256, size, gate result, the figures of each rung tried, manifest and metrics."""

    path: Path
    sha256: str
    size: int
    gate: GateResult
    rungs: list[dict[str, Any]]
    manifest: dict[str, Any]
    metrics: dict[str, Any]


def export_bundle(
    model: TrainedModel,
    data: Examples,
    out: Path,
    *,
    created_at: str,
    name: str = "Text classifier",
    lineage: Mapping[str, str | int] | None = None,
    comparison: Mapping[str, Any] | None = None,
    limit_points: float = LIMIT_POINTS,
    ladder: tuple[Rung, ...] = LADDER,
    context: TrainingContext | None = None,
) -> ExportResult:
    """Write the smallest bundle that passes the gate to `out`, which appears only when whole.

    Args:
        data: the rows the model was trained on; parity and gate use every test row.
        created_at: a time as the caller wants it printed; equal arguments give equal bytes.
        lineage: what the model came from (dataset, version, training), stored and printed as given.
        comparison: with the baseline, as `Evaluation.to_dict` has it; goes into metrics.json and the card.
        limit_points: macro-F1 points that the compressed model may lose.

    Raises:
        GateRefused: every rung loses more; `facts["rungs"]` has both figures of each.
        EngineError: code `not_exportable` for a family without a graph.
        Cancelled.
    """
    context = context or TrainingContext()
    if not get_family(model.facts["family"]).exportable or model.facts["task"] != "text-classification":
        raise EngineError(f"Models of the family {model.facts['family']} are not exported.", code="not_exportable")
    source = context.source_of(model.facts)
    pieces = kept_pieces(source, data.part("train").inputs + data.part("validation").inputs)
    tokenizer = source.tokenizer(pieces)
    test = data.part("test")
    float_figures, candidates = climb(model, source, test, pieces, tokenizer, ladder, limit_points, context)
    reports = [candidate.report() for candidate in candidates]
    chosen = candidates[-1]
    if not chosen.result.passed:
        raise GateRefused(f"The bundle was refused. {chosen.result.sentence}", rungs=reports)
    metrics = _metrics(chosen, float_figures, reports, comparison)
    licences = source.licences()
    facts = _manifest_facts(model, source, chosen, created_at, dict(lineage or {}), len(pieces or []))
    members = {
        "model.onnx": chosen.graph,
        "tokenizer.json": tokenizer.to_str().encode("utf-8"),
        "labels.json": to_json(list(model.labels)),
        "metrics.json": to_json(metrics),
        "predict.py": (Path(__file__).parent / "predict.py").read_bytes(),
        "README.md": model_card(name, facts, metrics).encode("utf-8"),
        **{row["file"]: licence.text.encode("utf-8") for row, licence in zip(facts["licences"], licences, strict=True)},
    }
    content, manifest = pack(members, facts)
    _write_whole(out, content)
    return ExportResult(
        out, hashlib.sha256(content).hexdigest(), len(content), chosen.result, reports, manifest, metrics
    )


def _write_whole(out: Path, content: bytes) -> None:
    """Write a file that appears under its name only when whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    scratch.write_bytes(content)
    scratch.replace(out)


def _metrics(
    chosen: Candidate,
    float_figures: dict[str, Any],
    reports: list[dict[str, Any]],
    comparison: Mapping[str, Any] | None,
) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "split": "test",
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
    model: TrainedModel,
    source: EncoderSource,
    chosen: Candidate,
    created_at: str,
    lineage: dict[str, str | int],
    vocabulary: int,
) -> dict[str, Any]:
    from curation.engine.embedding.graph import OPSET

    trained = model.facts
    parents = {
        "code": code_hash(),
        "training": trained["fingerprint"],
        "rung": chosen.rung.name,
        "temperature": trained["temperature"],
    }
    return {
        "fingerprint": hashlib.sha256(to_json(parents)).hexdigest(),
        "fingerprint_of": parents,
        "created_at": created_at,
        "family": trained["family"],
        "labels": list(model.labels),
        "encoder": {
            "name": source.name,
            "languages": source.languages,
            "fingerprint": trained["encoder_fingerprint"],
            "max_tokens": source.max_tokens,
            "reason": trained["encoder_reason"],
            "vocabulary": vocabulary or source.shape().vocabulary,
        },
        "compression": {"rung": chosen.rung.name, "title": chosen.rung.title},
        "opset": OPSET,
        "temperature": trained["temperature"],
        # Not the folder that it may have been named by: a bundle leaves this machine.
        "settings": {**trained["settings"], "encoder": source.name},
        "data_hash": trained["data_hash"],
        "rows": trained["rows"],
        "environment": trained["environment"],
        "lineage": lineage,
        "licences": [
            {
                "work": row.work,
                "spdx": row.spdx,
                "source": row.source,
                "file": f"LICENSES/{re.sub(r'[^A-Za-z0-9._-]+', '-', row.work)}.txt",
            }
            for row in source.licences()
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
