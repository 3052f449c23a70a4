"""The queue of suspected label errors: found by a job, decided by people, one choice or one mark at a time.

A suspicion holds for one revision of one answer. An answer that anybody changes elsewhere leaves the queue by itself,
and what somebody kept is not doubted again until the answer changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTransform
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.mark_change import Part as MarkedPart
from labeling.engine.mark_change import parted
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Annotation, Project, SuspectKind, SuspectLabel, SuspectState, TallyKind
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.suspect_change import bring_back, changed_meanwhile, take_suggestion
from workers.models import Job
from workers.services.job import enqueue

KIND = "modeling.find_label_errors"
PAGE = 50
ROWS_AT_ONCE = 1_000
# Decisions on one answer at the same moment come one behind the other; each further one is tried again.
TRIES = 5
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
    """One answer, or one mark of it, that the search doubts.

    Attributes:
        answer: The answer.
        suggested: Values of the choice, or the label of the mark; empty where there should be no mark.
        score: How far what was given can be believed, 0 to 1, lower is worse.
        control: Name of the control of the mark; empty for the project's choice.
        kind: A value of `SuspectKind`.
        before: The mark as the answer holds it; None for one that is missing.
        after: The mark as it should be, with its id; None where there should be none.
    """

    answer: Judged
    suggested: tuple[str, ...]
    score: float
    control: str = ""
    kind: str = SuspectKind.LABEL
    before: MarkedPart | None = None
    after: MarkedPart | None = None

    @property
    def mark(self) -> str:
        """The id of the mark; empty for a choice."""
        part = self.before or self.after
        return "" if part is None else str(part["id"])

    @property
    def given(self) -> list[str]:
        """What the answer says: values of the choice, or the label of the mark, nothing where there is none."""
        if not self.control:
            return list(self.answer.values)
        return [] if self.before is None else [str(self.before["label"])]


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
        Conflict: ``questions_changing``, ``no_choice`` when the project asks for no choice, spans or shapes.
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
    """Raise Conflict ``no_choice`` when nothing that the project asks can be judged."""
    if not may_be_judged(schema):
        detail = _("Label errors are looked for in choices, spans and shapes, and this project asks for none of them.")
        raise Conflict("no_choice", detail)


def may_be_judged(schema: Schema) -> bool:
    """Tell whether answers hold a choice, spans or shapes."""
    return schema.choice is not None or bool(parted(schema))


def last_search(*, actor: Actor, project: Project) -> Job | None:
    """Return the newest search of a project."""
    return _jobs(actor, project).order_by("-pk").first()


def _jobs(actor: Actor, project: Project) -> QuerySet[Job]:
    found: QuerySet[Job] = Job.objects.visible_to(actor).filter(kind=KIND, subject=f"project:{project.pk}")
    return found


def part_of_search(*, project: Project, job_id: int, most: int, most_marks: int = 0) -> Part:
    """Return what a search reads: all, or of a large project another part each time.

    Args:
        project: Whose answers.
        job_id: The search; those before it are counted.
        most: Answers that one search reads.
        most_marks: Spans and shapes that one search reads; 0 for any number.
    """
    answers = project.progress.aggregate(total=Sum("answers"))["total"] or 0
    parts = -(-answers // most) or 1
    names = [control.name for control in parted(parse_schema(project.schema))]
    if names and most_marks:
        marks = project.tallies.filter(kind=TallyKind.LABEL, control__in=names).aggregate(total=Sum("count"))["total"]
        parts = max(parts, -(-(marks or 0) // most_marks))
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


def marked_answers(project: Project, control: str, part: Part) -> Iterator[tuple[Judged, list[MarkedPart]]]:
    """Give every answer of a part with its marks of one control, in the order of tasks and answers.

    An answer without any is one that says that nothing is there.
    """
    rows = Annotation.objects.filter(project=project, skipped=False).exclude(answer=None)
    fields = ("pk", "revision", "task_id", "task__item_id", "task__data")
    columns = part.of_tasks(rows).order_by("task_id", "pk").values_list(*fields, KeyTransform(control, "answer"))
    for number, revision, task, item, data, marks in columns.iterator(chunk_size=ROWS_AT_ONCE):
        yield Judged(number, revision, task, item, data, ()), marks or []


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
            control=each.control,
            mark=each.mark,
            kind=each.kind,
            before=each.before,
            after=each.after,
            given=each.given,
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
        unique_fields=["annotation_number", "revision", "control", "mark", "kind"],
        update_fields=["suggested", "after", "score", "job"],
    )
    earlier = project.suspects.filter(state=SuspectState.OPEN).exclude(job_id=job_id)
    SuspectLabel.objects.filter(pk__in=(part or Part()).of_tasks(earlier).values_list("pk", flat=True)).delete()
    return standing(project, project.suspects.filter(state=SuspectState.OPEN)).count()


def standing(project: Project, rows: QuerySet[SuspectLabel]) -> QuerySet[SuspectLabel]:
    """Keep suspicions of answers that say what they said: the open ones of a changed answer are nobody's question.

    Nor are those of a control that is asked no more.
    """
    same = Annotation.objects.filter(pk=OuterRef("annotation_number"), revision=OuterRef("revision"))
    asked = ["", *(control.name for control in parted(parse_schema(project.schema)))]
    return rows.filter(~Q(state=SuspectState.OPEN) | (Exists(same) & Q(control__in=asked)))


def count_suspects(*, actor: Actor, project: Project) -> dict[str, int]:
    """Return how many suspicions of a project are open, changed and kept."""
    rows = SuspectLabel.objects.visible_to(actor).filter(project=project)
    return {state: standing(project, rows.filter(state=state)).count() for state in SuspectState.values}


def count_kinds(*, actor: Actor, project: Project, state: str) -> list[tuple[str, str, int]]:
    """Return control, kind and number of the suspicions of a project in one state, the choice's first."""
    rows = standing(project, SuspectLabel.objects.visible_to(actor).filter(project=project, state=state))
    counted = rows.order_by("control", "kind").values_list("control", "kind").annotate(rows=Count("pk"))
    return [(control, kind, number) for control, kind, number in counted]


def find_suspects(
    *,
    actor: Actor,
    project: Project,
    state: str = SuspectState.OPEN,
    after: int | None = None,
    control: str | None = None,
    kind: str = "",
) -> Suspects:
    """Return one page of suspicions, most suspicious first.

    Args:
        actor: Who looks; people who only label see none.
        project: The project, which the actor may see.
        state: A value of `SuspectState`.
        after: Number of the last row of the page before; unknown ones start at the top.
        control: Only those of the marks of this control; empty for those of the choice.
        kind: Only those of this kind; empty for all.
    """
    rows = standing(project, SuspectLabel.objects.visible_to(actor).filter(project=project, state=state))
    if control is not None:
        rows = rows.filter(control=control)
    if kind:
        rows = rows.filter(kind=kind)
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


def decide_suspect(*, actor: Actor, suspect_id: int, decision: Decision) -> SuspectLabel:
    """Take what is suggested, keep what was given, or take that back; the same twice changes nothing.

    An answer of somebody else is fixed as in a review, one's own is changed; both keep what was said before. Taking a
    change back brings that back. Where another suspicion of the same answer was decided at the same moment, this one
    is tried again on what the answer says then.

    Raises:
        NotFound: No such suspicion, or its answer is gone.
        NotAllowed: An own answer, and the actor may not label.
        DomainError: ``revision_old`` (412) when the answer was changed meanwhile; ``answer_invalid``.
        Conflict: ``project_archived``, ``decided_meanwhile``.
    """
    for attempt in range(TRIES):
        seen = find_suspect(actor=actor, suspect_id=suspect_id)
        try:
            _decide(actor, seen, decision)
            break
        except DomainError as error:
            last = attempt + 1 == TRIES
            if last or error.code not in ("revision_old", "decided_meanwhile") or not _was_brought_along(seen):
                raise
    return find_suspect(actor=actor, suspect_id=suspect_id)


@transaction.atomic
def _decide(actor: Actor, seen: SuspectLabel, decision: Decision) -> None:
    wanted = {"accept": SuspectState.ACCEPTED, "keep": SuspectState.KEPT, "none": SuspectState.OPEN}[decision]
    if seen.state == wanted:
        return
    change: dict[str, Any] = {"state": wanted, "decided_by": actor.user_id or None, "decided_at": timezone.now()}
    answer: Annotation | None = seen.answer  # type: ignore[attr-defined]
    if seen.state == SuspectState.ACCEPTED:
        change |= bring_back(actor, seen)
    elif answer is None or answer.revision != seen.revision:
        raise changed_meanwhile()
    if wanted == SuspectState.ACCEPTED:
        change |= take_suggestion(actor, seen)
    elif wanted == SuspectState.OPEN:
        change |= {"decided_by": None, "decided_at": None}
    # Whoever decided the same row at the same moment was first; what this one changed is rolled back.
    if not SuspectLabel.objects.filter(pk=seen.pk, state=seen.state, revision=seen.revision).update(**change):
        raise Conflict("decided_meanwhile", _("Somebody decided this meanwhile. Load the page again."))
    more = {"control": seen.control, "mark": seen.mark, "kind": seen.kind} if seen.control else {}
    audit.record(
        actor=actor,
        action="annotation.suspect",
        subject=f"annotation:{seen.annotation_number}",
        project=seen.project_id,
        decision=decision,
        **more,
    )


def _was_brought_along(seen: SuspectLabel) -> bool:
    """Tell whether a decision on another suspicion of the same answer moved this one to a new revision."""
    now = SuspectLabel.objects.filter(pk=seen.pk, state=seen.state).values_list("revision", "revision_after").first()
    return now is not None and now != (seen.revision, seen.revision_after)
