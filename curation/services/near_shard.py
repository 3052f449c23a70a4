"""Shards of one search for near-duplicates, done by any worker that sees the disk of the one who asked."""

from pathlib import Path
from typing import Any

from workers.context import JobContext
from workers.fan_out import fan_out
from workers.work_folder import pieces_folder

KIND = "curation.near_shard"


class JobShards:
    """Has each shard done by a job of its own, and helps: the `curation.engine.near.space.Shards` of a service."""

    def __init__(self, job: JobContext) -> None:
        self._job = job

    def run(self, folder: Path, stage: str, count: int) -> None:
        """Return when the shards of a stage are done; those that are done already are not done again."""
        from curation.engine.near.shards import shard_folder  # slow import: numba

        inside = folder.relative_to(pieces_folder(self._job.job_id)).as_posix()
        names = {f"{inside}/{shard_folder(folder, stage, shard).name}": shard for shard in range(count)}
        pieces = {
            name: {"owner": self._job.job_id, "inside": inside, "stage": stage, "shard": shard}
            for name, shard in names.items()
        }
        fan_out(
            job=self._job,
            kind=KIND,
            pieces=pieces,
            done=lambda name: shard_folder(folder, stage, names[name]).exists(),
            do=lambda params: execute_shard(**params),
        )


def execute_shard(*, owner: int, inside: str, stage: str, shard: int) -> dict[str, Any]:
    """Do one shard unless it is done.

    Args:
        owner: The job whose search it is.
        inside: The search's folder in the one that the job shares.
        stage: ``count`` or ``join``.
        shard: From 0.

    Returns:
        Whether there was anything to do here. A worker that does not see the folder leaves the shard to the job.
    """
    from curation.engine.near.shards import do_shard  # slow import: numba

    root = pieces_folder(owner)
    folder = (root / inside).resolve()
    if not folder.is_relative_to(root.resolve()) or not (folder / "plan.json").exists():
        return {"done_here": False}
    return {"done_here": do_shard(folder, stage, shard)}
