"""A project's answers as files of other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assay_client._exceptions import UnexpectedAnswer
from assay_client._paging import each_row
from assay_client._records import Job
from assay_client._resources.download import save_url
from assay_client._resources.job import Jobs
from assay_client._transport import Transport


class Exports:
    """Exports of projects. Needs the scope ``project.write``."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self._transport = transport
        self._jobs = jobs

    def formats(self, project_id: int) -> dict[str, str]:
        """Return the formats by name, each with why it cannot hold this project's answers; empty where it can."""
        rows = self._transport.json("GET", f"projects/{project_id}/exports/formats/")
        return {row["name"]: row["why_not"] for row in rows}

    def create(self, project_id: int, file_format: str, **options: bool) -> dict[str, Any]:
        """Ask for an export and return it with its job; one that is being written already is returned again.

        Args:
            project_id: The project.
            file_format: A name of `formats`.
            options: ``only_answered`` (true), ``only_reviewed``, ``with_gold``, ``with_predictions``.

        Raises:
            InvalidRequest: The format cannot hold the answers; says why.
        """
        body = {"format": file_format, **options}
        return dict(self._transport.json("POST", f"projects/{project_id}/exports/", body=body))

    def get(self, export_id: int) -> dict[str, Any]:
        """Return what an export came to: items, bytes, and losses by the code of its report."""
        return dict(self._transport.json("GET", f"exports/{export_id}/"))

    def list(self, project_id: int) -> Iterator[dict[str, Any]]:
        """Give the exports of a project, newest first."""
        return each_row(self._transport, f"projects/{project_id}/exports/")

    def save(
        self,
        project_id: int,
        file_format: str,
        path: str | Path,
        *,
        losses: str | Path | None = None,
        on_job: Callable[[Job], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        **options: bool,
    ) -> dict[str, Any]:
        """Export a project, wait for the file, write it as a zip and return what it came to.

        Args:
            project_id: The project.
            file_format: A name of `formats`.
            path: Where to write the zip.
            losses: Where to write the report as CSV (where, code, reason); nowhere by default.
            on_job: Called while the server writes the file.
            on_progress: Called with the bytes had and the bytes in all.
            options: As for `create`.

        Raises:
            JobFailed: The server could not write it; says why.
        """
        export = self.create(project_id, file_format, **options)
        if not export["job"]:
            raise UnexpectedAnswer("The server wants to write the file but names no job.")
        self._jobs.wait(Job.parse(export["job"]), on_progress=on_job)
        self._save(export["id"], "file", path, on_progress)
        if losses is not None:
            self._save(export["id"], "losses", losses, None)
        return self.get(export["id"])

    def _save(self, export_id: int, what: str, path: str | Path, see: Callable[[int, int], None] | None) -> None:
        answer = self._transport.json("GET", f"exports/{export_id}/{what}/")
        save_url(self._transport, answer["url"], path, see)
