"""The counters of one person at one project, which say at any moment what their answers come to.

What an answer counts depends on nothing but the answer. So whoever changes one takes it off and puts it on again, and
whoever removes it takes it off. The person's progress row is locked by then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from labeling.engine.schema import Answer
from labeling.models import Annotation, Suggestion, Verdict
from labeling.services.answer import tallies_json, tallies_of
from labeling.services.queue import Desk
from labeling.services.schema_revision import schema_of

_COUNT = """
UPDATE labeling_progress SET answers = answers + %(answers)s, skipped = skipped + %(skipped)s,
  seconds = seconds + %(seconds)s, suggestions_shown = suggestions_shown + %(shown)s,
  suggestions_accepted = suggestions_accepted + %(accepted)s,
  accepted_answers = accepted_answers + %(verdict_accepted)s, fixed_answers = fixed_answers + %(verdict_fixed)s,
  gold_given = gold_given + %(gold_given)s, gold_answers = gold_answers + %(gold_answers)s,
  gold_right = gold_right + %(gold_right)s
WHERE id = %(desk)s
"""
ADD_TALLIES = """
INSERT INTO labeling_tally (project_id, annotator_id, kind, control, name, count)
SELECT %(project)s, %(annotator)s, kind, control, name, count
FROM jsonb_to_recordset(%(tallies)s::jsonb) AS y(kind text, control text, name text, count bigint)
ON CONFLICT (project_id, annotator_id, kind, control, name)
DO UPDATE SET count = labeling_tally.count + excluded.count
"""
_NAMES = (
    "answers", "skipped", "seconds", "shown", "accepted", "verdict_accepted", "verdict_fixed", "gold_given",
    "gold_answers", "gold_right",
)  # fmt: skip


class Counters:
    """What changes on a person's counters; `write` carries it out at once.

    Args:
        desk: The person's, locked.
        rows: The answers of theirs that change, with the suggestions that they were shown.
    """

    def __init__(self, desk: Desk, rows: Iterable[Annotation]) -> None:
        self._desk, self._schema = desk, schema_of(desk.schema)
        self._suggested = _suggestions_of(rows)
        self._counts: dict[str, float] = dict.fromkeys(_NAMES, 0)
        self._tallies: Counter[tuple[str, str, str]] = Counter()

    def take_off(self, row: Annotation) -> None:
        """Take off what an answer counts as it stands."""
        self._move(row, -1)

    def put_on(self, row: Annotation) -> None:
        """Put on what an answer counts as it stands."""
        self._move(row, 1)

    def is_as_suggested(self, row: Annotation, answer: Answer | None) -> bool:
        """Tell whether this answer would be what the suggestion said that was shown."""
        shown = self._suggested.get(row.suggestion_id)
        return shown is not None and bool(shown[0] == answer)

    def _move(self, row: Annotation, by: int) -> None:
        _answer, source = self._suggested.get(row.suggestion_id, (None, ""))
        for entry in tallies_of(self._schema, row.answer, source, row.accepted_suggestion):
            self._tallies[entry] += by
        counted = {
            "answers": 1,
            "skipped": row.skipped,
            "seconds": row.seconds,
            "shown": row.suggestion_id is not None,
            "accepted": row.accepted_suggestion,
            "verdict_accepted": row.verdict == Verdict.ACCEPTED,
            "verdict_fixed": row.verdict == Verdict.FIXED,
            "gold_given": row.gold != "",
            "gold_answers": row.gold in ("right", "wrong"),
            "gold_right": row.gold == "right",
        }
        for name, amount in counted.items():
            self._counts[name] += by * amount

    def write(self, cursor: Any) -> None:
        """Move the counters in the caller's transaction."""
        cursor.execute(_COUNT, {**self._counts, "desk": self._desk.progress_id})
        changed = {entry: count for entry, count in sorted(self._tallies.items()) if count}
        values = {"project": self._desk.project_id, "annotator": self._desk.annotator_id}
        cursor.execute(ADD_TALLIES, {**values, "tallies": tallies_json(changed)})


def take_off_counters(cursor: Any, desk: Desk, rows: Sequence[Annotation]) -> None:
    """Take what answers of one person count off their counters; whoever deletes them has locked these."""
    counters = Counters(desk, rows)
    for row in rows:
        counters.take_off(row)
    counters.write(cursor)


def _suggestions_of(rows: Iterable[Annotation]) -> dict[int | None, tuple[Any, str]]:
    """Return answer and source of the suggestions that were shown with answers, by their number."""
    numbers = {row.suggestion_id for row in rows if row.suggestion_id is not None}
    if not numbers:
        return {}
    found = Suggestion.objects.filter(pk__in=numbers).values_list("pk", "answer", "source")
    return {number: (answer, source) for number, answer, source in found}
