# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""The job that counts a project's work from its answers, and the bins in which it keeps their times."""

from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NotFound
from labeling.engine.schema import parse_schema
from labeling.engine.schema_change import values_of
from labeling.models import Project, WorkCount, WorkDay, WorkLabel
from workers.context import JobContext

# Whoever needs longer for one answer was most likely away; the limited time counts this much.
LIMIT_SECONDS = 300
# Answers of less and of more than this are counted with the shortest and the longest.
SHORTEST, LONGEST = 0.25, 16_384
# Bins of a quarter of an octave: a median read from them is at most 9 % off.
BINS_PER_OCTAVE = 4

_BIN = f"floor({BINS_PER_OCTAVE} * ln(least(greatest(seconds, {SHORTEST}), {LONGEST})) / ln(2.0::float))::int::text"
_OWN = """
  SELECT a.annotator_id AS person_id, (a.created_at AT TIME ZONE 'UTC')::date AS day, a.seconds, a.skipped,
    a.suggestion_id IS NOT NULL AS shown, a.accepted_suggestion, a.verdict, true AS counts, EXISTS (
      SELECT FROM labeling_bulktask b JOIN labeling_bulk k ON k.id = b.bulk_id
      WHERE k.project_id = %(project)s AND b.annotation_number = a.id AND b.revision = a.revision) AS in_bulk
  FROM labeling_annotation a WHERE a.project_id = %(project)s
  UNION ALL
  SELECT x.annotator_id, (x.created_at AT TIME ZONE 'UTC')::date, x.seconds, x.skipped,
    false, false, 'rejected', false, false
  FROM labeling_rejection x WHERE x.project_id = %(project)s"""
_DAYS = f"""
WITH own AS MATERIALIZED ({_OWN}),
times AS (
  SELECT person_id, day, jsonb_object_agg(bin, number) AS times
  FROM (
    SELECT person_id, day, {_BIN} AS bin, count(*) AS number FROM own
    WHERE seconds > 0 AND NOT in_bulk GROUP BY 1, 2, 3) binned
  GROUP BY 1, 2),
given AS (
  SELECT person_id, day, count(*) FILTER (WHERE counts) AS answers,
    count(*) FILTER (WHERE counts AND skipped) AS skipped,
    count(*) FILTER (WHERE in_bulk) AS in_bulk, sum(seconds) AS seconds,
    sum(least(seconds, {LIMIT_SECONDS})) AS limited_seconds, count(*) FILTER (WHERE shown) AS suggestions_shown,
    count(*) FILTER (WHERE accepted_suggestion) AS suggestions_accepted,
    count(*) FILTER (WHERE verdict = 'accepted') AS accepted_answers,
    count(*) FILTER (WHERE verdict = 'fixed') AS fixed_answers,
    count(*) FILTER (WHERE verdict = 'rejected') AS sent_back
  FROM own GROUP BY 1, 2),
looked AS (
  SELECT person_id, day, count(*) AS reviews
  FROM (
    SELECT reviewer_id AS person_id, (reviewed_at AT TIME ZONE 'UTC')::date AS day FROM labeling_annotation
    WHERE project_id = %(project)s AND reviewer_id IS NOT NULL AND reviewed_at IS NOT NULL
    UNION ALL
    SELECT reviewer_id, (rejected_at AT TIME ZONE 'UTC')::date FROM labeling_rejection
    WHERE project_id = %(project)s AND reviewer_id IS NOT NULL
    UNION ALL
    SELECT decided_by_id, (decided_at AT TIME ZONE 'UTC')::date FROM labeling_adjudication
    WHERE project_id = %(project)s AND decided_by_id IS NOT NULL) reviewed
  GROUP BY 1, 2)
INSERT INTO labeling_workday (project_id, person_id, day, answers, skipped, in_bulk, seconds, limited_seconds, times,
  suggestions_shown, suggestions_accepted, accepted_answers, fixed_answers, sent_back, reviews)
SELECT %(project)s, person_id, day, COALESCE(answers, 0), COALESCE(skipped, 0), COALESCE(in_bulk, 0),
  COALESCE(seconds, 0), COALESCE(limited_seconds, 0), COALESCE(times, '{{}}'::jsonb), COALESCE(suggestions_shown, 0),
  COALESCE(suggestions_accepted, 0), COALESCE(accepted_answers, 0), COALESCE(fixed_answers, 0), COALESCE(sent_back, 0),
  COALESCE(reviews, 0)
FROM given FULL JOIN looked USING (person_id, day) LEFT JOIN times USING (person_id, day)
"""
_LABELS = f"""
WITH named AS (SELECT control, label FROM jsonb_to_recordset(%(labels)s::jsonb) AS y(control text, label text)),
own AS MATERIALIZED (
  SELECT a.annotator_id AS person_id, a.seconds, a.suggestion_id IS NOT NULL AS shown, a.accepted_suggestion, a.verdict,
    c.key AS control, e.label
  FROM labeling_annotation a
  CROSS JOIN LATERAL jsonb_each(a.answer) c
  CROSS JOIN LATERAL (
    SELECT DISTINCT CASE jsonb_typeof(x) WHEN 'string' THEN x #>> '{{}}' WHEN 'object' THEN x ->> 'label' END AS label
    FROM jsonb_array_elements(
      CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE jsonb_build_array(c.value) END) x
  ) e
  JOIN named ON named.control = c.key AND named.label = e.label
  WHERE a.project_id = %(project)s AND NOT a.skipped),
times AS (
  SELECT person_id, control, label, jsonb_object_agg(bin, number) AS times
  FROM (
    SELECT person_id, control, label, {_BIN} AS bin, count(*) AS number FROM own
    WHERE seconds > 0 GROUP BY 1, 2, 3, 4) binned
  GROUP BY 1, 2, 3)
INSERT INTO labeling_worklabel (project_id, person_id, control, label, answers, times, suggestions_shown,
  suggestions_accepted, reviewed, fixed_answers)
SELECT %(project)s, person_id, control, label, count(*), COALESCE(min(times.times::text)::jsonb, '{{}}'::jsonb),
  count(*) FILTER (WHERE shown), count(*) FILTER (WHERE accepted_suggestion), count(*) FILTER (WHERE verdict <> ''),
  count(*) FILTER (WHERE verdict = 'fixed')
FROM own LEFT JOIN times USING (person_id, control, label) GROUP BY person_id, control, label
"""


def run_count(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Count a project's work from its answers; the figures of before are seen until the new ones are there."""
    project = Project.objects.filter(pk=project_id, organization_id=job.organization_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    schema = parse_schema(project.schema)
    labels = [{"control": control.name, "label": value} for control in schema.controls for value in values_of(control)]
    with transaction.atomic(), connection.cursor() as cursor:
        # Two attempts of one job, or a lost worker that comes back, write one behind the other.
        count = WorkCount.objects.select_for_update().get(project=project)
        now = timezone.now()
        WorkDay.objects.filter(project=project).delete()
        WorkLabel.objects.filter(project=project).delete()
        cursor.execute(_DAYS, {"project": project.pk})
        days = cursor.rowcount
        cursor.execute(_LABELS, {"project": project.pk, "labels": orjson.dumps(labels).decode()})
        count.counted_at = now
        count.save(update_fields=["counted_at"])
    return {"project": project.pk, "days": days}
