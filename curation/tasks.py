from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from workers.context import JobContext
from workers.job_task import job_task


@worker_ready.connect  # type: ignore[untyped-decorator]
def compile_kernels(**_later: Any) -> None:
    """Compile beside the first jobs, so that no preview and no run waits for the compiler."""
    from curation.engine.warming import start_warming

    start_warming()


@job_task("curation.import_file")
def import_file(job: JobContext) -> dict[str, Any]:
    from curation.services.import_ import run_import  # slow import: pyarrow

    return run_import(job=job, upload_id=job.params["upload_id"], append=job.params.get("append", False))


@job_task("curation.import_addresses")
def import_addresses(job: JobContext) -> dict[str, Any]:
    from curation.services.fetch import execute_fetch  # slow import: pyarrow

    return execute_fetch(job=job, **job.params)


@job_task("curation.sync_source")
def sync_source(job: JobContext) -> dict[str, Any]:
    from curation.services.sync import execute_sync  # slow import: pyarrow

    return execute_sync(job=job, **job.params)


@job_task("curation.run_plan")
def run_plan(job: JobContext) -> dict[str, Any]:
    from curation.services.run import execute_run  # slow import: pyarrow

    return execute_run(job=job, run_id=job.params["run_id"])


@job_task("curation.near_shard")
def near_shard(job: JobContext) -> dict[str, Any]:
    from curation.services.near_shard import execute_shard  # slow import: numba

    return execute_shard(**job.params)


@job_task("curation.apply_decisions")
def apply_decisions(job: JobContext) -> dict[str, Any]:
    from curation.services.decision import execute_apply  # slow import: pyarrow

    return execute_apply(job=job, **job.params)


@job_task("curation.decide_by_rule")
def decide_by_rule(job: JobContext) -> dict[str, Any]:
    from curation.services.finding import execute_rule  # slow import: pyarrow

    return execute_rule(job=job, **job.params)


@job_task("curation.write_download")
def write_download(job: JobContext) -> dict[str, Any]:
    from curation.services.download import write_download as write  # slow import: pyarrow

    return write(job=job, **job.params)


@job_task("curation.diff")
def diff(job: JobContext) -> dict[str, Any]:
    from curation.services.diff import execute_diff  # slow import: pyarrow

    return execute_diff(job=job, diff_id=job.params["diff_id"])


@job_task("curation.write_diff")
def write_diff(job: JobContext) -> dict[str, Any]:
    from curation.services.diff import write_diff_download  # slow import: pyarrow

    return write_diff_download(job=job, **job.params)


@job_task("curation.index_version")
def index_version(job: JobContext) -> dict[str, Any]:
    from curation.services.explorer import execute_index  # slow import: pyarrow

    return execute_index(job=job, version_id=job.params["version_id"])


@job_task("curation.embed_version")
def embed_version(job: JobContext) -> dict[str, Any]:
    from curation.services.meaning import execute_meaning  # slow import: pyarrow

    return execute_meaning(job=job, **job.params)


@job_task("curation.draw_pairs")
def draw_pairs(job: JobContext) -> dict[str, Any]:
    from curation.services.pair_review import execute_draw  # slow import: pyarrow

    return execute_draw(job=job, review_id=job.params["review_id"])


@shared_task(name="curation.collect_garbage", ignore_result=True)
def collect_garbage(**_later: Any) -> None:
    from curation.services.garbage import collect_garbage as collect  # slow import: pyarrow

    collect(dry_run=False)
