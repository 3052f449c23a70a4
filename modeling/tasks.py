from typing import Any

from workers.context import JobContext
from workers.job_task import job_task


@job_task("modeling.suggest")
def suggest(job: JobContext) -> dict[str, Any]:
    from modeling.services.suggestion import run_suggest

    return run_suggest(job=job, **job.params)


@job_task("modeling.find_label_errors")
def find_label_errors(job: JobContext) -> dict[str, Any]:
    from modeling.services.label_error import run_search

    return run_search(job=job, **job.params)


@job_task("modeling.train")
def train(job: JobContext) -> dict[str, Any]:
    from modeling.services.training import run_training

    return run_training(job=job, **job.params)


@job_task("modeling.search")
def search(job: JobContext) -> dict[str, Any]:
    from modeling.services.search import run_search_job

    return run_search_job(job=job, **job.params)


@job_task("modeling.search_trials")
def search_trials(job: JobContext) -> dict[str, Any]:
    from modeling.services.search import draw_trials_of

    return draw_trials_of(job=job, **job.params)


@job_task("modeling.combine")
def combine(job: JobContext) -> dict[str, Any]:
    from modeling.services.ensemble import run_ensemble

    return run_ensemble(job=job, **job.params)


@job_task("modeling.check")
def check(job: JobContext) -> dict[str, Any]:
    from modeling.services.check import run_check

    return run_check(job=job, **job.params)


@job_task("modeling.explain")
def explain(job: JobContext) -> dict[str, Any]:
    from modeling.services.explaining import run_explanation

    return run_explanation(job=job, **job.params)


@job_task("modeling.export_bundle")
def export_bundle(job: JobContext) -> dict[str, Any]:
    from modeling.services.bundle import run_export

    return run_export(job=job, **job.params)


@job_task("modeling.compress")
def compress(job: JobContext) -> dict[str, Any]:
    from modeling.services.compression import run_compression

    return run_compression(job=job, **job.params)


@job_task("modeling.keep_student")
def keep_student(job: JobContext) -> dict[str, Any]:
    from modeling.services.compression import run_keep

    return run_keep(job=job, **job.params)


@job_task("modeling.search_subject")
def search_subject(job: JobContext) -> dict[str, Any]:
    from modeling.services.erasure_search import execute_search  # slow import: pyarrow

    return execute_search(job=job, erasure_id=job.params["erasure_id"])


@job_task("modeling.erase_subject")
def erase_subject(job: JobContext) -> dict[str, Any]:
    from modeling.services.erasure_work import execute_erasure  # slow import: pyarrow

    return execute_erasure(job=job, erasure_id=job.params["erasure_id"])
