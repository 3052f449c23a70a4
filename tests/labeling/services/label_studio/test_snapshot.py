"""Snapshots for Label Studio's clients: written once, and read as they were."""

import orjson
import pytest

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import Export
from labeling.services.label_studio.annotation import give_annotation
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import make_project
from labeling.services.label_studio.snapshot import (
    refuse_unready,
    run_snapshot,
    start_snapshot,
    state_of,
    stream_snapshot,
)
from tests import factories
from tests.labeling.label_studio import CHOICES, chosen
from tests.labeling.versions import start

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def test_a_snapshot_stays_as_it_was(actor: Actor) -> None:
    project = make_project(actor=actor, title="News", label_config=CHOICES)
    rows = [{"data": {"text": "a\nb", "note": '=1+1, "x"'}}, {"text": "c"}]
    first, second = import_tasks(actor=actor, project_id=project.pk, rows=rows)["task_ids"]
    given = give_annotation(actor=actor, task_id=first, given={"result": chosen("news")})
    made = start_snapshot(actor=actor, project_id=project.pk, everything=True)
    assert state_of(made) == "in_progress"
    with pytest.raises(Conflict) as error:
        refuse_unready(made)
    assert error.value.code == "export_unfinished"
    context = start(made.job)
    result = run_snapshot(job=context, export_id=made.pk)
    assert (result["items"], run_snapshot(job=context, export_id=made.pk)) == (2, result)
    give_annotation(actor=actor, task_id=second, given={"result": chosen("sport")})
    made = Export.objects.select_related("project", "job").get(pk=made.pk)
    refuse_unready(made)
    tasks = orjson.loads(b"".join(stream_snapshot(made, "JSON")))
    assert [(task["id"], task["data"], len(task["annotations"])) for task in tasks] == [
        (first, rows[0]["data"], 1), (second, rows[1], 0),
    ]  # fmt: skip
    short = orjson.loads(b"".join(stream_snapshot(made, "JSON_MIN")))
    assert [(row["id"], row.get("topic"), row["annotation_id"]) for row in short] == [
        (first, "news", given.pk), (second, None, None),
    ]  # fmt: skip
    table = b"".join(stream_snapshot(made, "CSV")).decode().splitlines()
    assert table[0].startswith("note,text,id,topic,annotator,annotation_id,created_at")
    # What a spreadsheet would compute is only text.
    assert "'=1+1" in "".join(table)


def test_only_what_was_answered(actor: Actor) -> None:
    project = make_project(actor=actor, title="News", label_config=CHOICES)
    tasks = import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "a"}, {"text": "b"}])["task_ids"]
    give_annotation(actor=actor, task_id=tasks[1], given={"result": chosen("news")})
    made = start_snapshot(actor=actor, project_id=project.pk, everything=False)
    run_snapshot(job=start(made.job), export_id=made.pk)
    rows = orjson.loads(b"".join(stream_snapshot(Export.objects.get(pk=made.pk), "JSON")))
    assert [row["id"] for row in rows] == tasks[1:]
