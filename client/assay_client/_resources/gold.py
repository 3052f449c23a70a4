"""Known right answers: hidden among everybody's work, for training, or for the qualification test."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each_after
from assay_client._records import Job
from assay_client._transport import Transport


class Golds:
    """Tasks of a project whose right answer is known. Needs the scope ``project.write`` or ``review``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: int, *, use: str = "") -> Iterator[dict[str, Any]]:
        """Give the right answers, newest first, each with how many people answered and how many rightly.

        Args:
            project_id: The project.
            use: Only those for this: ``hidden``, ``training`` or ``test``.
        """
        yield from each_after(self._transport, f"projects/{project_id}/gold/", {"use": use} if use else {})

    def mark(
        self, project_id: int, *, item: int | None = None, annotation: int | None = None,
        answer: dict[str, Any] | None = None, explanation: str | None = None, use: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Say what is right; the task leaves the queue and everybody gets it once among their other work.

        Args:
            project_id: The project.
            item: The item; or else:
            annotation: An answer to it, which is right unless `answer` says otherwise.
            answer: What is right, such as ``{"label": ["spam"]}``.
            explanation: Why, for those who review and for training; None leaves what stands there.
            use: ``hidden`` among everybody's work, ``training`` or ``test``; None leaves it, and is hidden at first.

        Raises:
            Conflict: ``task_in_hand`` while somebody has the task.
            InvalidRequest: ``answer_invalid``, ``answer_missing``.
        """
        body: dict[str, Any] = {"item": item, "annotation": annotation, "answer": answer}
        body |= {"explanation": explanation, "use": use}
        body = {name: value for name, value in body.items() if value is not None}
        return dict(self._transport.json("POST", f"projects/{project_id}/gold/", body=body))

    def use(self, project_id: int, golds: Sequence[int], use: str) -> int:
        """Use known answers for something else and return how many were changed.

        Args:
            project_id: The project.
            golds: Their numbers, 1,000 at most.
            use: ``hidden``, ``training`` or ``test``.
        """
        body = {"gold": [*golds], "use": use}
        return int(self._transport.json("POST", f"projects/{project_id}/gold/use/", body=body)["changed"])

    def unmark(self, gold_id: int) -> None:
        """Let a task be one like all others again; answers to it count from now on."""
        self._transport.json("DELETE", f"gold/{gold_id}/")

    def take_column(
        self, project_id: int, column: str, *, use: str = "hidden", use_column: str = "", explanation_column: str = ""
    ) -> Job:
        """Send the job that takes right answers from a column of the project's version: one label in each cell.

        Args:
            project_id: The project.
            column: Its name.
            use: What all of them are for: ``hidden``, ``training`` or ``test``.
            use_column: A column that says it for each; where it is empty `use` holds.
            explanation_column: A column that says why each is right.
        """
        body = {"column": column, "use": use, "use_column": use_column, "explanation_column": explanation_column}
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/gold/import/", body=body))

    def newcomers(self, project_id: int) -> builtins.list[dict[str, Any]]:
        """Return who is how far in training and test, those who need somebody first. Needs ``project.write``."""
        return [*self._transport.json("GET", f"projects/{project_id}/onboarding/people/")["results"]]

    def admit(self, project_id: int, person: int, act: str = "let_pass") -> None:
        """Let a person pass (``let_pass``), grant one more test (``grant_attempt``) or begin anew (``reset``).

        Raises:
            Conflict: ``onboarding_not_failed`` when attempts are left.
        """
        body = {"person": person, "act": act}
        self._transport.json("POST", f"projects/{project_id}/onboarding/people/", body=body)

    def pause(self, project_id: int, person: int, *, paused: bool = True) -> None:
        """Hand out nothing to a person any more, or let them go on."""
        body = {"person": person, "paused": paused}
        self._transport.json("POST", f"projects/{project_id}/pause/", body=body)
