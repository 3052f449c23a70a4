"""Versions: immutable states of datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assay_client._exceptions import UnexpectedAnswer
from assay_client._paging import each_item
from assay_client._records import Job, Version
from assay_client._resources.download import save_url
from assay_client._resources.job import Jobs
from assay_client._transport import Transport

# The archives are there for versions with pictures; that with originals needs the scope data.write.
FORMATS = ("parquet", "csv", "jsonl", "zip", "zip-originals")


class Versions:
    """Immutable states of datasets."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self._transport = transport
        self._jobs = jobs

    def get(self, version_id: int) -> Version:
        """Return one version, with its manifest."""
        return Version.parse(self._transport.json("GET", f"versions/{version_id}/"))

    def items(self, version_id: int, *, label: str | None = None, offset: int = 0) -> Iterator[dict[str, Any]]:
        """Give the items in the version's order, 200 a request.

        Args:
            version_id: The version.
            label: Only items with exactly this label.
            offset: Where to begin, from 0.
        """
        return each_item(self._transport, f"versions/{version_id}/items/", {"label": label}, offset=offset)

    def page(self, version_id: int, *, offset: int = 0, limit: int = 50, label: str | None = None) -> dict[str, Any]:
        """Return one page of items: results, offset, limit and total."""
        params = {"offset": offset, "limit": limit, "label": label}
        return dict(self._transport.json("GET", f"versions/{version_id}/items/", params=params))

    def item(self, version_id: int, item_id: int) -> dict[str, Any]:
        """Return one item of a version."""
        return dict(self._transport.json("GET", f"versions/{version_id}/items/{item_id}/"))

    def download(
        self,
        version_id: int,
        path: str | Path,
        *,
        file_format: str = "parquet",
        on_job: Callable[[Job], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Write a version as one file and return its bytes.

        Args:
            version_id: The version.
            path: Where to write.
            file_format: parquet, csv or jsonl; of pictures also zip, and zip-originals with all their metadata.
            on_job: Called while the server writes the file, which it does once for each version and format.
            on_progress: Called with the bytes had and the bytes in all.
        """
        place, query = f"versions/{version_id}/download/", {"format": file_format}
        answer = self._transport.json("GET", place, params=query)
        if not answer.get("url"):
            self._jobs.wait(Job.parse(answer["job"]), on_progress=on_job)
            answer = self._transport.json("GET", place, params=query)
        if not answer.get("url"):
            raise UnexpectedAnswer("The server wrote the file but gives no address for it.")
        return save_url(self._transport, answer["url"], path, on_progress)
