"""Giving tasks to people through the client and the command, against a real service."""

import json

import pytest

from accounts.actor import Actor
from assay_client import Client, InvalidRequest
from labeling.models import Lease
from tests import factories
from tests.client.test_command import Run, assay
from tests.labeling.versions import numbered
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


def test_the_client_gives_lists_and_takes(live_service: LiveService, boss: Actor) -> None:
    bob = factories.member(boss, "annotator").user_id
    project = numbered(boss, 4)
    with Client(live_service.url, token=factories.secret(boss)) as client:
        made = client.assignments.give(project.pk, [bob, boss.user_id], items=[1, 2, 3], per_person=1)
        assert (made.state, made.counts["people"]) == ("done", {str(bob): 1, str(boss.user_id): 1})
        assert [row.id for row in client.assignments.list(project.pk)] == [made.id]
        assert client.assignments.get(made.id).filter == {"items": "1-3"}
        taken = client.assignments.take(project.pk, [bob])
        assert (taken.kind, taken.counts["people"]) == ("take", {str(bob): 1})
        with pytest.raises(InvalidRequest) as caught:
            client.assignments.give(project.pk, [10**9], items=[1])
        assert caught.value.code == "people_invalid"
        changed = client.projects.change(project.pk, overlap_share=10, overlap_in_share=3, only_assigned=True)
        assert (changed.overlap_share, changed.overlap_in_share, changed.only_assigned) == (10, 3, True)


def test_the_command_gives_and_takes(live_service: LiveService, boss: Actor, assay: Run) -> None:
    bob = factories.member(boss, "annotator").user_id
    project = str(numbered(boss, 4).pk)
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    given = json.loads(assay("--json", "project", "assign", project, "--to", str(bob), "--items", "1-2").stdout)
    assert given["counts"]["people"] == {str(bob): 2}
    assert Lease.objects.filter(annotator=bob, assigned=True).count() == 2
    assert assay("project", "assign", project, "--to", str(bob)).returncode != 0
    assert "taken back" in assay("project", "unassign", project, "--from", str(bob), "--items", "1").stdout
    assert Lease.objects.filter(annotator=bob, assigned=True).count() == 1
