from typing import Any

from celery import shared_task

from workers.context import JobContext
from workers.job_task import job_task


@shared_task(name="labeling.expire_leases", ignore_result=True)
def expire_leases(**_later: Any) -> None:
    from labeling.services.expiry import sweep_leases

    sweep_leases()


@shared_task(name="labeling.return_work_of_leavers", ignore_result=True)
def return_work_of_leavers(**_later: Any) -> None:
    from labeling.services.leaver import return_work_of_leavers

    return_work_of_leavers()


@job_task("labeling.create_tasks")
def create_tasks(job: JobContext) -> dict[str, Any]:
    from labeling.services.task import make_tasks

    return make_tasks(job=job, **job.params)


@job_task("labeling.publish")
def publish(job: JobContext) -> dict[str, Any]:
    from labeling.services.publish import publish_labels

    return publish_labels(job=job, **job.params)


@job_task("labeling.import_labeled")
def import_labeled(job: JobContext) -> dict[str, Any]:
    from labeling.services.labeled_import import run_labeled_import

    return run_labeled_import(job=job, **job.params)


@job_task("labeling.take_answers")
def take_answers(job: JobContext) -> dict[str, Any]:
    from labeling.services.labeled_answers import take_answers as take

    return take(job=job, **job.params)


@job_task("labeling.export")
def export(job: JobContext) -> dict[str, Any]:
    from labeling.services.export import run_export

    return run_export(job=job, **job.params)


@shared_task(name="labeling.remove_old_exports", ignore_result=True)
def remove_old_exports(**_later: Any) -> None:
    from labeling.services.export import remove_old_exports as remove

    remove()


@job_task("labeling.measure_agreement")
def measure_agreement(job: JobContext) -> dict[str, Any]:
    from labeling.services.quality import measure_agreement as measure

    return measure(job=job, **job.params)


@job_task("labeling.weigh_answers")
def weigh_answers(job: JobContext) -> dict[str, Any]:
    from labeling.services.weighing import run_weighing

    return run_weighing(job=job, **job.params)


@job_task("labeling.migrate_answers")
def migrate_answers(job: JobContext) -> dict[str, Any]:
    from labeling.services.schema_change import migrate_answers as bring_along

    return bring_along(job=job, **job.params)


@job_task("labeling.answer_bulk")
def answer_bulk(job: JobContext) -> dict[str, Any]:
    from labeling.services.bulk import run_bulk

    return run_bulk(job=job, **job.params)


@job_task("labeling.assign")
def assign(job: JobContext) -> dict[str, Any]:
    from labeling.services.assignment import run_assignment

    return run_assignment(job=job, **job.params)


@job_task("labeling.import_gold")
def import_gold(job: JobContext) -> dict[str, Any]:
    from labeling.services.gold import run_import

    return run_import(job=job, **job.params)


@job_task("labeling.undo_bulk")
def undo_bulk(job: JobContext) -> dict[str, Any]:
    from labeling.services.bulk_undo import run_undo

    return run_undo(job=job, **job.params)


@job_task("labeling.give_back")
def give_back(job: JobContext) -> dict[str, Any]:
    from labeling.services.acceptance_return import run_return

    return run_return(job=job, **job.params)


@job_task("labeling.count_work")
def count_work(job: JobContext) -> dict[str, Any]:
    from labeling.services.work_count import run_count

    return run_count(job=job, **job.params)


@job_task("labeling.apply_rules")
def apply_rules(job: JobContext) -> dict[str, Any]:
    from labeling.services.rule_run import run_rules

    return run_rules(job=job, **job.params)


@job_task("labeling.ask_backend")
def ask_backend(job: JobContext) -> dict[str, Any]:
    from labeling.services.backend_run import run_ask

    return run_ask(job=job, **job.params)


@job_task("labeling.import_predictions")
def import_predictions(job: JobContext) -> dict[str, Any]:
    from labeling.services.prediction_import import run_import

    return run_import(job=job, **job.params)


@job_task("labeling.grow_version")
def grow_version(job: JobContext) -> dict[str, Any]:
    from labeling.services.growth import run_growth

    return run_growth(job=job, **job.params)


@job_task("labeling.label_studio_import")
def label_studio_import(job: JobContext) -> dict[str, Any]:
    from labeling.services.label_studio.arrival import run_import

    return run_import(job=job, **job.params)


@job_task("labeling.label_studio_export")
def label_studio_export(job: JobContext) -> dict[str, Any]:
    from labeling.services.label_studio.snapshot import run_snapshot

    return run_snapshot(job=job, **job.params)
