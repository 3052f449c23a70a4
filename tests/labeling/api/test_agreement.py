"""Agreement over REST."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actor import Actor
from labeling.services.quality import measure_agreement
from tests import factories
from tests.labeling.services.test_quality import crowd
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def _with_token(actor: Actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {factories.secret(actor)}"}


def test_agreement_is_measured_and_read() -> None:
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(3))]
    project = numbered(ann, 30, overlap=4)
    crowd(project, people, 30)
    address, headers, client = reverse("project-agreement", args=[project.pk]), _with_token(ann), Client()

    before = client.get(address, headers=headers)
    sent = client.post(address, headers=headers)
    job = Job.objects.get(pk=sent.json()["id"])
    measure_agreement(job=start(job), project_id=project.pk)
    found = client.get(address, headers=headers).json()

    assert (before.status_code, sent.status_code) == (404, 202)
    assert before.json()["detail"].startswith("Nobody has measured")
    assert found["project"] == project.pk
    assert found["answers"] == 120
    assert found["report"]["controls"][0]["agreement"]["items_compared"] == 30


def test_a_publication_by_a_model_is_asked_for_by_name() -> None:
    ann = factories.owner()
    project = numbered(ann, 1)
    address, headers = reverse("project-publish", args=[project.pk]), _with_token(ann)

    taken = Client().post(address, {"consensus": "auto"}, content_type="application/json", headers=headers)
    wrong = Client().post(address, {"consensus": "magic"}, content_type="application/json", headers=headers)

    assert taken.status_code == 202
    assert Job.objects.get(pk=taken.json()["id"]).params["consensus"] == "auto"
    assert (wrong.status_code, [row["field"] for row in wrong.json()["errors"]]) == (400, ["consensus"])
