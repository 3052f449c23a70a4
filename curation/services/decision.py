"""Stored decisions carried out: given again at the end of a run, and applied to a reviewed version."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError
from curation.engine.decisions import REASON, STEP, Answer, Applied, decide_version, effects_of, fits
from curation.engine.decisions import Question as EngineQuestion
from curation.engine.run import RunReport, StepReport, figures
from curation.engine.writer import VersionReader
from curation.models import Decision, Question, Run, VersionKind
from curation.services.pseudonym import add_replacements, stand_in_of, store_replacements
from curation.services.question import members_of_many, visible_run
from curation.services.version import commit_version, open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

KEYS_AT_ONCE = 5_000
ANSWERS_AT_ONCE = 1_000


@dataclass(slots=True)
class Replay:
    """Decisions of a dataset that a run found again.

    Attributes:
        questions: All questions of the run.
        decided: The decision of those that were answered before, by their place in `questions`.
        folder: Where the parts of the version lie.
    """

    questions: list[EngineQuestion]
    folder: Path
    decided: dict[int, Decision] = field(default_factory=dict)


def replay_decisions(
    *, job: JobContext, run: Run, report: RunReport, folder: Path, questions: list[EngineQuestion]
) -> Replay:
    """Give the dataset's stored decisions again: the final pass of a run, which changes report and drops.

    Args:
        job: For progress and cancellation.
        run: The run.
        report: What the steps did; gets the output as decided and a row for the decisions.
        folder: Where the run wrote; the decided version goes into a folder inside.
        questions: What the run found.
    """
    replay = Replay(questions, folder, _stored(run.input.dataset_id, questions))
    if not replay.decided:
        return replay
    pairs = [(questions[place], Answer(row.verdict, said(row))) for place, row in sorted(replay.decided.items())]
    effects = effects_of(pairs, stand_in=stand_in_of(run, pairs))
    started = report.manifest.row_count
    target = _empty(folder / "decided")
    reader = VersionReader([folder / part.name for part in report.manifest.parts], report.manifest)
    drops = folder / "drops.parquet"
    fresh = target / "drops.parquet"
    applied = decide_version(
        reader,
        target,
        effects,
        spare=lambda items: rows_of_drops(drops, items),
        drops=fresh,
        check=lambda rows: job.progress(rows, started, _("Decisions")),
    )
    _add_drops(drops, fresh, applied.restored)
    add_replacements(run, folder, applied.replaced)
    report.manifest = applied.manifest
    report.after = figures(applied.manifest)
    report.steps.append(step_report(applied, len(pairs)))
    replay.folder = target
    return replay


def _stored(dataset_id: int, questions: Sequence[EngineQuestion]) -> dict[int, Decision]:
    """Return the decision that fits each question, by the question's place."""
    keys = sorted({question.key for question in questions})
    known: dict[tuple[str, str, str], Decision] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        rows = Decision.objects.filter(dataset=dataset_id, undone_at=None, key__in=keys[start : start + KEYS_AT_ONCE])
        known.update({(row.step, row.code, row.key): row for row in rows.select_related("made_by")})
    found = {place: known.get(question.place) for place, question in enumerate(questions)}
    return {place: row for place, row in found.items() if row is not None and fits(questions[place], row.verdict)}


def said(decision: Decision) -> str:
    """Return who decided and when, as the detail of a drop."""
    who = str(decision.made_by) if decision.made_by else "-"
    return f"{who}, {decision.made_at:%Y-%m-%d %H:%M} UTC"


def step_report(applied: Applied, answers: int) -> StepReport:
    """Return the row of a report that says what decisions did."""
    return StepReport(
        name=STEP,
        title="Decisions of people",
        params={"answers": answers, "restored": len(applied.restored)},
        rows_in=applied.rows_in,
        rows_out=applied.manifest.row_count,
        changed=applied.labeled + applied.masked + applied.merged,
        dropped={REASON: applied.dropped} if applied.dropped else {},
    )


def rows_of_drops(path: Path, items: list[int]) -> list[dict[str, Any]]:
    """Return dropped items with their columns as they were, without the notes on them."""
    if not path.exists() or not items:
        return []
    table = pq.read_table(path, filters=[("item_id", "in", items)])
    notes = [name for name in ("step", "reason", "detail") if name in table.schema.names]
    rows: list[dict[str, Any]] = table.drop_columns(notes).to_pylist()
    return rows


def _add_drops(drops: Path, fresh: Path, restored: Sequence[int]) -> None:
    """Join the drops of people to those of the plan, leaving out the items that came back."""
    tables = []
    if drops.exists():
        table = pq.read_table(drops)
        back = pc.is_in(table["item_id"], value_set=pa.array(restored, pa.int64()))
        tables.append(table.filter(pc.invert(back)))
    if fresh.exists():
        tables.append(pq.read_table(fresh))
    if tables:
        part = drops.with_suffix(".part")
        pq.write_table(pa.concat_tables(tables, promote_options="permissive"), part, compression="zstd")
        part.replace(drops)


def _empty(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    return folder


@transaction.atomic
def start_apply(*, actor: Actor, run_id: int) -> tuple[Run, Job]:
    """Send the job that makes the next version out of a run's output and the decisions on its questions.

    Raises:
        Conflict: ``run_has_no_version`` or ``nothing_decided``.
    """
    reviewed = visible_run(actor, run_id)
    if reviewed.output is None:
        raise Conflict("run_has_no_version", _("This run made no version that decisions could be applied to."))
    if not decisions_to_apply(reviewed):
        raise Conflict("nothing_decided", _("Nothing new has been decided yet. Answer some questions first."))
    run = Run.objects.create(
        organization_id=actor.organization_id,
        steps={"steps": []},
        fingerprint="",
        input=reviewed.output,
        reviewed=reviewed,
        created_by_id=actor.user_id or None,
    )
    dataset = reviewed.input.dataset
    job = enqueue(
        kind="curation.apply_decisions",
        actor=actor,
        params={"run_id": run.pk, "until": run.created_at.isoformat()},
        title=_("Apply decisions to %(dataset)s v%(number)s")
        % {"dataset": dataset.name, "number": reviewed.output.number},
        subject=f"dataset:{dataset.pk}",
    )
    run.job = job
    run.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="run.apply_decisions", subject=f"run:{reviewed.pk}", job=job.pk)
    return run, job


def decisions_to_apply(run: Run) -> bool:
    """Tell whether people decided, or took back, something that no version made from this run shows yet."""
    if run.output_id is None:
        return False
    last = run.reviews.exclude(output=None).order_by("-created_at").values_list("created_at", flat=True).first()
    rows = Decision.objects.filter(run=run)
    if last is None:
        return rows.filter(undone_at=None).exists()
    return rows.filter(Q(made_at__gt=last, undone_at=None) | Q(made_at__lte=last, undone_at__gt=last)).exists()


def execute_apply(*, job: JobContext, run_id: int, until: str) -> dict[str, Any]:
    """Carry out `start_apply`; a second attempt gives the same version.

    The decisions are those that stood at the moment `until`, also if somebody undoes one in the meantime.
    """
    run = Run.objects.select_related("input__dataset", "output", "reviewed").get(pk=run_id)
    if run.output is not None and run.report is not None:
        return _result(run)
    reviewed = run.reviewed
    assert reviewed is not None
    pairs = list(_answers(reviewed, datetime.fromisoformat(until)))
    run.fingerprint = _fingerprint(pairs)
    effects = effects_of(pairs, stand_in=stand_in_of(run, pairs))
    with work_folder(job) as folder, open_version(run.input) as reader:
        drops = folder / "drops.parquet"
        applied = decide_version(
            reader,
            folder,
            effects,
            spare=lambda items: _spare(reviewed, items),
            drops=drops,
            check=lambda rows: job.progress(rows, reader.row_count, _("Decisions")),
        )
        step = step_report(applied, len(pairs))
        add_replacements(run, folder, applied.replaced)
        with transaction.atomic():
            run.report = {
                "fingerprint": run.fingerprint,
                "before": figures(reader.manifest),
                "after": figures(applied.manifest),
                "steps": [asdict(step)],
            }
            if drops.exists():
                name = objects.key("drops", run.organization_id, f"run-{run.pk}.parquet")
                run.drops_key = objects.put_file(drops, name)
            store_replacements(run, folder)
            kept = ["report", "fingerprint", "drops_key", "replacements_key", "mapping_key", "updated_at"]
            run.save(update_fields=kept)
        if applied.manifest.row_count == 0:
            raise DomainError("decisions_dropped_everything", _("The decisions drop every item. Undo some of them."))
        run.output = commit_version(
            job=job,
            dataset=run.input.dataset,
            parent=run.input,
            kind=VersionKind.DECISIONS,
            folder=folder,
            manifest=applied.manifest,
            note=_("%(count)s decisions") % {"count": len(pairs)},
        )
    run.save(update_fields=["output", "updated_at"])
    return _result(run)


def _answers(reviewed: Run, until: datetime) -> Iterator[tuple[EngineQuestion, Answer]]:
    """Give the questions of a run that had an answer of its own at a moment, with the answer, in a fixed order."""
    rows = Decision.objects.filter(run=reviewed, made_at__lte=until).exclude(undone_at__lte=until)
    rows = rows.select_related("made_by").order_by("step", "code", "key")
    for batch in batched(rows.iterator(chunk_size=ANSWERS_AT_ONCE), ANSWERS_AT_ONCE):
        keys = [row.key for row in batch]
        asked = Question.objects.filter(run=reviewed, key__in=keys).in_bulk()
        members = members_of_many(list(asked))
        known = {(question.step, question.code, question.key): members[key] for key, question in asked.items()}
        for row in batch:
            place = (row.step, row.code, row.key)
            if place in known:
                yield EngineQuestion(*place, tuple(known[place])), Answer(row.verdict, said(row))


def batched(rows: Iterable[Decision], size: int) -> Iterator[list[Decision]]:
    """Cut rows into lists of at most `size`."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def _fingerprint(pairs: Sequence[tuple[EngineQuestion, Answer]]) -> str:
    """Return a hash of what was decided, whoever decided it and when."""
    told = [[*question.place, answer.verdict] for question, answer in pairs]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _spare(reviewed: Run, items: list[int]) -> list[dict[str, Any]]:
    if not reviewed.drops_key:
        return []
    with objects.local_path(reviewed.drops_key) as path:
        return rows_of_drops(path, items)


def _result(run: Run) -> dict[str, Any]:
    output = run.output
    assert output is not None
    return {
        "run": run.pk,
        "dataset": output.dataset_id,
        "version": output.pk,
        "number": output.number,
        "rows_in": run.input.row_count,
        "rows": output.row_count,
        "dropped": run.input.row_count - output.row_count,
    }
