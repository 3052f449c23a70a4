"""Runs: a plan applied to a version, giving a version and a report."""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.plan import Plan as EnginePlan
from curation.engine.plan import PlanError, RunReport, default_plan, run_plan
from curation.engine.plan_check import check_plan
from curation.engine.run import Cancelled
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionManifest, VersionReader
from curation.models import Plan, Run, Version, VersionKind
from curation.services.decision import Replay, replay_decisions
from curation.services.meaning import vectors_folder
from curation.services.question import read_questions, store_questions
from curation.services.version import commit_version, open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder


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
        DomainError: ``plan_invalid`` naming step, parameter and mend.
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
    """Apply the plan and commit the output; a second attempt goes on after the last finished step.

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
        if report.manifest.row_count == 0:
            raise DomainError(
                "plan_dropped_everything",
                _("The plan dropped every item. Open the report to see which step did, and loosen it."),
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
        return run_plan(
            plan,
            reader,
            folder,
            progress=job.progress,
            cancelled=job.cancelled,
            vectors=vectors_folder(run.organization_id),
        )
    except Cancelled:
        job.check()
        raise
    except StepError as error:
        raise DomainError("step_cannot_run", str(error), title=_("A step cannot run on this version")) from None


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


def _keep_report(run: Run, report: RunReport, folder: Path, replay: Replay) -> None:
    drops = folder / "drops.parquet"
    with transaction.atomic():
        decisions = {"questions": len(replay.questions), "replayed": len(replay.decided)}
        run.report = {**report.to_json(), "decisions": decisions}
        if drops.exists():
            run.drops_key = objects.put_file(drops, objects.key("drops", run.organization_id, f"run-{run.pk}.parquet"))
        run.save(update_fields=["report", "drops_key", "updated_at"])
        run.findings.all().delete()
        run.questions.all().delete()
        store_questions(run=run, questions=replay.questions, decided=replay.decided)


def _parse(steps: dict[str, Any]) -> EnginePlan:
    try:
        return EnginePlan.from_json(steps)
    except PlanError as error:
        raise DomainError("plan_invalid", str(error), title=_("The plan has a mistake")) from None


def _version(actor: Actor, version_id: int) -> Version:
    version = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]
