"""Counts the questions and the rules' decisions that were there before the counts were kept."""

from django.db import migrations

QUESTIONS = """
INSERT INTO curation_questioncount (organization_id, run_id, code, total, decided)
SELECT organization_id, run_id, code, count(*), count(*) FILTER (WHERE state = 'decided')
FROM curation_question GROUP BY organization_id, run_id, code
"""
BULKS = """
INSERT INTO curation_bulkcount (organization_id, run_id, bulk, code, standing, made_by_id, made_at)
SELECT organization_id, run_id, bulk, min(code), count(*) FILTER (WHERE undone_at IS NULL), min(made_by_id), min(made_at)
FROM curation_decision WHERE bulk IS NOT NULL AND run_id IS NOT NULL GROUP BY organization_id, run_id, bulk
"""


class Migration(migrations.Migration):
    dependencies = [("curation", "0009_counts_of_questions")]

    operations = [
        migrations.RunSQL(QUESTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(BULKS, migrations.RunSQL.noop),
    ]
