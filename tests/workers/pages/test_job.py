from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.accounts.pages.test_access import signed_in
from workers.models import Job

pytestmark = pytest.mark.django_db

ERROR = {"code": "file_unreadable", "title": "The file cannot be read", "detail": "Line 3 is <b>cut</b> off."}


def test_the_list_shows_the_organization_s_jobs_by_state() -> None:
    boss = factories.owner()
    waiting, failed = factories.job(boss), factories.job(boss)
    Job.objects.filter(pk=failed.pk).update(state="failed", error=ERROR)
    factories.job(factories.owner("Sue's"))
    client, address = signed_in(boss), reverse("workers:jobs")

    def seen(state: str) -> list[int]:
        return [row.pk for row in client.get(address, {"state": state}).context["page"].rows]

    assert seen("") == [failed.pk, waiting.pk]
    assert seen("open") == [waiting.pk]
    assert seen("failed") == [failed.pk]
    assert seen("no such state") == [failed.pk, waiting.pk]


def test_a_failed_job_can_be_sent_again_from_its_page() -> None:
    boss = factories.owner()
    job = factories.job(boss)
    Job.objects.filter(pk=job.pk).update(state="failed", error=ERROR, params={"upload_id": "<img>"})
    client = signed_in(boss)
    text = client.get(reverse("workers:job", args=[job.pk])).text
    assert "Line 3 is &lt;b&gt;cut&lt;/b&gt; off." in text
    assert "<img>" not in text
    assert client.post(reverse("workers:job-retry", args=[job.pk]))["Location"] == f"/jobs/{job.pk}/"
    job.refresh_from_db()
    assert job.state == "queued"


def test_a_waiting_job_is_cancelled_and_then_offers_no_second_time() -> None:
    boss = factories.owner()
    job = factories.job(boss)
    client, address = signed_in(boss), reverse("workers:job-cancel", args=[job.pk])
    assert client.post(address).status_code == 302
    job.refresh_from_db()
    assert job.state == "cancelled"
    Job.objects.filter(pk=job.pk).update(state="succeeded")
    answer = client.post(address)
    assert answer.status_code == 409
    assert "This job has finished already; there is nothing to cancel." in answer.text


def test_who_sees_no_data_sees_only_their_own_jobs() -> None:
    boss = factories.owner()
    annotator = factories.member(boss, "annotator")
    others, own = factories.job(boss), factories.job(annotator)
    client = signed_in(annotator)
    assert [row.pk for row in client.get(reverse("workers:jobs")).context["page"].rows] == [own.pk]
    assert client.get(reverse("workers:job", args=[others.pk])).status_code == 404


@pytest.mark.parametrize(("name", "verb"), [("job", "get"), ("job-cancel", "post"), ("job-retry", "post")])
def test_outsiders_strangers_and_members_without_scope(name: str, verb: str) -> None:
    boss = factories.owner()
    address = reverse(f"workers:{name}", args=[factories.job(boss).pk])
    assert getattr(signed_in(factories.owner("Sue's")), verb)(address).status_code == 404
    assert getattr(Client(), verb)(address)["Location"] == f"/sign-in/?next={address}"
    reviewer = signed_in(factories.member(boss, "reviewer"))
    assert getattr(reviewer, verb)(address).status_code == (200 if verb == "get" else 403)


def test_the_list_asks_as_many_queries_for_three_jobs_as_for_one() -> None:
    boss = factories.owner()
    client = signed_in(boss)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            factories.job(boss)
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("workers:jobs"))
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("language", "title"), [("en", "Waiting"), ("zh-CN", "等待中")])
def test_the_state_is_in_the_reader_s_language(language: str, title: str) -> None:
    boss = factories.owner()
    job = factories.job(boss)
    text = signed_in(boss, accept_language=language).get(reverse("workers:job", args=[job.pk])).text
    assert f'<span class="chip state-queued">{title}</span>' in text


def operator() -> Any:
    person = factories.user(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(person)
    return client


def test_operators_send_jobs_again_through_the_service() -> None:
    boss = factories.owner()
    failed, waiting = factories.job(boss), factories.job(boss)
    Job.objects.filter(pk=failed.pk).update(state="failed", error=ERROR)
    client = operator()
    form = {"action": "retry", "_selected_action": [failed.pk, waiting.pk]}
    answer = client.post(reverse("admin:workers_job_changelist"), form, follow=True)
    assert answer.status_code == 200
    assert "Only a failed or cancelled job can be sent again." in answer.text
    failed.refresh_from_db()
    assert failed.state == "queued"


@pytest.mark.parametrize(
    "name",
    [
        *("accounts_organization", "accounts_user", "accounts_membership", "accounts_token", "accounts_auditentry"),
        "workers_job",
    ],
)
def test_operators_look_and_change_nothing(name: str) -> None:
    boss = factories.owner()
    factories.token(boss)
    factories.job(boss)
    client = operator()
    listing = client.get(reverse(f"admin:{name}_changelist"))
    assert listing.status_code == 200
    row = listing.context["cl"].queryset.first()
    page = client.get(reverse(f"admin:{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert getattr(row, "digest", "no digest") not in page.text
    assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:{name}_delete", args=[row.pk])).status_code == 403
