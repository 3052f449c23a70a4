"""How good the answers of a project are, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay_client._paging import each_after
from assay_client._records import Job
from assay_client._transport import Transport


class Quality:
    """Agreement, disagreements and their final answers, suspected label errors, one more answer, auto-acceptance."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def measure(self, project_id: int) -> Job:
        """Send the job that measures how far people agree; `agreement` then holds its report."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/agreement/"))

    def agreement(self, project_id: int) -> dict[str, Any]:
        """Return the last report of agreement.

        Raises:
            NotFound: Nobody measured it yet.
        """
        return dict(self._transport.json("GET", f"projects/{project_id}/agreement/"))

    def compare(self, project_id: int) -> Job:
        """Send the job that compares all answers, so that `disagreements` says where people differ now."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/disagreements/"))

    def disagreements(self, project_id: int, *, names: bool = False, **wish: Any) -> Iterator[dict[str, Any]]:
        """Give the tasks on which people differ, the most open first, each with all its answers.

        Args:
            project_id: The project.
            names: Say who gave which answer.
            wish: ``state`` (open, decided or left), ``control``, ``label`` (``control=value``), ``person``, ``sort``
                (confidence or agreement), ``task``, ``item``.
        """
        params = {"names": "true" if names else None, **wish}
        yield from each_after(self._transport, f"projects/{project_id}/disagreements/", params)

    def decide(
        self, task_id: int, *, annotation: int | None = None, answer: dict[str, Any] | None = None, reason: str = "",
        revision: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Say what the final answer to a task is; it stands above every vote.

        Args:
            task_id: The task.
            annotation: The answer that is right, unless `answer` says otherwise.
            answer: What is right.
            reason: Why.
            revision: Of the decision that you saw, 0 for none; refused when it is another one by now.

        Raises:
            Conflict: Somebody decided meanwhile.
        """
        body: dict[str, Any] = {"annotation": annotation, "answer": answer, "revision": revision}
        body = {name: value for name, value in body.items() if value is not None}
        return dict(self._transport.json("PUT", f"tasks/{task_id}/adjudication/", body={**body, "reason": reason}))

    def leave_undecided(self, task_id: int, reason: str) -> dict[str, Any]:
        """Say that a task was looked at and cannot be decided."""
        body = {"state": "left", "reason": reason}
        return dict(self._transport.json("PUT", f"tasks/{task_id}/adjudication/", body=body))

    def undo_decision(self, task_id: int) -> None:
        """Take a decision back; the answers vote as before."""
        self._transport.json("DELETE", f"tasks/{task_id}/adjudication/")

    def find_label_errors(self, project_id: int) -> Job:
        """Send the job that searches the answers for label errors."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/label-errors/"))

    def label_errors(
        self, project_id: int, *, state: str = "open", control: str | None = None, kind: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give suspected label errors, the most suspicious first.

        Args:
            project_id: The project.
            state: ``open``, ``accepted`` or ``kept``.
            control: Only those of the spans or shapes of this question; empty for those of the choice.
            kind: ``label``, ``spurious``, ``overlooked`` or ``edge``.
        """
        params = {"state": state, "control": control, "kind": kind}
        yield from each_after(self._transport, f"projects/{project_id}/label-errors/", params)

    def decide_label_error(self, suspect_id: int, decision: str) -> dict[str, Any]:
        """Take what is suggested (``accept``), keep what was given (``keep``), or take that back (``none``)."""
        body = {"decision": decision}
        return dict(self._transport.json("POST", f"label-errors/{suspect_id}/decision/", body=body))

    def one_more(self, project_id: int, **changes: Any) -> dict[str, Any]:
        """Return when open tasks go to one more person and what came of it, after changing it if asked.

        Args:
            project_id: The project.
            changes: ``target_confidence`` (0 for never, else from 0.5), ``most_answers`` to one task, ``extra_cap`` in
                all, ``weigh_every`` so many answers.
        """
        verb = "PATCH" if changes else "GET"
        return dict(self._transport.json(verb, f"projects/{project_id}/one-more/", body=changes or None))

    def ask_one_more(self, project_id: int) -> Job:
        """Send the job that weighs the answers now and sends open tasks to one more person."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/one-more/"))

    def acceptance(self, project_id: int, **changes: Any) -> dict[str, Any]:
        """Return how a model's sure answers are accepted and what the audit says, after changing it if asked.

        Args:
            project_id: The project.
            changes: ``accepts``, ``target`` (0.5 to 0.999), ``audit_share`` in per cent, ``labels_from``,
                ``gives_back``.
        """
        verb = "PATCH" if changes else "GET"
        return dict(self._transport.json(verb, f"projects/{project_id}/auto-accept/", body=changes or None))

    def give_back(self, project_id: int, *, below: float | None = None, round_id: int | None = None) -> Job:
        """Send the job that gives accepted answers back to people: all, those less sure, or those of a round."""
        body = {name: value for name, value in (("below", below), ("round", round_id)) if value is not None}
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/auto-accept/give-back/", body=body))


class Rules:
    """Labeling rules: words, patterns and lists that vote for labels."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: int) -> Iterator[dict[str, Any]]:
        """Give the rules of a project, each with what it did when they were last applied."""
        yield from self._transport.json("GET", f"projects/{project_id}/rules/")["results"]

    def add(self, project_id: int, name: str, label: str, kind: str, params: dict[str, Any]) -> dict[str, Any]:
        """Write a rule.

        Args:
            project_id: The project.
            name: Its name.
            label: The label that it votes for.
            kind: ``keyword``, ``regex`` or ``dictionary``.
            params: ``{"terms": [], "every": False}``, ``{"pattern": "", "ignore_case": True}`` or
                ``{"terms": [], "least": 1}``.

        Raises:
            InvalidRequest: ``rule_invalid``, naming the field.
        """
        body = {"name": name, "label": label, "kind": kind, "params": params}
        return dict(self._transport.json("POST", f"projects/{project_id}/rules/", body=body))

    def attempt(self, project_id: int, label: str, kind: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return what a rule would do on a sample of the items; nothing is saved."""
        body = {"label": label, "kind": kind, "params": params}
        return dict(self._transport.json("POST", f"projects/{project_id}/rules/try/", body=body))

    def change(self, rule_id: int, **fields: Any) -> dict[str, Any]:
        """Change name, label, kind, params, or whether a rule is in use (``enabled``)."""
        return dict(self._transport.json("PATCH", f"rules/{rule_id}/", body=fields))

    def delete(self, rule_id: int) -> None:
        """Delete a rule."""
        self._transport.json("DELETE", f"rules/{rule_id}/")

    def apply(self, project_id: int) -> Job:
        """Send the job that lets the rules vote on every item and stores suggestions."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/rules/apply/"))
