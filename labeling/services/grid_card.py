# ruff: noqa: S608  (the statements are put together from constants; values are parameters)
"""What the grid shows of each task of a page; the number of queries does not depend on how many there are."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection

from labeling.engine.schema import Schema, said_in
from labeling.models import GoldUse, Project
from labeling.services.grid import IS_LESSON, Looker

# Code points of each text: what a card shows and a little more, so that a text of a million characters stays there.
EXCERPT = 320
LESSONS = (GoldUse.TRAINING, GoldUse.TEST)
# Labels that a card lists.
WORDS = 6


@dataclass(slots=True)
class Card:
    """One task of the grid.

    Attributes:
        task: Its number.
        item: The item's number.
        shown: The beginning of each text that the schema shows, as (title, text); empty texts are left out.
        picture: The hash of its picture, empty for none.
        said: Labels that were given, each with how often; people who only label see their own.
        own: Whether this person answered it.
        skipped: Whether this person skipped it.
        answers: How many people answered.
        wanted: How many are to.
        taken: Whether no place is left for this person.
        suggested: What the newest suggestion says.
        confidence: Its confidence, 0 to 1; None when it is not known.
        known: What its known answer is for, a row of GoldUse; empty without one, and for those who may not know.
    """

    task: int
    item: int
    shown: list[tuple[str, str]]
    picture: str = ""
    said: list[tuple[str, int]] = field(default_factory=list)
    own: bool = False
    skipped: bool = False
    answers: int = 0
    wanted: int = 1
    taken: bool = False
    suggested: list[str] = field(default_factory=list)
    confidence: float | None = None
    known: str = ""


_TASKS = f"""
SELECT t.id, t.item_id, CASE WHEN t.is_gold THEN %(overlap)s ELSE t.overlap END,
  t.open_slots = 0 AND (NOT t.is_gold OR {IS_LESSON}) AND (
    SELECT true FROM labeling_lease l WHERE l.task_id = t.id AND l.annotator_id = %(person)s) IS NULL,
  CASE WHEN t.is_gold THEN (SELECT g.use FROM labeling_gold g WHERE g.task_id = t.id) ELSE '' END,
  (SELECT jsonb_object_agg(f, left(t.data ->> f, %(excerpt)s)) FROM unnest(%(fields)s::text[]) AS f)::text
FROM labeling_task t WHERE t.project_id = %(project)s AND t.id = ANY(%(tasks)s::bigint[])
"""
_ANSWERS = """
SELECT task_id, annotator_id, skipped, CASE WHEN annotator_id = %(person)s OR %(sees_all)s THEN answer END::text
FROM labeling_annotation a JOIN labeling_task t ON t.id = a.task_id
WHERE a.task_id = ANY(%(tasks)s::bigint[]) AND (NOT t.is_gold OR %(sees_all)s OR annotator_id = %(person)s)
ORDER BY a.id
"""
_SUGGESTED = """
SELECT t.id, s.answer::text, s.confidence FROM unnest(%(tasks)s::bigint[]) AS t(id), LATERAL (
  SELECT answer, confidence FROM labeling_suggestion WHERE task_id = t.id ORDER BY id DESC LIMIT 1) s
"""


def cards_of(*, project: Project, schema: Schema, looker: Looker, tasks: list[int]) -> list[Card]:
    """Return the cards of some tasks of a project, in the order given."""
    values: dict[str, Any] = {
        "project": project.pk,
        "tasks": tasks,
        "person": looker.person,
        "sees_all": looker.sees_all,
        "fields": schema.fields,
        "excerpt": EXCERPT,
        "overlap": project.overlap,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, values)
        cards = {row[0]: _card(schema, looker, *row) for row in cursor.fetchall()}
        cursor.execute(_ANSWERS, values)
        _add_answers(cards, schema, looker, cursor.fetchall())
        cursor.execute(_SUGGESTED, values)
        for task, answer, confidence in cursor.fetchall():
            cards[task].suggested = said_in(schema, orjson.loads(answer))[:WORDS]
            cards[task].confidence = confidence
    return [cards[task] for task in tasks if task in cards]


def _card(
    schema: Schema, looker: Looker, task: int, item: int, wanted: int, taken: bool, use: str, data: str | None
) -> Card:
    fields: dict[str, str | None] = orjson.loads(data or "{}")
    texts = [
        (display.title if len(schema.display) > 1 else "", fields.get(name) or "")
        for display in schema.display
        if display.type != "image"
        for _key, name in display.parts
    ]
    pictures = [fields.get(display.field) or "" for display in schema.display if display.type == "image"]
    shown = [(title, text) for title, text in texts if text.strip()]
    picture = next((each for each in pictures if each), "")
    # Seen as one that is full by those who must not learn that it is a lesson.
    answers = wanted if use in LESSONS and not looker.sees_all else 0
    known = use if looker.knows_gold else ""
    return Card(task, item, shown, picture, answers=answers, wanted=wanted, taken=taken, known=known)


def _add_answers(cards: dict[int, Card], schema: Schema, looker: Looker, rows: list[Any]) -> None:
    said: dict[int, Counter[str]] = {task: Counter() for task in cards}
    for task, person, skipped, answer in rows:
        card = cards[task]
        card.answers += 1
        if person == looker.person:
            card.own, card.skipped = True, skipped
        if answer is not None:
            said[task].update(said_in(schema, orjson.loads(answer)))
    for task, counts in said.items():
        cards[task].said = counts.most_common(WORDS)
