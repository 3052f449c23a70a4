"""What every command holds: the client and the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import typer

from assay_client._client import Client
from assay_client._command import settings
from assay_client._command.output import Output
from assay_client._exceptions import JobFailed
from assay_client._records import Job


@dataclass
class Session:
    """One call of the command.

    Attributes:
        out: What it says.
    """

    out: Output
    url: str | None
    token: str | None
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """Return the client, connected as the options, the environment or the file say."""
        if self._client is None:
            chosen = settings.load(self.url, self.token)
            self._client = Client(chosen.url, chosen.token)
        return self._client

    def wait(self, job: Job, title: str) -> Job:
        """Wait for a job, showing its progress.

        Raises:
            JobFailed: it failed; the message names it, so that it can be looked at and sent again.
        """
        with self.out.meter(title) as meter:
            try:
                return self.client.jobs.wait(job, meter.job)
            except JobFailed as error:
                error.args = (f"{title} failed: {error} (job {error.job.id}; assay jobs retry {error.job.id})",)
                raise

    def link(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self.client.base_url}/{path}"


def session_of(context: typer.Context) -> Session:
    """Return the session that the main callback made."""
    return cast(Session, context.obj)
