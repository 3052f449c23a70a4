"""Runs: a plan applied to a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay_client._paging import each_item, each_row
from assay_client._records import Job, Run
from assay_client._transport import Transport


class Runs:
    """Plans applied to versions, with their reports."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def default_plan(self, version_id: int) -> dict[str, Any]:
        """Return the plan that the service would run on a version, to look at and change."""
        return dict(self._transport.json("GET", "plans/default/", params={"version": version_id}))

    def read_plan(self, yaml: str) -> tuple[dict[str, Any], list[str]]:
        """Return a plan given as YAML or JSON, and a sentence for each mistake in it; nothing is run.

        The service reads it, since it knows the steps: the plan comes back with every parameter.
        """
        answer = self._transport.json("POST", "plans/check/", body={"yaml": yaml})
        mistakes = []
        for row in answer["errors"]:
            where = [f"step {row['step']}"] if row["step"] else []
            mistakes.append(": ".join([", ".join([*where, *([row["param"]] if row["param"] else [])]), row["message"]]))
        return dict(answer["steps"]), mistakes

    def start(self, version_id: int, *, steps: Any = None, plan: int | None = None) -> tuple[Run, Job]:
        """Send the job that applies a plan to a version.

        Args:
            version_id: The input.
            steps: A plan as `default_plan` returns it; the default plan when neither this nor `plan` is given.
            plan: The number of a saved plan.

        Raises:
            InvalidRequest: ``plan_invalid``, naming step, parameter and mend.
        """
        body = {"version": version_id, "steps": steps, "plan": plan}
        answer = self._transport.json(
            "POST", "runs/", body={name: value for name, value in body.items() if value is not None}
        )
        return Run.parse(answer["run"]), Job.parse(answer["job"])

    def get(self, run_id: int) -> Run:
        """Return one run; its report is there once the job has ended."""
        return Run.parse(self._transport.json("GET", f"runs/{run_id}/"))

    def drops(self, run_id: int, *, step: str | None = None, reason: str | None = None) -> Iterator[dict[str, Any]]:
        """Give the dropped items with step, reason and detail."""
        return each_item(self._transport, f"runs/{run_id}/drops/", {"step": step, "reason": reason})

    def findings(self, run_id: int, *, code: str | None = None) -> Iterator[dict[str, Any]]:
        """Give what a person should look at."""
        return each_row(self._transport, f"runs/{run_id}/findings/", {"code": code})
