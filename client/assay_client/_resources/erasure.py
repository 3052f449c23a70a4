"""Persons who are erased from everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Erasure
from assay_client._transport import Transport


class Erasures:
    """Persons who are erased: searched, reviewed, confirmed, certified. Only owners may."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, reference: str, **sought: Any) -> Erasure:
        """Send the job that searches a person; nothing is changed by it.

        Args:
            reference: Number of the case; never the person.
            sought: ``texts``, ``pseudonyms``, ``near``, ``pictures`` (lists), ``identifiers`` (dicts of ``column`` and
                ``value``), ``alike_pictures``.

        Raises:
            InvalidRequest: A value is too short to mean one person, or the like.
        """
        body = {"reference": reference, **{name: value for name, value in sought.items() if value}}
        return Erasure.parse(self._transport.json("POST", "erasures/", body=body))

    def list(self) -> Iterator[Erasure]:
        """Give the erasures, newest first."""
        return each(self._transport, "erasures/", Erasure)

    def get(self, erasure_id: int) -> Erasure:
        """Return one erasure."""
        return Erasure.parse(self._transport.json("GET", f"erasures/{erasure_id}/"))

    def hits(self, erasure_id: int) -> Iterator[dict[str, Any]]:
        """Give the items that were found, each with the cells in which, and where in them."""
        after: int | None = 0
        while after is not None:
            page = self._transport.json("GET", f"erasures/{erasure_id}/hits/", params={"after": after})
            yield from page["results"]
            after = page["next"]

    def keep(self, erasure_id: int, hits: Sequence[int], *, kept: bool = True) -> int:
        """Say that items are somebody else and stay, or that they go after all; return how many were changed."""
        body = {"hits": list(hits), "kept": kept}
        return int(self._transport.json("POST", f"erasures/{erasure_id}/keep/", body=body)["changed"])

    def confirm(self, erasure_id: int, typed: str) -> Erasure:
        """Send the job that erases; nothing of it can be taken back.

        Args:
            erasure_id: The erasure, reviewed.
            typed: Its reference.
        """
        return Erasure.parse(self._transport.json("POST", f"erasures/{erasure_id}/confirm/", body={"typed": typed}))

    def withdraw(self, erasure_id: int) -> Erasure:
        """Give up an erasure that was not confirmed."""
        return Erasure.parse(self._transport.json("POST", f"erasures/{erasure_id}/withdraw/"))

    def certificate(self, erasure_id: int) -> dict[str, Any]:
        """Return the signed certificate of a finished erasure."""
        return dict(self._transport.json("GET", f"erasures/{erasure_id}/certificate/"))
