"""Annotations: leasing tasks and answering them, as the labeling page does."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from assay_client._transport import Transport


class Annotations:
    """Tasks handed out for a while, and the answers to them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def lease(
        self, project_id: int, count: int = 8, *, holding: Sequence[int] = (), sender: str | None = None
    ) -> dict[str, Any]:
        """Take up to `count` further tasks.

        Args:
            project_id: The project.
            count: How many.
            holding: Tasks still held; their leases are renewed.
            sender: A UUID that names your program across its restarts. Tasks that were leased to it before and are
                neither answered nor in `holding` come again instead of waiting for their lease to end.

        Returns:
            ``tasks`` (each with id, item_id, data, lease, draft, suggestion), ``lost``, ``progress``, and
            ``remaining``: false when nothing is left for this person.
        """
        # Sent again after a lost reply, it gives the same tasks.
        body = {"count": count, "holding": list(holding), "sender": sender or str(uuid.uuid4())}
        return dict(self._transport.json("POST", f"projects/{project_id}/lease/", body=body, again=True))

    def answer(self, project_id: int, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Send answers; each is on disk when this returns.

        Args:
            project_id: The project.
            answers: At most 100, as `answer_to` makes them. Each carries a key of its own, so sending them again after
                a broken connection saves nothing twice.

        Returns:
            ``results``, one for each answer with status saved, duplicate, kept_as_draft or invalid; and ``progress``.
        """
        body = {"answers": list(answers)}
        return dict(self._transport.json("POST", f"projects/{project_id}/answers/", body=body, again=True))

    def release(self, project_id: int, tasks: Sequence[int]) -> None:
        """Give leased tasks back."""
        self._transport.json("POST", f"projects/{project_id}/release/", body={"tasks": list(tasks)}, again=True)

    def history(self, project_id: int, *, cursor: str | None = None) -> dict[str, Any]:
        """Return a page of this person's answers, newest first: results and next."""
        return dict(self._transport.json("GET", f"projects/{project_id}/history/", params={"cursor": cursor}))


def answer_to(
    task: dict[str, Any],
    answer: dict[str, Any] | None,
    *,
    seconds: float = 0.0,
    suggestion: int | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Return the answer to a leased task in the shape `answer` sends, with a fresh key.

    Args:
        task: As `lease` gave it.
        answer: Values by control, such as ``{"label": ["spam"]}``; None to skip the task.
        seconds: Time it took.
        suggestion: The suggestion that was shown; the service finds out whether the answer agrees with it.
        reason: Why it was skipped.
    """
    return {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": answer,
        "skipped": answer is None,
        "reason": reason,
        "seconds": seconds,
        "suggestion": suggestion,
    }
