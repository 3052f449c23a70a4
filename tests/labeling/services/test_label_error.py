"""Decisions on suspected label errors: what becomes of the answer, and of two people at one row."""

import threading

import pytest
from django.db import connections

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.models import Annotation, AnnotationRevision, Progress, Project, SuspectLabel, Tally
from labeling.services.annotation import change_annotation, take_back
from labeling.services.label_error import (
    Decision,
    Judged,
    Suspicion,
    count_suspects,
    decide_suspect,
    find_suspects,
    store_suspects,
)
from labeling.services.review import judge_answer
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def answer(ann: Actor) -> Annotation:
    return factories.annotation(ann)


def labels_of(project_id: int) -> dict[str, int]:
    return dict(Tally.objects.filter(project=project_id, kind="label", count__gt=0).values_list("name", "count"))


def judged(answer: Annotation) -> Judged:
    return Judged(answer.pk, answer.revision, answer.task_id, 1, {}, ("spam",))


def test_own_answer_is_changed_and_brought_back(ann: Actor, answer: Annotation) -> None:
    row = decide_suspect(actor=ann, suspect_id=factories.suspect(ann, answer).pk, decision="accept")
    answer.refresh_from_db()
    assert (answer.answer, answer.revision, answer.verdict) == ({"label": ["ham"]}, 2, "")
    assert (row.state, row.revision, row.revision_after, row.decided_by_id) == ("accepted", 1, 2, ann.user_id)
    assert AnnotationRevision.objects.get(annotation_number=answer.pk).answer == {"label": ["spam"]}
    assert labels_of(answer.project_id) == {"ham": 1}
    row = decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert (answer.answer, answer.revision) == ({"label": ["spam"]}, 3)
    assert (row.state, row.revision, row.revision_after, row.decided_by) == ("open", 3, None, None)
    assert labels_of(answer.project_id) == {"spam": 1}
    assert [each.pk for each in find_suspects(actor=ann, project=answer.project).rows] == [row.pk]
    assert AuditEntry.objects.filter(action="annotation.suspect").count() == 2


def test_somebody_elses_answer_is_fixed_as_in_a_review(ann: Actor, answer: Annotation) -> None:
    carl = factories.member(ann, "reviewer")
    row = decide_suspect(actor=carl, suspect_id=factories.suspect(ann, answer).pk, decision="accept")
    answer.refresh_from_db()
    assert (answer.answer, answer.verdict, answer.reviewer_id) == ({"label": ["ham"]}, "fixed", carl.user_id)
    assert Progress.objects.get(project=answer.project_id).fixed_answers == 1
    decide_suspect(actor=carl, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert (answer.answer, answer.verdict) == ({"label": ["spam"]}, "")
    assert Progress.objects.get(project=answer.project_id).fixed_answers == 0


def test_what_a_reviewer_fixed_its_writer_can_bring_back(ann: Actor, answer: Annotation) -> None:
    carl = factories.member(ann, "reviewer")
    row = decide_suspect(actor=carl, suspect_id=factories.suspect(ann, answer).pk, decision="accept")
    decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert (answer.answer, answer.verdict) == ({"label": ["spam"]}, "")


def test_other_parts_of_the_answer_stay(ann: Actor) -> None:
    project = factories.project(ann)
    project.schema["controls"].append({"name": "note", "type": "text", "required": False})
    project.save()
    factories.tasks(project, 1)
    answer = _say(ann, project, {"label": ["spam"], "note": "紧急 🚨"})
    decide_suspect(actor=ann, suspect_id=factories.suspect(ann, answer).pk, decision="accept")
    answer.refresh_from_db()
    assert answer.answer == {"label": ["ham"], "note": "紧急 🚨"}


def _say(actor: Actor, project: Project, said: dict[str, object]) -> Annotation:
    import uuid

    from labeling.services.answer import save_answers
    from labeling.services.queue import lease_tasks

    (task,) = lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": said}
    (saved,) = save_answers(actor=actor, project_id=project.pk, answers=[row])["results"]
    return Annotation.objects.get(pk=saved["annotation"])


def test_a_kept_label_changes_nothing_and_the_same_decision_twice_neither(ann: Actor, answer: Annotation) -> None:
    row = factories.suspect(ann, answer)
    decide_suspect(actor=ann, suspect_id=row.pk, decision="keep")
    decide_suspect(actor=ann, suspect_id=row.pk, decision="keep")
    answer.refresh_from_db()
    assert answer.revision == 1
    assert count_suspects(actor=ann, project=answer.project) == {"open": 0, "accepted": 0, "kept": 1}
    decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    answer.refresh_from_db()
    assert answer.revision == 2


def test_an_answer_that_was_changed_leaves_the_queue(ann: Actor, answer: Annotation) -> None:
    row = factories.suspect(ann, answer)
    change_annotation(actor=ann, annotation_id=answer.pk, revision=1, answer={"label": ["ham"]})
    assert find_suspects(actor=ann, project=answer.project).rows == []
    assert count_suspects(actor=ann, project=answer.project)["open"] == 0
    with pytest.raises(DomainError, match="no longer holds") as refused:
        decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    assert refused.value.status == 412


def test_a_taken_suggestion_that_was_changed_again_is_not_brought_back(ann: Actor, answer: Annotation) -> None:
    row = decide_suspect(actor=ann, suspect_id=factories.suspect(ann, answer).pk, decision="accept")
    change_annotation(actor=ann, annotation_id=answer.pk, revision=2, skipped=True)
    with pytest.raises(DomainError, match="no longer holds"):
        decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert answer.skipped


def test_an_answer_taken_back_or_sent_back_is_in_no_queue(ann: Actor) -> None:
    first, second = factories.annotation(ann), factories.annotation(ann)
    rows = [factories.suspect(ann, answer) for answer in (first, second)]
    take_back(actor=ann, annotation_id=first.pk, revision=1)
    carl = factories.member(ann, "reviewer")
    judge_answer(actor=carl, annotation_id=second.pk, verdict="rejected", revision=1, reason="Look again.")
    for answer, row in zip((first, second), rows, strict=True):
        assert find_suspects(actor=ann, project=answer.project).rows == []
        with pytest.raises(DomainError, match="no longer holds"):
            decide_suspect(actor=carl, suspect_id=row.pk, decision="keep")
    judge_answer(actor=carl, annotation_id=second.pk, verdict="none")
    assert [row.pk for row in find_suspects(actor=ann, project=second.project).rows] == [rows[1].pk]


def test_who_may_not_label_changes_no_own_answer(ann: Actor, answer: Annotation) -> None:
    only_review = Actor(ann.user_id, ann.organization_id, ann.role, frozenset({"review"}))
    with pytest.raises(NotAllowed):
        decide_suspect(actor=only_review, suspect_id=factories.suspect(ann, answer).pk, decision="accept")


def test_an_archived_project_changes_no_answer(ann: Actor, answer: Annotation) -> None:
    row = factories.suspect(ann, answer)
    Project.objects.filter(pk=answer.project_id).update(state="archived")
    with pytest.raises(Conflict):
        decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    row.refresh_from_db()
    assert row.state == "open"


def test_a_stranger_finds_nothing(ann: Actor, answer: Annotation) -> None:
    with pytest.raises(NotFound):
        decide_suspect(actor=factories.owner("Others"), suspect_id=factories.suspect(ann, answer).pk, decision="keep")


def test_pages_go_from_the_most_suspicious_on(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.services.label_error.PAGE", 2)
    project = factories.project(ann)
    factories.tasks(project, 5)
    answers = [_say(ann, project, {"label": ["spam"]}) for _task in range(5)]
    scores = [0.03, 0.01, 0.02, 0.01, 0.04]
    for answer, score in zip(answers, scores, strict=True):
        factories.suspect(ann, answer, score=score)
    seen, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = find_suspects(actor=ann, project=project, after=after)
        seen += [(row.score, row.annotation_number) for row in page.rows]
        after, pages = page.after, pages + 1
    assert seen == sorted(zip(scores, [answer.pk for answer in answers], strict=True))
    assert pages == 3


def test_a_new_search_replaces_what_nobody_decided(ann: Actor) -> None:
    project = factories.project(ann)
    factories.tasks(project, 3)
    answers = [_say(ann, project, {"label": ["spam"]}) for _task in range(3)]
    first, second = factories.job(ann), factories.job(ann)

    def store(job_id: int, *chosen: Annotation) -> int:
        found = [Suspicion(judged(answer), ("ham",), 0.05) for answer in chosen]
        return store_suspects(project=project, job_id=job_id, found=found)

    assert store(first.pk, *answers) == 3
    kept = SuspectLabel.objects.get(annotation_number=answers[0].pk)
    decide_suspect(actor=ann, suspect_id=kept.pk, decision="keep")
    assert store(second.pk, answers[0], answers[1]) == 1
    assert store(second.pk, answers[0], answers[1]) == 1
    assert {row.annotation_number: row.state for row in SuspectLabel.objects.all()} == {
        answers[0].pk: "kept",
        answers[1].pk: "open",
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["accept", "keep"])
def test_of_two_who_decide_at_once_one_is_told(second: Decision) -> None:
    ann = factories.owner()
    answer = factories.annotation(ann)
    row = factories.suspect(ann, answer)
    carl, dora = factories.member(ann, "reviewer"), factories.member(ann, "reviewer")
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def work(actor: Actor, decision: Decision) -> None:
        barrier.wait()
        try:
            decide_suspect(actor=actor, suspect_id=row.pk, decision=decision)
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in ((carl, "accept"), (dora, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    row.refresh_from_db()
    answer.refresh_from_db()
    # One behind the other both may be done: a kept label can still be changed.
    assert "done" in outcomes
    assert set(outcomes) <= {"done", "revision_old", "decided_meanwhile"}
    expected = ({"label": ["ham"]}, 2) if row.state == "accepted" else ({"label": ["spam"]}, 1)
    assert (answer.answer, answer.revision) == expected
