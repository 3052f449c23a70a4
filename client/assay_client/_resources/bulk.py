"""Bulk answers: one answer given to many items at once, and undone at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Bulk
from assay_client._transport import Transport


class Bulks:
    """One answer of yours to many items of a project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def give(
        self,
        project_id: int,
        answer: Mapping[str, Any],
        *,
        items: Sequence[int] | None = None,
        where: Mapping[str, Any] | None = None,
        change_own: bool = False,
        client_key: str | None = None,
    ) -> Bulk:
        """Give one answer to many items; of more than 500 a job does it, which ``job`` of the result names.

        Items that have all their answers, or that somebody else has just now, are passed over and counted.

        Args:
            project_id: The project; it must ask one choice or taxonomy, as its grid does.
            answer: Such as ``{"label": ["spam"]}``.
            items: Numbers of the items, 10,000 at most; or else:
            where: What they are found by: ``q`` text, ``state`` (``open``, ``answered``, ``todo``, ``skipped``),
                ``label`` and ``suggested`` as ``control=label``, ``least`` confidence, ``column`` with ``value``,
                ``like`` an item, ``cluster``. An empty one is every item.
            change_own: Change your earlier answers too; otherwise they are passed over.
            client_key: A UUID; sending the same one again answers once.

        Raises:
            Conflict: ``project_paused``, ``grid_not_offered``, ``questions_changing``.
            InvalidRequest: ``answer_invalid``, ``filter_invalid``.
        """
        body: dict[str, Any] = {"answer": dict(answer), "change_own": change_own}
        # Made here, so that an order whose reply was lost on the way is not carried out twice.
        body["client_key"] = client_key or str(uuid.uuid4())
        if items is not None:
            body["items"] = [int(item) for item in items]
        if where is not None:
            body["filter"] = dict(where)
        return Bulk.parse(self._transport.json("POST", f"projects/{project_id}/bulk/", body=body))

    def count(self, project_id: int, **where: Any) -> tuple[int, bool]:
        """Return how many items a filter (as for `give`) finds, 10,000 at most, and whether these are all."""
        answer = self._transport.json("GET", f"projects/{project_id}/bulk/count/", params=where)
        return int(answer["count"]), bool(answer["is_all"])

    def list(self, project_id: int) -> Iterator[Bulk]:
        """Give the bulk answers of a project, newest first; people who only label see their own."""
        return each(self._transport, f"projects/{project_id}/bulk/", Bulk)

    def get(self, bulk_id: int) -> Bulk:
        """Return bulk answers and what became of them."""
        return Bulk.parse(self._transport.json("GET", f"bulk/{bulk_id}/"))

    def undo(self, bulk_id: int) -> Bulk:
        """Take back what nobody changed since; of more than 500 a job does it. Twice changes nothing."""
        return Bulk.parse(self._transport.json("POST", f"bulk/{bulk_id}/undo/"))
