"""The items of a project with all that was said of them, one after the other, as formats are written from them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
from django.db import connection

from curation.engine.pictures.facts import FACTS
from curation.engine.reader import VersionReader
from labeling.engine.agreed_answers import agreed_answers
from labeling.engine.consensus import canonical, majority
from labeling.engine.formats.record import Answer, Record, Said
from labeling.engine.schema import Schema
from labeling.models import DisputeState, Project

# Items whose answers are in memory at once.
BATCH = 2_000
FILE, WIDTH, HEIGHT = "image_file", "image_width", "image_height"
# What the import found out about pictures, and no column of the client's.
_OF_PICTURES = frozenset({FILE, WIDTH, HEIGHT, *FACTS})

_ANSWERS = """
SELECT t.item_id, a.annotator_id, COALESCE(NULLIF(u.name, ''), u.email), a.answer::text, a.skipped,
  to_char(a.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
FROM labeling_task t
JOIN labeling_annotation a ON a.task_id = t.id
JOIN accounts_user u ON u.id = a.annotator_id
WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s)
  AND (a.verdict <> '' OR NOT %(only_reviewed)s) AND (a.gold = '' OR %(with_gold)s)
ORDER BY t.item_id, a.created_at, a.id
"""
_TASKS = "SELECT item_id FROM labeling_task WHERE project_id = %(project)s AND item_id = ANY(%(items)s)"
_DECIDED = """
SELECT t.item_id, d.answer::text FROM labeling_adjudication d JOIN labeling_task t ON t.id = d.task_id
WHERE d.project_id = %(project)s AND d.state = %(state)s AND t.item_id = ANY(%(items)s) AND d.answer IS NOT NULL
"""
_SUGGESTIONS = """
SELECT DISTINCT ON (t.item_id, s.source) t.item_id, s.source, s.answer::text, s.confidence, s.created_at
FROM labeling_task t JOIN labeling_suggestion s ON s.task_id = t.id
WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s)
ORDER BY t.item_id, s.source, s.id DESC
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a project is exported.

    Attributes:
        only_answered: Leave out items that nobody answered.
        only_reviewed: Only answers that a reviewer accepted or fixed.
        with_gold: Also answers to items whose right answer was known.
        with_predictions: Also what models suggested.
    """

    only_answered: bool = True
    only_reviewed: bool = False
    with_gold: bool = False
    with_predictions: bool = False


def records_of(project: Project, schema: Schema, reader: VersionReader, choice: Choice) -> Iterator[Record]:
    """Give the items of a project in the order of its version; memory is bounded by BATCH of them.

    The final answer is what somebody decided, or else what people agree on; where they do not, it lacks that question.
    """
    picture = reader.manifest.roles.get("image", "")
    left = {"item_id", picture, *(_OF_PICTURES if picture else ())}
    columns = [name for name in reader.schema.names if name not in left]
    for batch in reader.batches(batch_rows=BATCH):
        yield from _of_batch(project, schema, batch, (picture, columns), choice)


def _of_batch(
    project: Project, schema: Schema, batch: pa.RecordBatch, parts: tuple[str, list[str]], choice: Choice
) -> Iterator[Record]:
    picture, columns = parts
    items = batch.column("item_id").to_pylist()
    rows = batch.select([name for name in batch.schema.names if name in columns]).to_pylist()
    said = _answers(project, items, choice)
    predicted = _predictions(project, items) if choice.with_predictions else {}
    decided = _decided(project, items)
    sizes = _sizes(batch)
    final = _final(schema, [said.get(item, []) for item in items], [decided.get(item) for item in items], sizes)
    names = batch.column(FILE).to_pylist() if picture and FILE in batch.schema.names else [None] * len(items)
    hashes = batch.column(picture).to_pylist() if picture else [""] * len(items)
    known = _in_project(project, items)
    for place, item in enumerate(items):
        answers = [one for _who, one in said.get(item, [])]
        if item not in known or (choice.only_answered and not answers and item not in decided):
            continue
        fields = {name: value for name, value in rows[place].items() if value is not None}
        yield Record(
            name=names[place] or str(item),
            fields=fields,
            picture=hashes[place] or "",
            size=sizes[place],
            answers=answers,
            predictions=predicted.get(item, []),
            final=final[place],
        )


def _in_project(project: Project, items: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, {"project": project.pk, "items": items})
        return {item for (item,) in cursor.fetchall()}


def _answers(project: Project, items: list[int], choice: Choice) -> dict[int, list[tuple[int, Said]]]:
    found: dict[int, list[tuple[int, Said]]] = defaultdict(list)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"project": project.pk, "items": items, "only_reviewed": choice.only_reviewed}
        cursor.execute(_ANSWERS, {**values, "with_gold": choice.with_gold})
        for item, who, name, answer, skipped, at in cursor.fetchall():
            given = orjson.loads(answer) if answer and not skipped else {}
            found[item].append((who, Said(given, name, f"{at.removesuffix('.000000')}+00:00", skipped)))
    return found


def _predictions(project: Project, items: list[int]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SUGGESTIONS, {"project": project.pk, "items": items})
        for item, source, answer, confidence, at in cursor.fetchall():
            found[item].append(Said(orjson.loads(answer), source, at.isoformat(), confidence=confidence))
    return found


def _decided(project: Project, items: list[int]) -> dict[int, Answer]:
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, {"project": project.pk, "items": items, "state": DisputeState.DECIDED})
        return {item: orjson.loads(answer) for item, answer in cursor.fetchall()}


def _sizes(batch: pa.RecordBatch) -> list[tuple[int, int]]:
    if WIDTH not in batch.schema.names or HEIGHT not in batch.schema.names:
        return [(0, 0)] * batch.num_rows
    wide, high = batch.column(WIDTH).to_pylist(), batch.column(HEIGHT).to_pylist()
    return [(int(width or 0), int(height or 0)) for width, height in zip(wide, high, strict=True)]


def _final(
    schema: Schema,
    said: list[list[tuple[int, Said]]],
    decided: list[Answer | None],
    sizes: list[tuple[int, int]],
) -> list[Answer | None]:
    """Return what counts of the answers to each item; None where nobody answered."""
    given = [[(str(who), one.answer) for who, one in rows if not one.skipped] for rows in said]
    if all(final is None and len(answers) < 2 for answers, final in zip(given, decided, strict=True)):
        # Of one answer this is the answer.
        return [_filled(answers[0][1]) if answers else None for answers in given]
    longer = {control.name: [float(max(size)) or None for size in sizes] for control in schema.controls}
    agreed = agreed_answers(schema, given, sizes=longer)
    found: list[Answer | None] = []
    for answers, others, final in zip(given, agreed, decided, strict=True):
        if final is not None:
            found.append(final)
        elif not answers:
            found.append(None)
        else:
            label = _label(schema, [answer for _who, answer in answers])
            found.append({**label, **_filled(others)})
    return found


def _filled(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if value or value in (0, "")}


def _label(schema: Schema, answers: list[Answer]) -> Answer:
    """Return the answer to the question that classifies which most people gave; nothing where two lead together."""
    if schema.classifier is None:
        return {}
    name = schema.classifier.name
    by_label = {canonical(answer[name]): answer[name] for answer in answers if answer.get(name)}
    if not by_label:
        return {}
    vote = majority(list(Counter(canonical(answer[name]) for answer in answers if answer.get(name)).elements()))
    return {} if vote.label is None else {name: by_label[vote.label]}
