"""Datasets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay_client._paging import each
from assay_client._records import Dataset, Job, Version
from assay_client._transport import Transport

# The service takes this many rows in one request, and 16 MB.
BATCH_ROWS = 10_000
BATCH_BYTES = 8 << 20


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut rows into lists that fit a request; the same rows are always cut alike.

    Args:
        rows: JSON objects.
    """
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row, ensure_ascii=False).encode())
        if batch and (len(batch) == BATCH_ROWS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(dict(row))
        size += length
    if batch:
        yield batch


class Datasets:
    """A client's data, each under one name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str, description: str = "") -> Dataset:
        """Make an empty dataset.

        Raises:
            Conflict: another dataset has this name.
        """
        body = {"name": name, "description": description}
        return Dataset.parse(self._transport.json("POST", "datasets/", body=body))

    def list(self) -> Iterator[Dataset]:
        """Give every dataset, newest first."""
        return each(self._transport, "datasets/", Dataset)

    def get(self, dataset_id: int) -> Dataset:
        """Return one dataset."""
        return Dataset.parse(self._transport.json("GET", f"datasets/{dataset_id}/"))

    def find(self, name: str) -> Dataset | None:
        """Return the dataset with exactly this name, None when there is none."""
        return next((dataset for dataset in self.list() if dataset.name == name), None)

    def ensure(self, name: str, description: str = "") -> Dataset:
        """Return the dataset with this name, made now when there was none."""
        return self.find(name) or self.create(name, description)

    def versions(self, dataset_id: int) -> Iterator[Version]:
        """Give the versions of a dataset, newest first, without their manifests."""
        return each(self._transport, f"datasets/{dataset_id}/versions/", Version)

    def push(
        self,
        dataset_id: int,
        rows: Iterable[Mapping[str, Any]],
        *,
        key: str,
        roles: Mapping[str, str] | None = None,
        **provenance: str,
    ) -> Iterator[Job]:
        """Send rows in batches; give the job of each batch, which makes a version of it.

        A batch that was sent already is not imported again: a program that stopped half-way calls this once more with
        the same key and the same rows.

        Args:
            dataset_id: Where they belong.
            rows: JSON objects; taken as they are needed.
            key: Your name for these rows, visible ASCII characters; each batch adds its number.
            roles: Which field is ``text``, ``label``, ``id``.
            provenance: ``licence``, ``source``, ``consent``, ``collected_on`` (YYYY-MM-DD).

        Raises:
            Conflict: the key was used for other rows.
        """
        said = {**({"roles": dict(roles)} if roles else {}), **{name: it for name, it in provenance.items() if it}}
        for number, batch in enumerate(batches(rows), 1):
            answer = self._transport.json(
                "POST",
                f"datasets/{dataset_id}/items/",
                body={"rows": batch, **said},
                headers={"Idempotency-Key": f"{key}-{number}"},
                again=True,
            )
            yield Job.parse(answer)

    def trash(self, dataset_id: int) -> None:
        """Move a dataset to the trash; an operator can bring it back."""
        self._transport.json("DELETE", f"datasets/{dataset_id}/")
