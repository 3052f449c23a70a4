"""The page of work: empty, counted, for a person, as a table."""

import csv
import datetime as dt
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling.models import Annotation, WorkCount
from labeling.services.review import judge_answer
from labeling.services.work import count_again
from labeling.services.work_count import run_count
from tests import factories
from tests.labeling.pages.test_project import answered, browser
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db


def test_the_page_says_that_it_counts_then_what_was_done() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = factories.project(ann)
    factories.tasks(project, 2)
    answered(bob, project, seconds=90)
    client = browser(ann)
    first = client.get(reverse("labeling:work", args=[project.pk])).content.decode()
    assert "The work is being counted" in first
    assert "<job-progress" in first
    count_job(WorkCount.objects.get().job)
    page = client.get(reverse("labeling:work", args=[project.pk]))
    assert [(each["row"].person, each["hours"]) for each in page.context["people"]] == [(bob.user_id, "0:02")]
    assert page.context["labels"][0]["row"].label == "spam"
    assert "<day-chart" in page.content.decode()
    # Somebody who only labels sees no form for people, and nobody else's work.
    own = browser(factories.member(ann, "annotator")).get(reverse("labeling:work", args=[project.pk]))
    assert (own.context["people"], "person" in own.context["form"].fields) == ([], False)


def count_job(job: Job) -> None:
    run_count(job=start(job), **job.params)
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=timezone.now())


def test_days_that_make_no_sense_are_told_beside_the_field() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    client = browser(ann)
    for days in ({"since": "2026-03-01", "until": "2026-02-01"}, {"since": "2026-13-01"}, {"person": "x"}):
        page = client.get(reverse("labeling:work", args=[project.pk]), days)
        assert page.status_code == 200
        assert page.context["form"].errors
    assert client.post(reverse("labeling:work", args=[project.pk])).status_code == 302
    assert Job.objects.filter(kind="labeling.count_work").count() == 1


def test_the_table_has_a_row_a_person_and_day_and_runs_no_formula() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    User.objects.filter(pk=bob.user_id).update(name="=cmd()")
    project = factories.project(ann)
    factories.tasks(project, 1)
    answered(bob, project, seconds=1_800)
    count_job(count_again(actor=ann, project_id=project.pk).job)
    answer = browser(ann).get(reverse("labeling:work-table", args=[project.pk]))
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["name"], row["answers"], row["hours"], row["limited_hours"]) == ("'=cmd()", "1", "0.5000", "0.0833")
    assert row["day"] == dt.datetime.now(dt.UTC).date().isoformat()
    assert f"work-{project.pk}-" in answer.headers["Content-Disposition"]


def test_somebody_who_only_reviews_can_be_chosen_too() -> None:
    ann = factories.owner()
    bob, sue = factories.member(ann, "annotator"), factories.member(ann, "reviewer")
    project = factories.project(ann)
    factories.tasks(project, 2)
    answered(bob, project, seconds=90)
    judge_answer(actor=sue, annotation_id=Annotation.objects.get().pk, verdict="accepted")
    count_job(count_again(actor=ann, project_id=project.pk).job)
    page = browser(ann).get(reverse("labeling:work", args=[project.pk]), {"person": sue.user_id})
    assert [(each["row"].person, each["row"].reviews) for each in page.context["people"]] == [(sue.user_id, 1)]
    assert not page.context["form"].errors
