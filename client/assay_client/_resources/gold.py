"""Known right answers, hidden among everybody's work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay_client._paging import each_after
from assay_client._records import Job
from assay_client._transport import Transport


class Golds:
    """Tasks of a project whose right answer is known. Needs the scope ``project.write`` or ``review``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: int) -> Iterator[dict[str, Any]]:
        """Give the right answers, newest first, each with how many people answered and how many rightly."""
        yield from each_after(self._transport, f"projects/{project_id}/gold/", {})

    def mark(
        self, project_id: int, *, item: int | None = None, annotation: int | None = None,
        answer: dict[str, Any] | None = None, explanation: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Say what is right; the task leaves the queue and everybody gets it once among their other work.

        Args:
            project_id: The project.
            item: The item; or else:
            annotation: An answer to it, which is right unless `answer` says otherwise.
            answer: What is right, such as ``{"label": ["spam"]}``.
            explanation: Why, for those who review.

        Raises:
            Conflict: ``task_in_hand`` while somebody has the task.
            InvalidRequest: ``answer_invalid``, ``answer_missing``.
        """
        body: dict[str, Any] = {"item": item, "annotation": annotation, "answer": answer}
        body = {name: value for name, value in body.items() if value is not None}
        return dict(
            self._transport.json("POST", f"projects/{project_id}/gold/", body={**body, "explanation": explanation})
        )

    def unmark(self, gold_id: int) -> None:
        """Let a task be one like all others again; answers to it count from now on."""
        self._transport.json("DELETE", f"gold/{gold_id}/")

    def take_column(self, project_id: int, column: str) -> Job:
        """Send the job that takes right answers from a column of the project's version: one label in each cell."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/gold/import/", body={"column": column}))

    def pause(self, project_id: int, person: int, *, paused: bool = True) -> None:
        """Hand out nothing to a person any more, or let them go on."""
        body = {"person": person, "paused": paused}
        self._transport.json("POST", f"projects/{project_id}/pause/", body=body)
