"""Versions with real parts that follow one another, as imports and runs make them."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from accounts.actor import Actor
from curation.engine.writer import VersionWriter
from curation.models import Dataset, Run, Version
from curation.services.version import commit_version
from tests import factories
from tests.labeling.versions import start
from workers.models import Job


def version(
    actor: Actor,
    columns: dict[str, Any],
    *,
    dataset: Dataset | None = None,
    parent: Version | None = None,
    **roles: str,
) -> Version:
    """Commit a version of these columns, which name item_id themselves."""
    with tempfile.TemporaryDirectory() as folder:
        writer = VersionWriter(Path(folder), roles={"text": "text", **roles})
        writer.write(pa.table({**columns, "item_id": pa.array(columns["item_id"], pa.int64())}))
        return commit_version(
            job=start(factories.job(actor)),
            dataset=dataset or (parent.dataset if parent else factories.dataset(actor)),
            parent=parent,
            kind="plan" if parent else "import",
            folder=Path(folder),
            manifest=writer.finish(),
        )


def run(actor: Actor, older: Version, newer: Version | None, **fields: Any) -> Run:
    """Say that a run made the newer version of the older one."""
    return Run.objects.create(
        organization_id=actor.organization_id,
        steps={"steps": []},
        fingerprint="0" * 64,
        input=older,
        output=newer,
        **fields,
    )


def finish(job: Job) -> Job:
    """Do a job of curation in this process, the way a worker does it."""
    from curation import tasks

    handlers = {"curation.diff": tasks.diff, "curation.index_version": tasks.index_version}
    handlers["curation.write_diff"] = tasks.write_diff
    handlers |= {"curation.embed_version": tasks.embed_version, "curation.draw_pairs": tasks.draw_pairs}
    handlers["curation.run_plan"] = tasks.run_plan
    handlers[job.kind](job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return job
