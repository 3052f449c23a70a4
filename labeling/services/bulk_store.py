"""One batch of a bulk: the same answer to some tasks, stored as a person's own answers are, in one transaction.

The order of locks is that of `labeling.services.queue`, with the bulk's own row before everything else: the bulk, the
person's progress row, leases, tasks by id. Whoever labels meanwhile waits for none but the tasks of one batch.
"""

import uuid
from collections import Counter
from typing import Any

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Conflict
from labeling.engine.schema import Answer, AnswerError, Schema, labels_of, validate_answer
from labeling.models import Annotation, AnnotationRevision, Bulk, BulkTask
from labeling.services.answer import STORE, TAKE_AGAIN
from labeling.services.counting import Counters
from labeling.services.gold_check import recheck
from labeling.services.queue import Desk
from labeling.services.schema_revision import schema_of

# What became of a task. The first two are answers of this bulk; the others were passed over.
STORED, CHANGED = "stored", "changed"
# The same answer stood there; an earlier one was to stay; one to earlier questions; nobody more is wanted; somebody
# has it just now; there is no such task.
SAME, ANSWERED, EARLIER, FULL, LEASED, UNKNOWN = "same", "answered", "earlier", "full", "leased", "unknown"
OUTCOMES = (STORED, CHANGED, SAME, ANSWERED, EARLIER, FULL, LEASED, UNKNOWN)
# A batch of this many short answers takes about 0.1 s (bench/bulk_labels.py).
BATCH = 500


def checked_answer(desk: Desk, answer: Answer) -> Answer:
    """Return the answer as the questions of this moment take it.

    Raises:
        Conflict: ``questions_changed`` when they do not.
    """
    try:
        return validate_answer(schema_of(desk.schema), answer)
    except AnswerError as error:
        detail = _("The questions were changed meanwhile, and this answer does not fit them: %(what)s")
        raise Conflict("questions_changed", detail % {"what": error.what}) from None


def store_batch(cursor: Any, desk: Desk, bulk: Bulk, tasks: list[int]) -> Counter[str]:
    """Give the bulk's answer to tasks of its project and return how many came to what.

    The caller has locked the bulk and the person's progress row.
    """
    schema = schema_of(desk.schema)
    answer = checked_answer(desk, bulk.answer)
    counts: Counter[str] = Counter()
    own = Annotation.objects.filter(task__in=tasks, annotator=desk.annotator_id).order_by("pk")
    before = {row.task_id: row for row in own}
    fresh = [task for task in tasks if task not in before]
    stored = _answer(cursor, desk, bulk, schema, answer, fresh)
    counts[STORED] = len(stored)
    counts += _reasons(cursor, [task for task in fresh if task not in stored])
    rows = [BulkTask(bulk=bulk, task_id=task, annotation_number=number, revision=1) for task, number in stored.items()]
    if bulk.change_own:
        rows += _change(cursor, desk, bulk, answer, list(before.values()), counts)
    else:
        same = sum(row.answer == answer for row in before.values())
        counts += Counter({SAME: same, ANSWERED: len(before) - same})
    BulkTask.objects.bulk_create(rows)
    return +counts


# In the order in which everybody locks leases, before any task.
_MINE = """
SELECT task_id FROM labeling_lease WHERE annotator_id = %(annotator)s AND task_id = ANY(%(tasks)s)
ORDER BY id FOR UPDATE
"""


def _answer(cursor: Any, desk: Desk, bulk: Bulk, schema: Schema, answer: Answer, tasks: list[int]) -> dict[int, int]:
    """Answer the tasks on which this person has a place or gets one; return answers by task."""
    values = {"annotator": desk.annotator_id, "project": desk.project_id, "tasks": tasks}
    cursor.execute(_MINE, values)
    placed = [row[0] for row in cursor.fetchall()]
    held = set(placed)
    free = [] if desk.is_newcomer else [task for task in tasks if task not in held]
    cursor.execute(TAKE_AGAIN, {**values, "tasks": free})
    placed += [row[0] for row in cursor.fetchall()]
    if not placed:
        return {}
    labels = labels_of(schema, answer)
    # The seconds of a bulk say nothing about the work on one item, so none are counted.
    rows = [
        {"key": str(uuid.uuid5(bulk.client_key, str(task))), "task_id": task, "answer": answer, "labels": labels}
        | {"skipped": False, "reason": "", "seconds": 0.0, "suggestion": None, "token": None}
        for task in sorted(placed)
    ]
    cursor.execute(
        STORE,
        {
            "annotator": desk.annotator_id,
            "project": desk.project_id,
            "organization": None,
            "revision": desk.schema_revision,
            "rows": orjson.dumps(rows).decode(),
        },
    )
    return {task: number for number, task, _is_gold in cursor.fetchall()}


_LEASED_NOW = """
SELECT count(*) FILTER (WHERE EXISTS (
  SELECT FROM labeling_lease l WHERE l.task_id = t.id AND l.expires_at IS NOT NULL)), count(*)
FROM labeling_task t WHERE t.id = ANY(%s)
"""


def _reasons(cursor: Any, tasks: list[int]) -> Counter[str]:
    """Say of tasks without a free place whether somebody is at them, or everybody wanted has answered."""
    if not tasks:
        return Counter()
    cursor.execute(_LEASED_NOW, [tasks])
    leased, known = cursor.fetchone()
    return Counter({LEASED: leased, FULL: known - leased, UNKNOWN: len(tasks) - known})


def _change(
    cursor: Any, desk: Desk, bulk: Bulk, answer: Answer, rows: list[Annotation], counts: Counter[str]
) -> list[BulkTask]:
    """Correct earlier answers of this person, as `change_annotation` does one, and return what was changed."""
    current = [row for row in rows if row.schema_revision == desk.schema_revision]
    counts[EARLIER] += len(rows) - len(current)
    others = [row for row in current if row.skipped or row.answer != answer]
    counts[SAME] += len(current) - len(others)
    counts[CHANGED] += len(others)
    rewrite(cursor, desk, [(row, answer, False) for row in others])
    return [
        BulkTask(
            bulk=bulk,
            task_id=row.task_id,
            annotation_number=row.pk,
            revision=row.revision,
            revision_before=row.revision - 1,
        )
        for row in others
    ]


def rewrite(cursor: Any, desk: Desk, changes: list[tuple[Annotation, Answer | None, bool]]) -> None:
    """Give answers other contents, with a revision each, and move the counters of their one person.

    Args:
        cursor: Of the caller's transaction, which has locked the person's progress row.
        desk: That person's.
        changes: The answer as it stands, its new contents, which fit the questions of this moment, and whether that is
            skipping the task.
    """
    if not changes:
        return
    now = timezone.now()
    AnnotationRevision.objects.bulk_create(
        [AnnotationRevision.of(row, ended_at=now, taken_back=False) for row, _answer, _skipped in changes]
    )
    counters = Counters(desk, [row for row, _answer, _skipped in changes])
    for row, _answer, _skipped in changes:
        counters.take_off(row)
    for row, answer, is_skipped in changes:
        row.accepted_suggestion = counters.is_as_suggested(row, answer)
        row.answer, row.skipped = answer, is_skipped
        row.revision, row.updated_at = row.revision + 1, now
        row.schema_revision, row.incomplete = desk.schema_revision, False
        # What a reviewer said was said of another answer.
        row.verdict, row.reviewer_id, row.reviewed_at = "", None, None
    recheck(desk, [row for row, _answer, _skipped in changes])
    for row, _answer, _skipped in changes:
        counters.put_on(row)
    Annotation.objects.bulk_update(
        [row for row, _answer, _skipped in changes],
        [
            "answer", "skipped", "accepted_suggestion", "revision", "updated_at", "schema_revision", "incomplete",
            "verdict", "reviewer", "reviewed_at", "gold",
        ],
    )  # fmt: skip
    counters.write(cursor)
