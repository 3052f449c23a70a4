"""The queue of suspected label errors: found by a job, decided by people, one answer at a time.

A suspicion holds for one revision of one answer. An answer that anybody changes leaves the queue by itself, and a label
that somebody kept is not doubted again until the answer changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Annotation, AnnotationRevision, Project, SuspectLabel, SuspectState
from labeling.services.annotation import change_annotation
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.review import judge_answer
from workers.models import Job
from workers.services.job import enqueue

KIND = "modeling.find_label_errors"
PAGE = 50
ROWS_AT_ONCE = 1_000
Decision = Literal["accept", "keep", "none"]
DECISIONS: tuple[Decision, ...] = ("accept", "keep", "none")


@dataclass(frozen=True, slots=True)
class Part:
    """The tasks that one search of a large project reads: those whose id leaves `number` when divided by `of`."""

    number: int = 0
    of: int = 1

    def of_tasks(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of these tasks."""
        return rows if self.of == 1 else rows.alias(part=F("task_id") % self.of).filter(part=self.number)


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer as the search reads it."""

    annotation: int
    revision: int
    task: int
    item: int
    data: dict[str, Any]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One answer that the search doubts; the score is how far its label can be believed, 0 to 1, lower is worse."""

    answer: Judged
    suggested: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Suspects:
    """One page of the queue.

    Attributes:
        rows: Most suspicious first, at most PAGE; each with ``answer``, its annotation with task and annotator.
        after: Go on behind the row with this number; None at the end.
    """

    rows: list[SuspectLabel]
    after: int | None


@transaction.atomic
def start_search(*, actor: Actor, project_id: int) -> Job:
    """Send the job that looks for label errors in a project, or return the one that is under way.

    Raises:
        NotFound: No such project.
        Conflict: ``questions_changing``, ``no_choice`` when the project asks for no label to choose.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_while_changing(project)
    refuse_without_choice(parse_schema(project.schema))
    open_job = _jobs(actor, project).filter(finished_at=None).first()
    if open_job is not None:
        return open_job
    subject = f"project:{project.pk}"
    title = _("Find label errors in %(project)s") % {"project": project.name}
    job = enqueue(kind=KIND, actor=actor, params={"project_id": project.pk}, title=title, subject=subject)
    audit.record(actor=actor, action="project.find_label_errors", subject=subject, job=job.pk)
    return job


def refuse_without_choice(schema: Schema) -> None:
    """Raise Conflict ``no_choice`` when labels of the project cannot be judged."""
    if schema.choice is None:
        detail = _("Label errors are looked for in the answers to a choice, and this project asks for none.")
        raise Conflict("no_choice", detail)


def last_search(*, actor: Actor, project: Project) -> Job | None:
    """Return the newest search of a project."""
    return _jobs(actor, project).order_by("-pk").first()


def _jobs(actor: Actor, project: Project) -> QuerySet[Job]:
    found: QuerySet[Job] = Job.objects.visible_to(actor).filter(kind=KIND, subject=f"project:{project.pk}")
    return found


def part_of_search(*, project: Project, job_id: int, most: int) -> Part:
    """Return what a search reads: all, or of a project with more than `most` answers another part each time."""
    answers = project.progress.aggregate(total=Sum("answers"))["total"] or 0
    parts = -(-answers // most) or 1
    searches = Job.objects.filter(organization_id=project.organization_id, kind=KIND, pk__lt=job_id)
    return Part(searches.filter(subject=f"project:{project.pk}").count() % parts, parts)


def judged_answers(project: Project, part: Part) -> Iterator[Judged]:
    """Give every answer of a part to the project's choice, in the order of tasks and answers."""
    choice = parse_schema(project.schema).choice
    if choice is None:
        return
    rows = Annotation.objects.filter(project=project, skipped=False, answer__has_key=choice.name)
    fields = ("pk", "revision", "task_id", "task__item_id", "task__data", f"answer__{choice.name}")
    for number, revision, task, item, data, values in (
        part.of_tasks(rows).order_by("task_id", "pk").values_list(*fields).iterator(chunk_size=ROWS_AT_ONCE)
    ):
        if values:
            yield Judged(number, revision, task, item, data, tuple(values))


@transaction.atomic
def store_suspects(*, project: Project, job_id: int, found: Iterable[Suspicion], part: Part | None = None) -> int:
    """Put what a search found in the place of what an earlier one of its part found; return how many answers are open.

    Labels that somebody kept stay kept, and what was changed stays as a record. Done twice, it stores the same.
    """
    rows = [
        SuspectLabel(
            project=project,
            task_id=each.answer.task,
            annotation_number=each.answer.annotation,
            revision=each.answer.revision,
            given=list(each.answer.values),
            suggested=list(each.suggested),
            score=each.score,
            job_id=job_id,
        )
        for each in found
    ]
    SuspectLabel.objects.bulk_create(
        rows,
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["annotation_number", "revision"],
        update_fields=["suggested", "score", "job"],
    )
    earlier = project.suspects.filter(state=SuspectState.OPEN).exclude(job_id=job_id)
    SuspectLabel.objects.filter(pk__in=(part or Part()).of_tasks(earlier).values_list("pk", flat=True)).delete()
    return standing(project.suspects.filter(state=SuspectState.OPEN)).count()


def standing(rows: QuerySet[SuspectLabel]) -> QuerySet[SuspectLabel]:
    """Keep suspicions of answers that say what they said: the open ones of a changed answer are nobody's question."""
    same = Annotation.objects.filter(pk=OuterRef("annotation_number"), revision=OuterRef("revision"))
    return rows.filter(~Q(state=SuspectState.OPEN) | Exists(same))


def count_suspects(*, actor: Actor, project: Project) -> dict[str, int]:
    """Return how many suspicions of a project are open, changed and kept."""
    rows = SuspectLabel.objects.visible_to(actor).filter(project=project)
    return {state: standing(rows.filter(state=state)).count() for state in SuspectState.values}


def find_suspects(
    *, actor: Actor, project: Project, state: str = SuspectState.OPEN, after: int | None = None
) -> Suspects:
    """Return one page of suspicions, most suspicious first.

    Args:
        actor: Who looks; people who only label see none.
        project: The project, which the actor may see.
        state: A value of `SuspectState`.
        after: Number of the last row of the page before; unknown ones start at the top.
    """
    rows = standing(SuspectLabel.objects.visible_to(actor).filter(project=project, state=state))
    last = None if after is None else SuspectLabel.objects.filter(project=project, pk=after).first()
    if last is not None:
        rows = rows.filter(Q(score__gt=last.score) | Q(score=last.score, pk__gt=last.pk))
    found = list(rows.select_related("task", "decided_by").order_by("score", "pk")[: PAGE + 1])
    shown = found[:PAGE]
    answers = Annotation.objects.filter(pk__in=[row.annotation_number for row in shown]).select_related("annotator")
    known = {answer.pk: answer for answer in answers}
    for row in shown:
        row.answer = known.get(row.annotation_number)  # type: ignore[attr-defined]
    return Suspects(shown, shown[-1].pk if len(found) > PAGE else None)


def find_suspect(*, actor: Actor, suspect_id: int) -> SuspectLabel:
    """Return one suspicion with its ``answer``, or raise NotFound."""
    row = SuspectLabel.objects.visible_to(actor).select_related("task", "project", "decided_by").filter(pk=suspect_id)
    found: SuspectLabel | None = row.first()
    if found is None:
        raise NotFound(_("There is no such suspected label."))
    answer = Annotation.objects.filter(pk=found.annotation_number).select_related("annotator").first()
    found.answer = answer  # type: ignore[attr-defined]
    return found


@transaction.atomic
def decide_suspect(*, actor: Actor, suspect_id: int, decision: Decision) -> SuspectLabel:
    """Take the suggested label, keep the given one, or take that back; the same twice changes nothing.

    An answer of somebody else is fixed as in a review, one's own is changed; both keep what was said before. Taking a
    changed label back brings that back.

    Raises:
        NotFound: No such suspicion, or its answer is gone.
        NotAllowed: An own answer, and the actor may not label.
        DomainError: ``revision_old`` (412) when the answer was changed meanwhile.
        Conflict: ``project_archived``, ``decided_meanwhile``.
    """
    seen = find_suspect(actor=actor, suspect_id=suspect_id)
    wanted = {"accept": SuspectState.ACCEPTED, "keep": SuspectState.KEPT, "none": SuspectState.OPEN}[decision]
    if seen.state == wanted:
        return seen
    change: dict[str, Any] = {"state": wanted, "decided_by": actor.user_id or None, "decided_at": timezone.now()}
    if seen.state == SuspectState.ACCEPTED:
        change |= {"revision": _take_back(actor, seen), "revision_after": None}
    elif seen.answer is None or seen.answer.revision != seen.revision:  # type: ignore[attr-defined]
        raise _changed_meanwhile()
    if wanted == SuspectState.ACCEPTED:
        change |= {"revision_after": _say(actor, seen, seen.revision, seen.suggested)}
    elif wanted == SuspectState.OPEN:
        change |= {"decided_by": None, "decided_at": None}
    # Whoever decided the same row at the same moment was first; what this one changed is rolled back.
    if not SuspectLabel.objects.filter(pk=seen.pk, state=seen.state, revision=seen.revision).update(**change):
        raise Conflict("decided_meanwhile", _("Somebody decided this meanwhile. Load the page again."))
    audit.record(
        actor=actor,
        action="annotation.suspect",
        subject=f"annotation:{seen.annotation_number}",
        project=seen.project_id,
        decision=decision,
    )
    return find_suspect(actor=actor, suspect_id=suspect_id)


def _say(actor: Actor, suspect: SuspectLabel, revision: int, values: list[str]) -> int:
    """Give the answer other values of the project's choice and return its new revision."""
    answer: Annotation = suspect.answer  # type: ignore[attr-defined]
    choice = parse_schema(suspect.project.schema).choice
    if choice is None:
        raise _changed_meanwhile()
    said = {**(answer.answer or {}), choice.name: values}
    if answer.annotator_id == actor.user_id:
        if not actor.can("label"):
            raise NotAllowed(("label",))
        return change_annotation(actor=actor, annotation_id=answer.pk, revision=revision, answer=said).revision
    fixed = judge_answer(actor=actor, annotation_id=answer.pk, verdict="fixed", revision=revision, answer=said)
    return int(fixed["revision"])


def _take_back(actor: Actor, suspect: SuspectLabel) -> int:
    """Bring back what the answer said before the suggestion was taken, and return its revision."""
    answer: Annotation | None = suspect.answer  # type: ignore[attr-defined]
    if answer is None or answer.revision != suspect.revision_after:
        raise _changed_meanwhile()
    if answer.annotator_id != actor.user_id and answer.verdict == "fixed":
        back = judge_answer(actor=actor, annotation_id=answer.pk, verdict="none", revision=answer.revision)
        return int(back["revision"])
    earlier = AnnotationRevision.objects.filter(
        annotation_number=answer.pk, revision=suspect.revision, taken_back=False
    ).first()
    if earlier is None or earlier.answer is None:
        raise _changed_meanwhile()
    return _say(actor, suspect, answer.revision, list(suspect.given))


def _changed_meanwhile() -> DomainError:
    return DomainError(
        "revision_old", _("This answer was changed meanwhile. What the model said of it no longer holds."), status=412
    )
