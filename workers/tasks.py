from typing import Any

from celery import shared_task

from workers.context import JobContext
from workers.job_task import job_task
from workers.services import job as jobs
from workers.work_folder import remove_forgotten


@shared_task(name="workers.reap", ignore_result=True)
def reap(**_later: Any) -> None:
    jobs.reap()


@shared_task(name="workers.tidy", ignore_result=True)
def tidy(**_later: Any) -> None:
    remove_forgotten()


@job_task("workers.check")
def check(job: JobContext) -> dict[str, Any]:
    """Count slowly enough to be watched, cancelled or killed: operators use it to see that workers work."""
    steps, seconds = int(job.params.get("steps", 10)), float(job.params.get("seconds", 0.0))
    import threading

    for step in range(int(job.state.get("step", 0)), steps):
        threading.Event().wait(seconds)
        job.save_state({"step": step + 1})
        job.progress(step + 1, steps, "counting", rows_done=step + 1)
    return {"steps": steps, "attempt": job.attempt}
