"""Known answers through the client and the command, against a real service."""

import json

import pytest

from accounts.actor import Actor
from assay_client import Client, Conflict
from labeling.models import Gold, Progress
from labeling.services.queue import lease_tasks
from tests import factories
from tests.client.test_command import Run, assay
from tests.labeling.versions import numbered
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


def test_the_client_marks_lists_takes_away_and_pauses(live_service: LiveService, boss: Actor) -> None:
    bob = factories.member(boss, "annotator")
    project = numbered(boss, 4)
    lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])
    with Client(live_service.url, token=factories.secret(boss)) as client:
        made = client.golds.mark(project.pk, item=2, answer={"label": ["spam"]}, explanation="It sells.")
        assert (made["task"]["item_id"], made["answer"], made["explanation"]) == (2, {"label": ["spam"]}, "It sells.")
        assert [(row["id"], row["answers"]) for row in client.golds.list(project.pk)] == [(made["id"], 0)]
        with pytest.raises(Conflict) as caught:
            client.golds.mark(project.pk, item=1, answer={"label": ["spam"]})
        assert caught.value.code == "task_in_hand"
        client.golds.unmark(made["id"])
        assert not Gold.objects.exists()
        client.golds.pause(project.pk, bob.user_id)
        assert Progress.objects.get().paused_why == "manager"
        client.golds.pause(project.pk, bob.user_id, paused=False)
        assert Progress.objects.get().paused_at is None
        assert client.golds.take_column(project.pk, "text").kind == "labeling.import_gold"


def test_the_command_marks_and_lists(live_service: LiveService, boss: Actor, assay: Run) -> None:
    project = str(numbered(boss, 4).pk)
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    assert assay("project", "gold", "mark", project).returncode != 0
    made = json.loads(
        assay("--json", "project", "gold", "mark", project, "--item", "3", "--answer", "label=ham").stdout
    )
    listed = json.loads(assay("--json", "project", "gold", "list", project).stdout)
    known = {"id": made["id"], "item": 3, "answer": {"label": ["ham"]}, "people": 0, "right": 0}
    assert listed == [{**known, "use": "hidden"}]
    assert assay("project", "gold", "unmark", str(made["id"])).returncode == 0


def test_newcomers_are_let_in_through_the_client_and_the_command(
    live_service: LiveService, boss: Actor, assay: Run
) -> None:
    bob = factories.member(boss, "annotator")
    project = numbered(boss, 4)
    with Client(live_service.url, token=factories.secret(boss)) as client:
        made = client.golds.mark(project.pk, item=2, answer={"label": ["spam"]}, explanation="It sells.")
        assert client.golds.use(project.pk, [made["id"]], "test") == 1
        assert [row["id"] for row in client.golds.list(project.pk, use="test")] == [made["id"]]
        assert list(client.golds.list(project.pk, use="hidden")) == []
        assert client.golds.mark(project.pk, item=2, answer={"label": ["ham"]})["explanation"] == "It sells."
        client.projects.change(project.pk, onboarding=True, onboarding_training=0)
        assert [(row["user"], row["stage"]) for row in client.golds.newcomers(project.pk)] == [(bob.user_id, "new")]
        with pytest.raises(Conflict) as caught:
            client.golds.admit(project.pk, bob.user_id, "grant_attempt")
        assert caught.value.code == "onboarding_not_failed"
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    number, person = str(project.pk), str(bob.user_id)
    listed = json.loads(assay("--json", "project", "onboarding", number, "--let-pass", person).stdout)
    assert [row["stage"] for row in listed] == ["passed"]
    assert Progress.objects.get(annotator=bob.user_id).onboarded
    assert assay("project", "gold", "use", number, "training", str(made["id"])).returncode == 0
    assert Gold.objects.get().use == "training"
    assert assay("project", "gold", "use", number, "exam", str(made["id"])).returncode != 0
