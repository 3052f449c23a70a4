"""Two windows of one person on the way into a project, at the same time."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, NotFound
from labeling.models import Onboarding, OnboardingAnswer, Progress, Project
from labeling.services.gold import unmark_gold
from labeling.services.onboarding import begin_attempt
from labeling.services.queue import lease_tasks
from tests.labeling.onboarding import HAM, SPAM, golds, made, say, state

pytestmark = pytest.mark.django_db(transaction=True)


def window(actor: Actor, project: Project, seed: int) -> list[str]:
    """Answer whatever this window is shown until the queue opens or the attempts are used; return what was said."""
    said = []
    try:
        found = state(actor, project)
        for _step in range(60):
            if found["stage"] in ("open", "passed"):
                break
            if found["stage"] == "failed":
                try:
                    found = begin_attempt(actor=actor, project_id=project.pk)
                except Conflict:
                    break
                continue
            key = uuid.uuid4()
            wrong = found["stage"] == "test" and found["test"]["attempt"] == 1
            try:
                reply = say(actor, project, found["task"]["id"], HAM if wrong else SPAM, client_key=key)
                # As after a lost reply.
                assert say(actor, project, found["task"]["id"], HAM, client_key=key)["status"] == "duplicate" or seed
            except (Conflict, NotFound):
                # The other window finished the stage meanwhile.
                found = state(actor, project)
                continue
            said.append(reply["status"])
            found = reply["state"]
        return said
    finally:
        connection.close()


@pytest.mark.slow
def test_two_windows_go_one_way() -> None:
    _ann, bob, project = made(training=4, test=12, onboarding_test=6, onboarding_attempts=2)
    with ThreadPoolExecutor(3) as pool:
        replies = [reply for each in pool.map(lambda seed: window(bob, project, seed), range(1, 4)) for reply in each]
    row = Onboarding.objects.get()
    assert (row.stage, row.attempt, row.right, row.answers) == ("passed", 2, 6, 6)
    counts = [OnboardingAnswer.objects.filter(attempt=attempt).count() for attempt in range(3)]
    assert counts == [4, 6, 6]
    assert set(OnboardingAnswer.objects.filter(attempt=1).values_list("outcome", flat=True)) == {"wrong"}
    assert replies.count("saved") >= 16
    assert Progress.objects.get(annotator=bob.user_id).onboarded
    assert AuditEntry.objects.filter(action="project.fail_test").count() == 1
    assert AuditEntry.objects.filter(action="project.pass_test").count() == 1
    assert lease_tasks(actor=bob, project_id=project.pk, count=2, holding=[])["tasks"]


@pytest.mark.slow
def test_items_are_taken_out_while_somebody_is_tested() -> None:
    ann, bob, project = made(training=2, test=10, onboarding_least=50)

    def take_out() -> None:
        try:
            for gold in golds(project, "test")[:6]:
                unmark_gold(actor=ann, gold_id=gold.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        manager = pool.submit(take_out)
        pool.submit(window, bob, project, 1).result(timeout=60)
        manager.result(timeout=60)
    row = Onboarding.objects.get()
    assert row.stage in ("passed", "failed")
    assert row.answers >= 4
    assert OnboardingAnswer.objects.filter(attempt=1).count() >= 4
