"""Datasets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay_client._paging import each
from assay_client._records import Dataset, Fetch, Job, Version
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
        append: bool = False,
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
            append: Add each batch to the newest version, instead of making a version of it alone.
            provenance: ``licence``, ``source``, ``consent``, ``collected_on`` (YYYY-MM-DD).

        Raises:
            Conflict: the key was used for other rows.
        """
        said: dict[str, Any] = {name: it for name, it in provenance.items() if it}
        said |= {"roles": dict(roles)} if roles else {}
        said |= {"append": True} if append else {}
        for number, batch in enumerate(batches(rows), 1):
            answer = self._transport.json(
                "POST",
                f"datasets/{dataset_id}/items/",
                body={"rows": batch, **said},
                headers={"Idempotency-Key": f"{key}-{number}"},
                again=True,
            )
            yield Job.parse(answer)

    def fetch(
        self,
        dataset_id: int,
        urls: Iterable[str],
        *,
        append: bool = False,
        options: Mapping[str, Any] | None = None,
        **provenance: str,
    ) -> Job:
        """Have the service fetch files from web addresses and import the rows of all of them as one version.

        Args:
            dataset_id: Where the rows belong.
            urls: 1 to 1,000 addresses of files.
            append: Add the rows to the newest version.
            options: How every file is to be read: format, encoding, delimiter, header, sheet, roles.
            provenance: ``licence``, ``source``, ``consent``, ``collected_on`` (YYYY-MM-DD).

        Returns:
            The job; `fetches` says what became of each address.
        """
        said = {name: value for name, value in provenance.items() if value}
        body = {"urls": list(urls), "append": append, **(options or {}), **said}
        return Job.parse(self._transport.json("POST", f"datasets/{dataset_id}/fetches/", body=body))

    def fetches(self, job_id: int) -> Iterator[Fetch]:
        """Give the files that a job got itself, from addresses or a bucket, in their order."""
        return each(self._transport, f"jobs/{job_id}/fetches/", Fetch)

    def retry_fetches(self, job_id: int) -> Job:
        """Try the refused addresses of a job again; what comes is added to the newest version.

        Raises:
            Conflict: nothing was refused, or the job still runs.
        """
        return Job.parse(self._transport.json("POST", f"jobs/{job_id}/fetches/retry/"))

    def trash(self, dataset_id: int) -> None:
        """Move a dataset to the trash; an operator can bring it back."""
        self._transport.json("DELETE", f"datasets/{dataset_id}/")
