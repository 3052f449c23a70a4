"""Versions with real rows, and jobs run in this process."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from accounts.actor import Actor
from curation.engine.writer import VersionWriter
from curation.models import Version
from curation.services.version import commit_version
from labeling.models import Project
from tests import factories
from workers.context import JobContext
from workers.models import Job
from workers.services import job as jobs


def start(job: Job) -> JobContext:
    taken = jobs.start(job_id=job.pk)
    assert taken is not None
    return JobContext(taken)


def numbered(actor: Actor, count: int, **fields: Any) -> Project:
    """Make a project, with its tasks, over a version of so many texts: "text 1", "text 2" and on."""
    made = version(actor, {"text": [f"text {number}" for number in range(1, count + 1)]})
    project = factories.project(actor, version=made, **fields)
    factories.tasks(project, count)
    return project


def version(actor: Actor, columns: dict[str, Any], **roles: str) -> Version:
    """Commit a version with these columns; item_id counts from 1."""
    count = len(next(iter(columns.values())))
    table = pa.table({"item_id": pa.array(range(1, count + 1), pa.int64()), **columns})
    with tempfile.TemporaryDirectory() as folder:
        writer = VersionWriter(Path(folder), roles={"text": "text", **roles})
        writer.write(table)
        return commit_version(
            job=start(factories.job(actor)),
            dataset=factories.dataset(actor),
            parent=None,
            kind="import",
            folder=Path(folder),
            manifest=writer.finish(),
        )
