"""Buckets as sources of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay_client._paging import each
from assay_client._records import Job, Source
from assay_client._transport import Transport


class Sources:
    """Buckets whose new files come into a dataset."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, dataset_id: int, name: str, *, endpoint: str, bucket: str, **fields: Any) -> Source:
        """Describe a bucket; nothing is asked of it before the first sync.

        Args:
            dataset_id: Where its rows will belong.
            name: What people call it.
            endpoint: Address of the S3 service, without the bucket.
            bucket: Name of the bucket.
            fields: ``prefix``, ``pattern`` (such as ``*.jsonl``), ``region``, ``keys_name`` (the name of keys that an
                operator keeps on the server), ``options`` (how files are read), ``licence``, ``source``, ``consent``,
                ``collected_on``.

        Raises:
            Conflict: the dataset has a source of this name.
            InvalidRequest: the endpoint is not on the public internet, the keys are not for it, or the like.
        """
        said = {key: value for key, value in fields.items() if value}
        body = {"name": name, "endpoint": endpoint, "bucket": bucket, **said}
        return Source.parse(self._transport.json("POST", f"datasets/{dataset_id}/sources/", body=body))

    def list(self, dataset_id: int) -> Iterator[Source]:
        """Give the sources of a dataset, newest first."""
        return each(self._transport, f"datasets/{dataset_id}/sources/", Source)

    def get(self, source_id: int) -> Source:
        """Return one source."""
        return Source.parse(self._transport.json("GET", f"sources/{source_id}/"))

    def change(self, source_id: int, **fields: Any) -> Source:
        """Change a source; what was taken stays taken, unless it is another bucket now."""
        return Source.parse(self._transport.json("PATCH", f"sources/{source_id}/", body=fields))

    def sync(self, source_id: int, *, again: bool = False) -> Job:
        """Send the job that takes what is new in the bucket and adds it to the dataset's newest version.

        Args:
            source_id: The source.
            again: Also try files that were refused before and have not changed.

        Raises:
            Conflict: it is being synced already.
        """
        return Job.parse(self._transport.json("POST", f"sources/{source_id}/sync/", body={"again": again}))

    def forget(self, source_id: int) -> None:
        """Forget a source and what was taken from it; versions made from it stay."""
        self._transport.json("DELETE", f"sources/{source_id}/")
