"""Which questions a project asks now, and how answers to earlier ones are brought along."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import NotFound
from labeling.engine.schema import Answer, AnswerError, Schema, parse_schema, validate_answer
from labeling.engine.schema_change import KINDS, Moved, SchemaChange, move_answer
from labeling.models import Project, SchemaRevision

SCHEMAS_KEPT = 1_000
_current: dict[tuple[int, int], "CurrentSchema"] = {}


@dataclass(frozen=True, slots=True)
class CurrentSchema:
    """A project's questions and their number."""

    schema: Schema
    revision: int


@lru_cache(maxsize=256)
def schema_of(text: str) -> Schema:
    """Return the parsed schema of a project from its stored JSON text."""
    return parse_schema(orjson.loads(text))


def current_schema(actor: Actor, project_id: int) -> CurrentSchema:
    """Return the questions as this process knows them; whoever writes compares the number and calls `forget_schema`.

    Raises:
        NotFound: No such project, or not this actor's to see.
    """
    # Whose it is, is asked again by every statement that reads or writes an answer.
    found = _current.get((actor.organization_id, project_id))
    if found is None:
        rows = Project.objects.visible_to(actor).filter(pk=project_id)
        row = rows.values_list("schema", "schema_revision").first()
        if row is None:
            raise NotFound(_("There is no such project."))
        if len(_current) >= SCHEMAS_KEPT:
            _current.clear()
        found = _current[(actor.organization_id, project_id)] = CurrentSchema(parse_schema(row[0]), row[1])
    return found


def forget_schema(actor: Actor, project_id: int) -> None:
    """Read the questions anew next time, since the database has others."""
    _current.pop((actor.organization_id, project_id), None)


def changes_of(project_id: int) -> dict[int, SchemaChange]:
    """Return every change of a project's questions by the number that it led to."""
    return {row.revision: change_of(row) for row in SchemaRevision.objects.filter(project_id=project_id)}


def change_of(row: SchemaRevision) -> SchemaChange:
    """Return a stored change as the engine takes it."""
    return SchemaChange(
        parse_schema(row.before),
        parse_schema(row.after),
        {(control, value): to for control, value, to in row.renamed},
        frozenset((control, value) for control, value in row.reopened),
    )


def move_through(
    changes: dict[int, SchemaChange], answer: Answer, data: dict[str, Any] | None, *, since: int, until: int
) -> Moved:
    """Return what an answer to the questions `since` comes to under those of `until`, and the worst that befell it."""
    worst = 0
    for number in range(since + 1, until + 1):
        moved = move_answer(changes[number], answer, data)
        answer = moved.answer
        # Whether something is missing is said by the last change alone.
        worst = max(worst if KINDS[worst] != "incomplete" else KINDS.index("reduced"), KINDS.index(moved.kind))
    return Moved(KINDS[worst], answer)


def bring_along(
    changes: dict[int, SchemaChange], answer: Any, data: dict[str, Any] | None, *, since: int, until: int
) -> Answer:
    """Return an answer to earlier questions as an answer to the present ones.

    Raises:
        AnswerError: It did not fit the earlier questions, or what is left of it does not fit the present ones.
    """
    moved = validate_answer(changes[since + 1].old, answer, data)
    for number in range(since + 1, until + 1):
        found = move_answer(changes[number], moved, data)
        if found.kind == "reopened":
            raise AnswerError("", "The questions were changed and this is asked again.", "Load the page again.")
        moved = found.answer
    return validate_answer(changes[until].new, moved, data)


def bring_draft_along(
    changes: dict[int, SchemaChange], answer: Any, data: dict[str, Any] | None, *, since: int, until: int
) -> Answer:
    """Return a draft of earlier questions as far as the present ones take it; nothing of it needs to be complete.

    Raises:
        AnswerError: It did not fit the earlier questions even as a draft.
    """
    moved = validate_answer(changes[since + 1].old, answer, data, draft=True)
    for number in range(since + 1, until + 1):
        moved = move_answer(changes[number], moved, data).answer
    return moved
