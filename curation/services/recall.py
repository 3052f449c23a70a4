"""How much personal data a run found: a sample drawn by the run, checked by people, and the estimate."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import DomainError, NotFound
from curation.engine.item_lookup import items_by_id
from curation.engine.pii.configuration import read_recognizers
from curation.engine.pii.recall import Drawn, Recall, draw, estimate
from curation.engine.pii.scan import scanner_of
from curation.engine.pii.spans import Span
from curation.engine.pii.uncertain import CODE, Doubts
from curation.engine.reader import VersionReader
from curation.engine.replacements import REPLACEMENTS_FILE
from curation.models import PrivacyCheck, PrivacySample, Run
from curation.services.question import visible_run
from curation.services.version import open_version

MOST_MISSED = 9
SHOWN = 20_000


def store_sample(*, run: Run, folder: Path, reader: VersionReader) -> None:
    """Draw the sample of a run with a step for personal data, in its job; a second attempt draws the same."""
    if not privacy_steps(run):
        return
    items, found = _hits(folder)
    ids = (batch.column("item_id").to_numpy() for batch in reader.batches(["item_id"], batch_rows=100_000))
    drawn = draw(ids, items, seed=run.pk)
    defaults = {"organization_id": run.organization_id, "found": found, "drawn": drawn.to_json()}
    PrivacySample.objects.update_or_create(run=run, defaults=defaults)


def privacy_steps(run: Run) -> list[dict[str, Any]]:
    """Return the parameters of the run's steps for personal data."""
    steps = run.steps.get("steps", [])
    return [step.get("params", {}) for step in steps if step["name"] == "pii" and step.get("enabled", True)]


def _hits(folder: Path) -> tuple[Any, int]:
    """Return the items in which something was found, sorted, and how many spans that were."""
    items, found = [np.empty(0, np.int64)], 0
    replaced, findings, drops = (folder / name for name in (REPLACEMENTS_FILE, "findings.parquet", "drops.parquet"))
    if replaced.exists():
        table = pq.read_table(replaced, columns=["item_id", "step"], filters=[("step", "=", "pii")])
        items.append(table["item_id"].to_numpy())
        found += table.num_rows
    if findings.exists():
        table = pq.read_table(findings, columns=["item_id", "code", "detail"], filters=[("step", "=", "pii")])
        items.append(table["item_id"].to_numpy())
        found += _counted(table)
    if drops.exists():
        table = pq.read_table(drops, columns=["item_id", "detail"], filters=[("reason", "=", "pii_dropped")])
        items.append(table["item_id"].to_numpy())
        found += sum(_spans(detail) for detail in table["detail"].to_pylist())
    return np.unique(np.concatenate(items)), found


def _counted(findings: Any) -> int:
    uncertain = findings.filter(pc.equal(findings["code"], CODE))["detail"].to_pylist()
    flagged = findings.filter(pc.equal(findings["code"], "pii_found"))["detail"].to_pylist()
    return sum(len(Doubts.of_detail(detail).spans) for detail in uncertain) + sum(map(_spans, flagged))


def _spans(detail: str) -> int:
    """Return how many spans "EMAIL 2, PHONE 1" counts."""
    return sum(int(part.rsplit(" ", 1)[1]) for part in detail.split(", ") if part)


def recall_of(run: Run) -> Recall | None:
    """Return the estimate of a run, None when it looked for no personal data."""
    sample = PrivacySample.objects.filter(run=run).first()
    if sample is None:
        return None
    checks = list(sample.checks.order_by("pk").values_list("hit", "missed"))
    return estimate(sample.found, Drawn.from_json(sample.drawn), checks)


def find_check(*, actor: Actor, run_id: int, place: int | None = None) -> dict[str, Any]:
    """Return one item of a sample with what was found in it.

    Args:
        actor: Who looks.
        run_id: The run.
        place: Which item, from 1; the first that nobody has looked at when None.

    Returns:
        ``place``, ``total``, ``item_id``, ``missed`` (None before it was looked at), ``cells`` (column, text, spans).
        ``item_id`` is None when all were looked at.
    """
    run = visible_run(actor, run_id)
    sample, turn = _sample(run)
    done = dict(sample.checks.values_list("item_id", "missed"))
    if place is None:
        place = next((number for number, (item, _hit) in enumerate(turn, 1) if item not in done), None)
    if place is None or not 1 <= place <= len(turn):
        return {"place": None, "total": len(turn), "done": len(done), "item_id": None, "missed": None, "cells": []}
    item, _hit = turn[place - 1]
    with open_version(run.input) as reader:
        row = items_by_id(reader, [item]).get(item, {})
    facts = {"place": place, "total": len(turn), "done": len(done), "item_id": item, "missed": done.get(item)}
    return {**facts, "cells": _cells(run, row)}


def _cells(run: Run, row: dict[str, Any]) -> list[tuple[str, str, list[Span]]]:
    cells: dict[str, tuple[str, list[Span]]] = {}
    for params in privacy_steps(run):
        extra = read_recognizers(params.get("recognizers", ""))
        scanner = scanner_of(params.get("language", "auto"), tuple(params.get("types", ())), extra)
        for column in params.get("columns") or [run.input.manifest["roles"].get("text", "")]:
            text = str(row.get(column) if row.get(column) is not None else "")[:SHOWN]
            spans = [one for one in scanner.text(text) if one.score >= params.get("low", 0.5)]
            cells.setdefault(column, (text, spans))
    return [(column, text, spans) for column, (text, spans) in cells.items()]


@transaction.atomic
def save_check(*, actor: Actor, run_id: int, item_id: int, missed: int) -> None:
    """Keep how many spans a person saw that were missed in an item; said again, the last one holds."""
    run = visible_run(actor, run_id)
    sample, turn = _sample(run)
    hits = dict(turn)
    if item_id not in hits:
        raise NotFound(_("This item is not in the sample."))
    if not 0 <= missed <= MOST_MISSED:
        raise DomainError("missed_out_of_range", _("Say a number from 0 to %(most)s.") % {"most": MOST_MISSED})
    PrivacyCheck.objects.update_or_create(
        sample=sample,
        item_id=item_id,
        defaults={
            "organization_id": run.organization_id,
            "hit": hits[item_id],
            "missed": missed,
            "made_by_id": actor.user_id or None,
        },
    )
    audit.record(actor=actor, action="privacy.check", subject=f"run:{run.pk}", item=item_id, missed=missed)


def _sample(run: Run) -> tuple[PrivacySample, list[tuple[int, bool]]]:
    sample = PrivacySample.objects.filter(run=run).first()
    if sample is None:
        raise NotFound(_("This run looked for no personal data."))
    return sample, Drawn.from_json(sample.drawn).in_turn()
