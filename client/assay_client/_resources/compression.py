"""Compressions: searches for a smaller form of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Bundle, Compression, Job, Training
from assay_client._transport import Transport


class Compressions:
    """Exports and students of a model, each measured, and the smallest within limits."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(
        self,
        model_id: int,
        *,
        limit_drop: float | None = None,
        limit_bytes: int | None = None,
        limit_ms: float | None = None,
        recipes: Sequence[str] = (),
        seed: int = 0,
    ) -> tuple[Compression, Job]:
        """Send the job that looks for a smaller form of a model.

        Args:
            model_id: The model, as `Training.model` names it.
            limit_drop: Points (0 to 100) of the main figure that may be lost; the service's default when left out.
            limit_bytes: Of the bundle; any when left out.
            limit_ms: Milliseconds of the median answer; any when left out.
            recipes: Names of the candidates to try, all when empty.
            seed: Of every random choice.
        """
        body: dict[str, Any] = {"model": model_id, "recipes": list(recipes), "seed": seed}
        limits = {"limit_drop": limit_drop, "limit_bytes": limit_bytes, "limit_ms": limit_ms}
        body |= {name: value for name, value in limits.items() if value is not None}
        answer = self._transport.json("POST", "compressions/", body=body)
        return Compression.parse(answer["compression"]), Job.parse(answer["job"])

    def list(self, *, model: int | None = None) -> Iterator[Compression]:
        """Give the searches, newest first."""
        return each(self._transport, "compressions/", Compression, {"model": model})

    def get(self, compression_id: int) -> Compression:
        """Return one search; once it is over, its `report` has all candidates, the front and the proposed one."""
        return Compression.parse(self._transport.json("GET", f"compressions/{compression_id}/"))

    def export(self, compression_id: int, candidate: str = "") -> tuple[Training | None, Bundle | None, Job]:
        """Make a bundle of a candidate of the front; of the proposed one when none is named.

        Returns:
            Of a student the training that keeps its model, of an export of the model itself the bundle, the other being
            None; and the job. The job of a student ends with the bundle's number in its result.
        """
        answer = self._transport.json("POST", f"compressions/{compression_id}/export/", body={"candidate": candidate})
        training, bundle = answer["training"], answer["bundle"]
        return (
            Training.parse(training) if training else None,
            Bundle.parse(bundle) if bundle else None,
            Job.parse(answer["job"]),
        )
