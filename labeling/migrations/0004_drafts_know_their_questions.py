from django.db import migrations, models

# Drafts were checked against the questions of the time when they were saved, which are the present ones of nearly all.
SET = """
UPDATE labeling_draft d SET schema_revision = p.schema_revision
FROM labeling_task t JOIN labeling_project p ON p.id = t.project_id
WHERE t.id = d.task_id AND p.schema_revision > 1
"""


class Migration(migrations.Migration):

    dependencies = [("labeling", "0003_who_a_task_was_given_to")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="schema_revision",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.RunSQL(SET, migrations.RunSQL.noop),
    ]
