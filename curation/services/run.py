"""Runs: a plan applied to a version, giving a version and a report."""

from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.near.space import Space
from curation.engine.plan import Plan as EnginePlan
from curation.engine.plan import PlanError, RunReport, default_plan, run_plan
from curation.engine.plan_check import check_plan
from curation.engine.run import Cancelled, StepFailed, emptied_by, most_new_items
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionManifest, VersionReader
from curation.models import Dataset, Plan, Run, Version, VersionKind
from curation.sentences import in_words
from curation.services.benchmark import open_benchmarks, resolve_benchmarks
from curation.services.decision import Replay, replay_decisions
from curation.services.meaning import vectors_folder
from curation.services.media import open_media
from curation.services.near_shard import JobShards
from curation.services.pseudonym import key_for, store_replacements
from curation.services.question import read_questions, store_questions
from curation.services.recall import store_sample
from curation.services.version import commit_version, open_version
from curation.wording import STEP_TEXTS
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import shared_folder, work_folder

log = structlog.get_logger(__name__)


def suggest_plan(*, actor: Actor, version_id: int) -> dict[str, Any]:
    """Return the default plan for a version's columns, as JSON to look at and change."""
    version = _version(actor, version_id)
    return default_plan(VersionManifest.from_json(version.manifest)).to_json()


@transaction.atomic
def save_plan(*, actor: Actor, name: str, steps: dict[str, Any]) -> Plan:
    """Keep a plan under a name; the same name is written over."""
    _parse(steps)
    plan, _created = Plan.objects.update_or_create(
        organization_id=actor.organization_id,
        name=name,
        defaults={"steps": check_plan(steps).plan, "created_by_id": actor.user_id or None},
    )
    audit.record(actor=actor, action="plan.save", subject=f"plan:{plan.pk}", name=name)
    return plan


@transaction.atomic
def start_run(
    *, actor: Actor, version_id: int, steps: dict[str, Any] | None = None, plan_id: int | None = None
) -> tuple[Run, Job]:
    """Send the job that applies a plan to a version.

    Args:
        actor: Who runs it.
        version_id: The input.
        steps: A plan as JSON; the default plan when neither this nor `plan_id` is given.
        plan_id: A saved plan.

    Raises:
        DomainError: ``plan_invalid`` naming step, parameter and mend; ``benchmark_missing`` or ``benchmark_is_input``.
        Conflict: ``version_trashed``, also of a version that the plan compares with.
    """
    version = _version(actor, version_id)
    if version.trashed_at is not None:
        raise Conflict("version_trashed", _("This version is in the trash. Restore it before you curate it."))
    saved = None
    if plan_id is not None:
        saved = Plan.objects.visible_to(actor).filter(pk=plan_id).first()
        if saved is None:
            raise NotFound(_("There is no such plan."))
        steps = saved.steps
    parsed = _parse(steps) if steps else default_plan(VersionManifest.from_json(version.manifest))
    parsed = resolve_benchmarks(actor=actor, plan=parsed, version=version)
    run = Run.objects.create(
        organization_id=actor.organization_id,
        plan=saved,
        steps=parsed.to_json(),
        fingerprint=parsed.fingerprint(),
        input=version,
        created_by_id=actor.user_id or None,
    )
    job = enqueue(
        kind="curation.run_plan",
        actor=actor,
        params={"run_id": run.pk},
        title=_("Curate %(dataset)s v%(number)s") % {"dataset": version.dataset.name, "number": version.number},
        subject=f"dataset:{version.dataset_id}",
    )
    run.job = job
    run.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="run.start", subject=f"run:{run.pk}", fingerprint=run.fingerprint, job=job.pk)
    return run, job


def execute_run(*, job: JobContext, run_id: int) -> dict[str, Any]:
    """Apply the plan and commit the output; a second attempt goes on after the last finished shard.

    Raises:
        DomainError: ``plan_dropped_everything`` when no row is left; the report and the drops stay to be looked at.
    """
    run = Run.objects.select_related("input__dataset", "output").get(pk=run_id)
    if run.output is not None and run.report is not None:
        return _result(run)
    with work_folder(job, keep=True) as folder, open_version(run.input) as reader:
        report = _apply(job, run, reader, folder)
        questions = read_questions(folder / "findings.parquet")
        replay = replay_decisions(job=job, run=run, report=report, folder=folder, questions=questions)
        _keep_report(run, report, folder, replay)
        store_sample(run=run, folder=folder, reader=reader)
        if report.manifest.row_count == 0:
            raise DomainError(
                "plan_dropped_everything",
                _everything_dropped(report),
                title=_("Nothing is left"),
                run=run.pk,
            )
        version = commit_version(
            job=job,
            dataset=run.input.dataset,
            parent=run.input,
            kind=VersionKind.PLAN,
            folder=replay.folder,
            manifest=report.manifest,
            note=_("Plan with %(count)s steps") % {"count": len(run.steps["steps"])},
        )
    run.output = version
    run.save(update_fields=["output", "updated_at"])
    return _result(run)


def _apply(job: JobContext, run: Run, reader: VersionReader, folder: Path) -> RunReport:
    plan = EnginePlan.from_json(run.steps)
    try:
        key = key_for(run, plan.steps)
        benchmarks = open_benchmarks(organization_id=run.organization_id, plan=plan)
        with open_media(run.organization_id) as media, benchmarks as opened, shared_folder(job) as shared:
            space = Space(shared, settings.ASSAY_SEARCH_MEMORY, JobShards(job))
            given: dict[str, Any] = {"media": media, "key": key, "benchmarks": opened, "space": space}
            given["vectors"] = vectors_folder(run.organization_id)
            given["first_new_id"] = reserve_new_items(run=run, count=most_new_items(plan, reader.row_count))
            return run_plan(plan, reader, folder, progress=job.progress, cancelled=job.cancelled, **given)
    except Cancelled:
        job.check()
        raise
    except StepError as error:
        said = in_words(str(error))
        raise DomainError("step_cannot_run", said, title=_("A step cannot run on this version")) from None
    except StepFailed as error:
        log.exception("step_failed", run=run.pk)
        raise _failure(error) from None


@transaction.atomic
def reserve_new_items(*, run: Run, count: int) -> int | None:
    """Set ids aside for the items that the steps of a run add, and return the first; None when they add none.

    Another run of the same plan on equal content in this dataset gets the same ids: its copies are the same items, and
    its version has the same content hash. Nobody else ever gets them.
    """
    if not count:
        return None
    dataset = Dataset.objects.select_for_update().get(pk=run.input.dataset_id)
    same = Run.objects.filter(
        input__dataset=dataset,
        fingerprint=run.fingerprint,
        new_items_of=run.input.content_hash,
    )
    first = same.values_list("first_new_item_id", flat=True).order_by("pk").first()
    if first is None:
        first = dataset.next_item_id
        Dataset.objects.filter(pk=dataset.pk).update(next_item_id=F("next_item_id") + count)
    run.first_new_item_id, run.new_items_of = first, run.input.content_hash
    run.save(update_fields=["first_new_item_id", "new_items_of", "updated_at"])
    return int(first)


def _everything_dropped(report: RunReport) -> str:
    number = emptied_by(report.steps)
    if number is None:
        return _("Plan and decisions dropped every item. Open the report, and undo some decisions.")
    told = {"number": number, "step": _title_of(report.steps[number - 1].name)}
    return _("The plan dropped every item: step %(number)s, “%(step)s”, left none. Loosen it or leave it out.") % told


def _failure(error: StepFailed) -> DomainError:
    """Return what people read about a step that raised; its job goes on where it stopped when it is sent again."""
    told = {"number": error.number, "step": _title_of(error.name), "cause": error.cause}
    told |= {"item": error.item_id, "row": error.row, "last": error.last}
    if error.item_id is not None:
        said = _("Step %(number)s, “%(step)s”, failed on item %(item)s, row %(row)s of what it got: %(cause)s.")
        mend = _("If it fails there again, let the plan go on with such items as findings (on_error: find).")
    elif error.last:
        said = _("Step %(number)s, “%(step)s”, failed on rows %(row)s to %(last)s of what it got: %(cause)s.")
        mend = _("If it fails there again, leave the step out.")
    else:
        said = _("Step %(number)s, “%(step)s”, failed while it looked at all rows: %(cause)s.")
        mend = _("If it fails there again, leave the step out.")
    again = _("Send the job again: it goes on behind the last rows that were done.")
    where: dict[str, Any] = {"step": error.number, "item": error.item_id, "row": error.row or None}
    detail = " ".join((said % told, again, mend))
    return DomainError("step_failed", detail, title=_("A step failed"), resumable=True, **where)


def _title_of(name: str) -> str:
    return str(STEP_TEXTS[name][0]) if name in STEP_TEXTS else name


def _result(run: Run) -> dict[str, Any]:
    output = run.output
    assert output is not None
    assert run.report is not None
    # Reports of earlier runs do not say what was added.
    added = sum(step.get("added", 0) for step in run.report["steps"])
    return {
        "run": run.pk,
        "dataset": output.dataset_id,
        "version": output.pk,
        "number": output.number,
        "rows_in": run.input.row_count,
        "rows": output.row_count,
        "dropped": run.input.row_count + added - output.row_count,
        "added": added,
    }


def _keep_report(run: Run, report: RunReport, folder: Path, replay: Replay) -> None:
    drops = folder / "drops.parquet"
    with transaction.atomic():
        decisions = {"questions": len(replay.questions), "replayed": len(replay.decided)}
        run.report = {**report.to_json(), "decisions": decisions}
        if drops.exists():
            run.drops_key = objects.put_file(drops, objects.key("drops", run.organization_id, f"run-{run.pk}.parquet"))
        store_replacements(run, folder)
        run.save(update_fields=["report", "drops_key", "replacements_key", "mapping_key", "updated_at"])
        run.findings.all().delete()
        run.questions.all().delete()
        run.question_counts.all().delete()
        store_questions(run=run, questions=replay.questions, decided=replay.decided)


def _parse(steps: dict[str, Any]) -> EnginePlan:
    try:
        return EnginePlan.from_json(steps)
    except PlanError as error:
        raise DomainError("plan_invalid", in_words(str(error)), title=_("The plan has a mistake")) from None


def _version(actor: Actor, version_id: int) -> Version:
    version = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]
