"""Suggestions from outside: predictions of your own models, columns of the version, and servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from assay_client._records import Job
from assay_client._transport import Transport

ROWS_AT_ONCE = 5_000


class Suggestions:
    """What annotators are shown beside a task. Needs the scope ``project.write``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, project_id: int, predictions: Iterable[dict[str, Any]], *, source: str) -> Iterator[dict[str, Any]]:
        """Send predictions, 5,000 a request, and give what became of each request: stored, passed and refused.

        Sending the same again changes nothing: the newest prediction to an item is the one that is shown.

        Args:
            project_id: The project.
            predictions: ``{"item": 7, "answer": {"label": ["spam"]}, "confidence": 0.9}``; without confidence it is
                shown as unknown.
            source: What made them, as annotators read it.

        Raises:
            InvalidRequest: A row without item or answer; what was sent before it is kept.
        """
        rows = iter(predictions)
        first = 0
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            body = {"source": source, "predictions": batch}
            said = dict(self._transport.json("POST", f"projects/{project_id}/predictions/", body=body))
            # Rows count from the first of all, and not of this request.
            said["refused"] = [{**row, "row": row["row"] + first} for row in said["refused"]]
            first += len(batch)
            yield said

    def take_column(
        self, project_id: int, column: str, *, confidence: str = "", control: str = "", source: str = ""
    ) -> Job:
        """Send the job that takes predictions from a column of the project's version.

        Args:
            project_id: The project.
            column: A label in each cell, several with ``|`` between them, or answers as JSON.
            confidence: Column with how sure the model was, 0 to 1.
            control: Which question it answers; the one that classifies by default.
            source: What made them; the column's name by default.
        """
        body = {"column": column, "confidence": confidence, "control": control, "source": source}
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/predictions/import/", body=body))

    def server(self, project_id: int) -> dict[str, Any]:
        """Return the server that suggests for a project, and whether it answered when it was asked last.

        Raises:
            NotFound: None is named.
        """
        return dict(self._transport.json("GET", f"projects/{project_id}/backend/"))

    def set_server(
        self, project_id: int, url: str, *, user: str = "", password: str | None = None, live: bool = False
    ) -> dict[str, Any]:
        """Name the server that suggests answers, by Label Studio's ML backend protocol.

        Args:
            project_id: The project.
            url: Where it answers health, setup and predict.
            user: For basic authentication.
            password: None keeps the stored one, as long as address and user stay the same.
            live: Ask it again for the next tasks as people go on.

        Raises:
            InvalidRequest: ``url_invalid``, ``host_not_public``.
        """
        body: dict[str, Any] = {"url": url, "user": user, "live": live}
        if password is not None:
            body["password"] = password
        return dict(self._transport.json("PUT", f"projects/{project_id}/backend/", body=body))

    def remove_server(self, project_id: int) -> None:
        """Ask the server no more; what it suggested stays."""
        self._transport.json("DELETE", f"projects/{project_id}/backend/")

    def ask(self, project_id: int, *, tasks: int = 1_000, only_check: bool = False) -> Job:
        """Send the job that asks the server for tasks that come next and have no suggestion of it yet.

        Raises:
            Conflict: ``no_backend``.
        """
        body = {"tasks": tasks, "only_check": only_check}
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/backend/ask/", body=body))
