"""Trainings: one fit of one model family on one version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Job, Training
from assay_client._transport import Transport


class Trainings:
    """Fits of model families on versions, with their reports."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def families(self) -> Sequence[dict[str, Any]]:
        """Return the families there are to train: name, what, when, cost, params."""
        return [dict(row) for row in self._transport.json("GET", "trainings/families/")["results"]]

    def start(
        self,
        version_id: int,
        family: str,
        *,
        params: dict[str, Any] | None = None,
        seed: int | None = None,
        name: str = "",
    ) -> tuple[Training, Job]:
        """Send the job that trains a family on a version with labels and a split.

        Args:
            version_id: A published version.
            family: A name that `families` lists.
            params: The family's parameters, where its defaults do not suit.
            seed: Seed of all randomness; the same seed, version and machine give the same model.
            name: What the lists call it.
        """
        body = {"version": version_id, "family": family, "params": params, "seed": seed, "name": name or None}
        answer = self._transport.json(
            "POST", "trainings/", body={key: value for key, value in body.items() if value is not None}
        )
        return Training.parse(answer["training"]), Job.parse(answer["job"])

    def list(self, *, version: int | None = None, family: str | None = None) -> Iterator[Training]:
        """Give the trainings, newest first, without their reports."""
        return each(self._transport, "trainings/", Training, {"version": version, "family": family})

    def get(self, training_id: int) -> Training:
        """Return one training; `report` and `model` are there once its job has succeeded."""
        return Training.parse(self._transport.json("GET", f"trainings/{training_id}/"))
