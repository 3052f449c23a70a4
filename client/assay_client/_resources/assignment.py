"""Assignments: tasks given to people, and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay_client._paging import each as each_of
from assay_client._records import Assignment
from assay_client._transport import Transport


class Assignments:
    """Who gets which tasks of a project. Needs the scope ``project.write``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def give(
        self,
        project_id: int,
        people: Sequence[int],
        *,
        items: Sequence[int] | None = None,
        where: Mapping[str, Any] | None = None,
        each: int = 1,
        per_person: int | None = None,
        skill_column: str = "",
        client_key: str | None = None,
    ) -> Assignment:
        """Give tasks to people; of more than 500 a job does it, which ``job`` of the result names.

        Each task goes to whoever has got the fewest by this order. Nobody else gets it, and the overlap is never
        exceeded: tasks without a free place are passed over and counted.

        Args:
            project_id: The project.
            people: Ids of members who label.
            items: Numbers of the items, 10,000 at most; or else:
            where: What they are found by, as for `Bulks.give`. An empty one is every item.
            each: Of these people, how many get each task.
            per_person: Tasks for one person at most; None splits all of them evenly.
            skill_column: A column whose value must be among a person's skills, such as ``lang``.
            client_key: A UUID; sending the same one again gives out once.

        Raises:
            InvalidRequest: ``people_invalid``, ``items_invalid``, ``filter_invalid``, ``skills_missing``.
        """
        body = {"kind": "give", "each": each, "per_person": per_person, "skill_column": skill_column}
        return self._send(project_id, people, body, items, where, client_key)

    def take(
        self,
        project_id: int,
        people: Sequence[int],
        *,
        items: Sequence[int] | None = None,
        where: Mapping[str, Any] | None = None,
        client_key: str | None = None,
    ) -> Assignment:
        """Take assigned tasks back from people: all that wait, or those that are named or found. Answers stay."""
        return self._send(project_id, people, {"kind": "take"}, items, where, client_key)

    def _send(
        self, project_id: int, people: Sequence[int], body: dict[str, Any], items: Sequence[int] | None,
        where: Mapping[str, Any] | None, client_key: str | None,
    ) -> Assignment:  # fmt: skip
        body["people"] = [int(person) for person in people]
        # Made here, so that an order whose reply was lost on the way is not carried out twice.
        body["client_key"] = client_key or str(uuid.uuid4())
        if items is not None:
            body["items"] = [int(item) for item in items]
        if where is not None:
            body["filter"] = dict(where)
        return Assignment.parse(self._transport.json("POST", f"projects/{project_id}/assignments/", body=body))

    def list(self, project_id: int) -> Iterator[Assignment]:
        """Give the orders of a project, newest first."""
        return each_of(self._transport, f"projects/{project_id}/assignments/", Assignment)

    def get(self, assignment_id: int) -> Assignment:
        """Return an order and what became of it."""
        return Assignment.parse(self._transport.json("GET", f"assignments/{assignment_id}/"))
