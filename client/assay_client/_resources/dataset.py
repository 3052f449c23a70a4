"""Datasets."""

from __future__ import annotations

from collections.abc import Iterator

from assay_client._paging import each
from assay_client._records import Dataset, Version
from assay_client._transport import Transport


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

    def trash(self, dataset_id: int) -> None:
        """Move a dataset to the trash; an operator can bring it back."""
        self._transport.json("DELETE", f"datasets/{dataset_id}/")
