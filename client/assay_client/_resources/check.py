"""Checks: questions about augmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Check, Job, Training
from assay_client._transport import Transport


class Checks:
    """How trained models stand changed items, and what a policy of augmentation gains."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(self, kind: str, **asked: Any) -> tuple[Check, Job]:
        """Send the job that answers a question.

        Args:
            kind: ``robustness`` or ``safety`` of a training; ``ablation`` or ``proposal``, which train.
            asked: ``training``, or ``version`` with ``family``, ``task``, ``answer`` and ``params``; ``policy`` (YAML,
                a mapping, or a name such as ``typing``); ``seeds``, ``seed``, ``budget``, ``split``, ``least_safe``,
                ``uses``, ``name``. What is None is left out.
        """
        body = {"kind": kind, **{name: value for name, value in asked.items() if value is not None}}
        sent = self._transport.json("POST", "checks/", body=body)
        return Check.parse(sent["check"]), Job.parse(sent["job"])

    def list(
        self, *, version: int | None = None, training: int | None = None, kind: str | None = None
    ) -> Iterator[Check]:
        """Give the checks, newest first, without their reports."""
        return each(self._transport, "checks/", Check, {"version": version, "training": training, "kind": kind})

    def get(self, check_id: int) -> Check:
        """Return one check; `report` is there once its job has succeeded."""
        return Check.parse(self._transport.json("GET", f"checks/{check_id}/"))

    def disagreements(self, check_id: int, step: int = 1) -> Sequence[dict[str, Any]]:
        """Return copies of items on which the model changed its mind, of one step of a check of label safety."""
        found = self._transport.json("GET", f"checks/{check_id}/disagreements/", params={"step": step})
        return [dict(row) for row in found["results"]]

    def train(self, check_id: int, *, name: str = "") -> tuple[Training, Job]:
        """Train with the policy of an ablation, or with the one that a search proposed."""
        sent = self._transport.json("POST", f"checks/{check_id}/train/", body={"name": name} if name else {})
        return Training.parse(sent["training"]), Job.parse(sent["job"])
