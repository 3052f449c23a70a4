"""Comments on tasks, and reviewing answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each_after
from assay_client._transport import Transport


class Comments:
    """What people say about tasks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, project_id: int, *, state: str = "open", mine: bool = False, task: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give a project's comments, newest first.

        Args:
            project_id: The project.
            state: ``open``, ``resolved`` or ``all``.
            mine: Only those that name you.
            task: Only those on this task.
        """
        params = {"state": state, "mine": mine or None, "task": task}
        yield from each_after(self._transport, f"projects/{project_id}/comments/", params)

    def write(self, project_id: int, task: int, body: str, *, key: str | None = None, **anchor: Any) -> dict[str, Any]:
        """Write a comment and return what became of it: status saved, duplicate or invalid.

        Args:
            project_id: The project.
            task: The task.
            body: 1 to 2,000 characters; name members as ``@[id]``.
            key: A UUID; sending it again saves nothing twice. Made here by default.
            anchor: ``control`` and ``part``, to point at a control or at a span or shape in one's answer, or with
                ``answer_of`` in that of somebody else.
        """
        row = {"client_key": key or str(uuid.uuid4()), "task": task, "body": body, **anchor}
        body_json = {"comments": [row]}
        answer = self._transport.json("POST", f"projects/{project_id}/comments/", body=body_json, again=True)
        return dict(answer["results"][0])

    def resolve(self, comment_id: int, *, resolved: bool = True) -> dict[str, Any]:
        """Say that a comment is settled, or open again."""
        body = {"resolved": resolved}
        return dict(self._transport.json("PATCH", f"comments/{comment_id}/", body=body, again=True))

    def people(self, project_id: int, query: str = "") -> Sequence[dict[str, Any]]:
        """Return members who can be named, by letters of their name, at most 20."""
        found = self._transport.json("GET", f"projects/{project_id}/people/", params={"q": query or None})
        return list(found["results"])


class Reviews:
    """Others' answers, and verdicts on them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: int, **filters: Any) -> Iterator[dict[str, Any]]:
        """Give others' answers, newest first.

        Args:
            project_id: The project.
            filters: ``review`` (none, accepted, fixed, rejected), ``person``, ``label`` (control=value), ``state``,
                ``text``, ``since``, ``until``, ``item``, ``share`` (per cent, at random) and its ``seed``.
        """
        yield from each_after(self._transport, f"projects/{project_id}/review/", filters)

    def accept(self, annotation_id: int, *, revision: int | None = None) -> dict[str, Any]:
        """Accept an answer; with its `revision`, only as long as nobody changed it."""
        return self._judge(annotation_id, verdict="accepted", revision=revision)

    def fix(self, annotation_id: int, answer: dict[str, Any], *, revision: int | None = None) -> dict[str, Any]:
        """Put another answer in the place of this one; who answered stays who answered."""
        return self._judge(annotation_id, verdict="fixed", answer=answer, revision=revision)

    def reject(self, annotation_id: int, reason: str, *, revision: int | None = None) -> dict[str, Any]:
        """Send an answer back to its writer, who gets the task again with the reason."""
        return self._judge(annotation_id, verdict="rejected", reason=reason, revision=revision)

    def undo(self, annotation_id: int) -> dict[str, Any]:
        """Take a verdict back."""
        return self._judge(annotation_id, verdict="none")

    def _judge(self, annotation_id: int, **fields: Any) -> dict[str, Any]:
        body = {name: value for name, value in fields.items() if value is not None}
        return dict(self._transport.json("POST", f"annotations/{annotation_id}/review/", body=body))
