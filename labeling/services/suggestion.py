"""Models' answers to tasks, stored for the page to show."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.schema import AnswerError, Schema, parse_schema, validate_answer
from labeling.models import Lease, Project, Suggestion, Task
from labeling.services.project import find_project

# An item's number, its answer, and how sure whoever suggests it is, None when that is not known.
Suggested = tuple[int, dict[str, Any], float | None]
LONGEST_SOURCE = 120
ROWS_AT_ONCE = 1_000

# Tasks that are full need no suggestion, and those of an audit of accepted answers must have none. An older one that
# nobody was shown goes; one that somebody may have seen stays, so that an answer can say which it was.
_REPLACE = """
WITH wanted AS MATERIALIZED (
  SELECT DISTINCT ON (t.id) t.id AS task_id, n.answer, n.confidence, n.reason
  FROM new_suggestion n JOIN labeling_task t ON t.project_id = %(project)s AND t.item_id = n.item_id
  WHERE (t.open_slots > 0 OR t.is_gold
     OR EXISTS (SELECT FROM labeling_lease l WHERE l.task_id = t.id AND l.expires_at IS NOT NULL))
    AND NOT EXISTS (SELECT FROM labeling_modellabel m WHERE m.task_id = t.id)
  ORDER BY t.id),
gone AS (
  DELETE FROM labeling_suggestion s USING wanted
  WHERE NOT %(keep)s AND s.task_id = wanted.task_id
    AND NOT EXISTS (SELECT FROM labeling_lease l WHERE l.task_id = s.task_id))
INSERT INTO labeling_suggestion (project_id, task_id, source, answer, confidence, reason, created_at)
SELECT %(project)s, task_id, %(source)s, answer, confidence, reason, now() FROM wanted
WHERE NOT (%(keep)s AND EXISTS (
  SELECT FROM labeling_suggestion s
  WHERE s.task_id = wanted.task_id AND s.source = %(source)s AND s.answer = wanted.answer))
ORDER BY task_id
"""


@transaction.atomic
def store_suggestions(
    *,
    actor: Actor,
    project_id: int,
    source: str,
    rows: Iterable[Suggested],
    reasons: Mapping[int, str] | None = None,
    partial: bool = False,
    keep: bool = False,
) -> int:
    """Store a model's answers and return how many were kept; tasks that are full are passed over.

    Args:
        actor: For whom the model works.
        project_id: The project.
        source: Name of the model as annotators and managers read it, at most 120 characters.
        rows: (item_id, answer, confidence); the answer fits the project's schema, the confidence is 0 to 1 or None.
        reasons: By item_id why its task stands where it does, a code of ``modeling.engine.active``.
        partial: Also keep answers that leave open what must be answered; a person completes them.
        keep: Earlier suggestions stay, also those that nobody was shown; the same one is not stored twice.

    Raises:
        NotFound: No such project.
        DomainError: ``suggestion_invalid`` when an answer does not fit the schema; nothing is stored then.
    """
    project = find_project(actor=actor, project_id=project_id)
    schema = parse_schema(project.schema)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.new_suggestion")
        cursor.execute(
            "CREATE TEMP TABLE new_suggestion (item_id bigint, answer jsonb, confidence float8, reason text) "
            "ON COMMIT DROP"
        )
        for batch in _checked_batches(project, schema, rows, partial):
            with cursor.copy("COPY new_suggestion FROM STDIN") as copy:
                for row in batch:
                    copy.write_row((*row, (reasons or {}).get(row[0], "")))
        cursor.execute(_REPLACE, {"project": project.pk, "source": source[:LONGEST_SOURCE], "keep": keep})
        return int(cursor.rowcount)


def _checked_batches(
    project: Project, schema: Schema, rows: Iterable[Suggested], partial: bool
) -> Iterator[list[tuple[int, str, float | None]]]:
    """Give the rows with their answers in normal form, as JSON text; an item without a task is left out."""
    rest = iter(rows)
    known: dict[bytes, str] = {}
    while batch := list(islice(rest, ROWS_AT_ONCE)):
        if schema.pointed:
            items = Task.objects.filter(
                project=project, item_id__in=[int(item_id) for item_id, _answer, _share in batch]
            )
            shown = dict(items.values_list("item_id", "data"))
            yield [
                (int(item_id), _checked(schema, answer, shown[item_id], partial=partial), _share(confidence))
                for item_id, answer, confidence in batch
                if item_id in shown
            ]
            continue
        # Labels of a quick head repeat, so each is checked once.
        for _item, answer, _confidence in batch:
            key = orjson.dumps(answer)
            if key not in known:
                known[key] = _checked(schema, answer, partial=partial)
        yield [(int(item), known[orjson.dumps(answer)], _share(confidence)) for item, answer, confidence in batch]


def _checked(schema: Schema, answer: Any, data: Any = None, *, partial: bool = False) -> str:
    try:
        return orjson.dumps(validate_answer(schema, answer, data, draft=partial)).decode()
    except AnswerError as error:
        raise DomainError("suggestion_invalid", f"{error.what} {error.mend}", where=error.where) from None


def _share(confidence: float | None) -> float | None:
    if confidence is None:
        return None
    value = float(confidence)
    if not 0 <= value <= 1:
        raise DomainError("suggestion_invalid", _("A confidence must lie between 0 and 1."), where="confidence")
    return value


@transaction.atomic
def remove_suggestion(*, actor: Actor, suggestion_id: int) -> None:
    """Take a suggestion away that nobody was shown; one that somebody may have seen stays, so that answers can say it.

    Raises:
        NotFound: No such suggestion. Conflict: ``suggestion_seen``.
    """
    row = Suggestion.objects.visible_to(actor).filter(pk=suggestion_id).first()
    if row is None:
        raise NotFound(_("There is no such suggestion."))
    # A lease takes the task's row first, so nobody is shown it while this looks.
    Task.objects.select_for_update(no_key=True).get(pk=row.task_id)
    if Lease.objects.filter(task_id=row.task_id).exists():
        raise Conflict("suggestion_seen", _("Somebody has this task or answered it, so its suggestions stay."))
    row.delete()
