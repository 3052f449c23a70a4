"""Asking something else in a project that has answers: what it would do, and doing it, by a job that loses nothing."""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import orjson
import pyarrow as pa
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.services.version import open_version
from labeling.engine.controls.base import SchemaError
from labeling.engine.schema import Schema, labels_of, parse_schema, said_in
from labeling.engine.schema_change import (
    KINDS,
    Label,
    Moved,
    SchemaChange,
    gone_labels,
    move_answer,
    new_musts,
    values_of,
)
from labeling.models import (
    Annotation,
    AnnotationRevision,
    Draft,
    Lease,
    Progress,
    Project,
    SchemaRevision,
    Tally,
    Verdict,
)
from labeling.services.acceptance import why_not
from labeling.services.acceptance_schema import move_model_labels
from labeling.services.answer import tallies_json
from labeling.services.arriving import refuse_while_arriving
from labeling.services.assigned_place import wait_again
from labeling.services.counting import ADD_TALLIES
from labeling.services.decision_change import move_decisions
from labeling.services.draft import move_drafts, put_drafts
from labeling.services.project import (
    CHANGE_KIND,
    find_project,
    last_change_job,
    refuse_while_changing,
    schema_for_version,
    text_of,
)
from labeling.services.schema_revision import changes_of, move_through
from labeling.services.task import BATCH_ROWS, plain
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

# What the preview reads: the newest answers, as a page can wait for them (about 50 ms for short texts).
SAMPLE = 500
EXAMPLES = 12
# One batch of short answers takes about 0.1 s, and its people wait that long at most.
BATCH = 500
PAST = timedelta(hours=1)

Counts = dict[str, int]


def preview_change(
    *,
    actor: Actor,
    project_id: int,
    schema: dict[str, Any],
    renamed: dict[Label, str] | None = None,
    reopened: frozenset[Label] = frozenset(),
) -> dict[str, Any]:
    """Say what a new schema would do to the answers of a project; nothing is changed.

    Returns:
        ``schema_revision`` to send with the change; ``answers``; ``gone``: each label that goes away with how often it
        was given and what it may become; ``gone_controls``; ``musts``: questions that earlier answers may lack;
        ``sample``: how many of the newest answers were read, how many of each kind they come to, and examples of
        those that change.

    Raises:
        NotFound: No such project.
        DomainError: ``schema_invalid`` or ``change_invalid``.
    """
    project = find_project(actor=actor, project_id=project_id)
    change = _change(project, schema, renamed or {}, reopened)
    return {
        "schema_revision": project.schema_revision,
        "answers": Progress.objects.filter(project=project).aggregate(all=Sum("answers"))["all"] or 0,
        "gone": _gone(project, change),
        "gone_controls": [each.name for each in change.old.controls if each.name not in change.new.by_name],
        "musts": new_musts(change.old, change.new),
        "sample": _sample(project, change),
    }


def _gone(project: Project, change: SchemaChange) -> list[dict[str, Any]]:
    rows = Tally.objects.filter(project=project, kind="label").values("control", "name").annotate(total=Sum("count"))
    given = {(row["control"], row["name"]): row["total"] for row in rows.order_by("control", "name")}
    return [
        {
            "control": control,
            "value": value,
            "count": given.get((control, value), 0),
            "may_become": values_of(change.new.by_name.get(control)),
        }
        for control, value in gone_labels(change.old, change.new)
    ]


def _sample(project: Project, change: SchemaChange) -> dict[str, Any]:
    rows = Annotation.objects.filter(project=project, schema_revision=project.schema_revision).order_by("-pk")
    kinds: Counter[str] = Counter()
    examples: list[dict[str, Any]] = []
    read = 0
    for row in rows.select_related("task")[:SAMPLE]:
        read += 1
        moved = Moved("kept", {}) if row.skipped else move_answer(change, row.answer, row.task.data)
        kinds[moved.kind] += 1
        if moved.kind != "kept" and len(examples) < EXAMPLES:
            examples.append(
                {
                    "annotation": row.pk,
                    "item_id": row.task.item_id,
                    "text": text_of(change.old, row.task.data)[:300],
                    "kind": moved.kind,
                    "before": said_in(change.old, row.answer),
                    "after": said_in(change.new, moved.answer),
                }
            )
    return {"read": read, "kinds": {kind: kinds[kind] for kind in KINDS}, "examples": examples}


def _change(
    project: Project, schema: dict[str, Any], renamed: dict[Label, str], reopened: frozenset[Label]
) -> SchemaChange:
    new = schema_for_version(schema, project.version)
    try:
        return SchemaChange(parse_schema(project.schema), new, renamed, reopened)
    except SchemaError as error:
        raise DomainError("change_invalid", f"{error.where} {error.what}", field="schema", where=error.where) from None


@transaction.atomic
def change_schema(
    *,
    actor: Actor,
    project_id: int,
    schema: dict[str, Any],
    schema_revision: int,
    renamed: dict[Label, str] | None = None,
    reopened: frozenset[Label] = frozenset(),
) -> tuple[Project, Job | None]:
    """Ask something else from now on, and send the job that brings the answers along; None when nothing changes.

    Args:
        actor: Who decides.
        project_id: The project.
        schema: What is shown and asked from now on.
        schema_revision: The number of the schema that the decision was made on.
        renamed: (control, value) that goes away to the label it becomes.
        reopened: Labels whose answers are asked again. All others that go away are left out of their answers.

    Raises:
        NotFound: No such project.
        DomainError: ``schema_invalid``, ``change_invalid``; ``revision_old`` (412) when somebody was faster.
        Conflict: ``questions_changing`` while an earlier change is not through, ``items_arriving``.
    """
    find_project(actor=actor, project_id=project_id)
    # Whoever saves holds their own row: from here on nobody is half way through with the old questions.
    list(Progress.objects.filter(project=project_id).order_by("pk").select_for_update().values_list("pk"))
    project = find_project(actor=actor, project_id=project_id, lock=True)
    if project.schema_revision != schema_revision:
        raise DomainError(
            "revision_old",
            _("Somebody changed the questions meanwhile. Load the page again and look at what is asked now."),
            status=412,
            schema_revision=project.schema_revision,
        )
    refuse_while_changing(project)
    # The job shows other columns of items by reading the version, so it must have them all.
    refuse_while_arriving(actor=actor, project=project)
    change = _change(project, schema, renamed or {}, reopened)
    before, after = change.old.to_json(), change.new.to_json()
    if before == after:
        return project, None
    project.schema, project.schema_revision = after, project.schema_revision + 1
    # The quick models of today learn one choice.
    project.suggest_every = project.suggest_every if change.new.choice and change.new.learns_from else 0
    # A model's answer that could not stand alone any more is accepted no more.
    project.accepts = project.accepts and not why_not(change.new)
    project.save(update_fields=["schema", "schema_revision", "suggest_every", "accepts", "updated_at"])
    SchemaRevision.objects.create(
        project=project,
        revision=project.schema_revision,
        before=before,
        after=after,
        renamed=[[*label, to] for label, to in change.renamed.items()],
        reopened=[list(label) for label in sorted(change.reopened)],
        changed_by_id=actor.user_id or None,
        changed_at=timezone.now(),
    )
    subject = f"project:{project.pk}"
    audit.record(actor=actor, action="project.change_schema", subject=subject, revision=project.schema_revision)
    return project, _send(actor, project)


@transaction.atomic
def resume_change(*, actor: Actor, project_id: int) -> Job:
    """Send the job again that brings the answers along, when the last one failed or was cancelled."""
    project = find_project(actor=actor, project_id=project_id, lock=True)
    last = last_change_job(project)
    if last is None or last.state == "succeeded" or last.finished_at is None:
        raise Conflict("nothing_to_resume", _("All answers were brought along, or are being brought along now."))
    return _send(actor, project)


def _send(actor: Actor, project: Project) -> Job:
    return enqueue(
        kind=CHANGE_KIND,
        actor=actor,
        params={"project_id": project.pk},
        title=_("Bring the answers of %(project)s along") % {"project": project.name},
        subject=f"project:{project.pk}",
    )


def migrate_answers(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Bring every answer and draft of earlier questions along, in batches; what an answer was is kept as a revision.

    Each batch and the place it ends at are one transaction, so a job that was killed goes on where it stopped, and an
    answer that was brought along is not touched again.

    Returns:
        The job's result: how many answers came to what.
    """
    project = Project.objects.visible_to(job.actor).select_related("version").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    state = {"rows": 0, "after": 0, "counts": dict.fromkeys(KINDS, 0), **job.state}
    changes = changes_of(project.pk)
    _refill_tasks(job, project, changes, state)
    _wait_for_savers(project)
    total = Annotation.objects.filter(project=project).count()
    while _move_batch(job, project, changes, state):
        job.progress(sum(state["counts"].values()), total, _("bringing answers along"))
    move_model_labels(job, project, changes)
    while move_drafts(job, project, changes, state):
        job.progress(total, total, _("bringing begun answers along"))
    while move_decisions(job, project, changes, state):
        job.progress(total, total, _("bringing final answers along"))
    final = {"final_answers": state["final_answers"]} if state.get("final_answers") else {}
    return {"project": project.pk, **state["counts"], **final}


@transaction.atomic
def _wait_for_savers(project: Project) -> None:
    # A request that read the old questions just before the change holds its person's row until it has saved.
    list(Progress.objects.filter(project=project).order_by("pk").select_for_update().values_list("pk"))


_NEW = "CREATE TEMP TABLE new_data (item_id bigint, data jsonb) ON COMMIT DROP"
_LOCK = """
SELECT t.id FROM labeling_task t JOIN new_data n ON n.item_id = t.item_id
WHERE t.project_id = %s AND t.data <> n.data ORDER BY t.id FOR NO KEY UPDATE OF t
"""
_FILL = """
UPDATE labeling_task t SET data = n.data FROM new_data n
WHERE t.project_id = %s AND t.item_id = n.item_id AND t.data <> n.data
"""


def _refill_tasks(job: JobContext, project: Project, changes: dict[int, SchemaChange], state: dict[str, Any]) -> None:
    """Give tasks the columns that are shown now, and take away those that are not."""
    newest = changes[project.schema_revision]
    if set(newest.old.fields) == set(newest.new.fields):
        return
    columns = {name for name, _kind in project.version.manifest.get("columns", [])}
    fields = [field for field in newest.new.fields if field in columns]
    seen = 0
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=["item_id", *fields], batch_rows=BATCH_ROWS):
            seen += batch.num_rows
            if seen <= state["rows"]:
                continue
            _fill_batch(project, batch, fields)
            state["rows"] = seen
            job.save_state(state)
            job.progress(seen, project.version.row_count, _("showing other columns"))


@transaction.atomic
def _fill_batch(project: Project, batch: pa.RecordBatch, fields: list[str]) -> None:
    rows = batch.select(["item_id", *fields]).to_pylist()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.new_data")
        cursor.execute(_NEW)
        with cursor.copy("COPY new_data (item_id, data) FROM STDIN") as copy:
            for row in rows:
                shown = {field: plain(row[field]) for field in fields}
                copy.write_row((row["item_id"], orjson.dumps(shown).decode()))
        # In the order in which everybody locks tasks.
        cursor.execute(_LOCK, [project.pk])
        cursor.execute(_FILL, [project.pk])


@transaction.atomic
def _move_batch(job: JobContext, project: Project, changes: dict[int, SchemaChange], state: dict[str, Any]) -> bool:
    """Bring one batch along; False when there was none left."""
    older = {"project": project, "schema_revision__lt": project.schema_revision}
    found = list(
        Annotation.objects.filter(**older, pk__gt=state["after"]).order_by("pk").values_list("pk", "annotator")[:BATCH]
    )
    if not found:
        return False
    people = {person for _number, person in found}
    seats = Progress.objects.filter(project=project, annotator__in=people).order_by("pk").select_for_update()
    batch = Batch(project, changes, {seat.annotator_id: seat for seat in seats})
    numbers = [number for number, _person in found]
    for row in Annotation.objects.filter(**older, pk__in=numbers).select_related("task").order_by("pk"):
        batch.take(row)
    batch.save()
    counts = Counter(state["counts"]) + batch.kinds
    state.update(after=numbers[-1], counts={kind: counts[kind] for kind in KINDS})
    # In this transaction, so that the place and the answers are one; raises when another worker has the job.
    job.save_state(state)
    return True


class Batch:
    """Answers that are brought along together, while the rows of their people are locked."""

    def __init__(self, project: Project, changes: dict[int, SchemaChange], seats: dict[int, Progress]) -> None:
        self.project = project
        self.changes = changes
        self.seats = seats
        self.kinds: Counter[str] = Counter()
        self.now = timezone.now()
        self._rows: list[Annotation] = []
        self._gone: list[Annotation] = []
        self._before: list[AnnotationRevision] = []
        self._drafts: list[Draft] = []
        self._tallies: dict[int, Counter[tuple[str, str, str]]] = defaultdict(Counter)

    def take(self, row: Annotation) -> None:
        """Decide what becomes of one answer."""
        since, until = row.schema_revision, self.project.schema_revision
        answer, data = row.answer or {}, row.task.data
        moved = Moved("kept", {}) if row.skipped else move_through(self.changes, answer, data, since=since, until=until)
        self.kinds[moved.kind] += 1
        if moved.kind == "reopened":
            self._reopen(row, moved)
            return
        row.incomplete = moved.kind == "incomplete"
        if not row.skipped and moved.answer != row.answer:
            self._before.append(AnnotationRevision.of(row, ended_at=self.now, taken_back=False))
            self._count(row, -1)
            row.answer, row.revision = moved.answer, row.revision + 1
            row.schema_revision = self.project.schema_revision
            self._count(row, 1)
        row.schema_revision = self.project.schema_revision
        self._rows.append(row)

    def _reopen(self, row: Annotation, moved: Moved) -> None:
        self._before.append(AnnotationRevision.of(row, ended_at=self.now, taken_back=True))
        self._count(row, -1)
        seat = self.seats[row.annotator_id]
        seat.answers -= 1
        seat.seconds -= row.seconds
        seat.suggestions_shown -= row.suggestion_id is not None
        seat.suggestions_accepted -= row.accepted_suggestion
        seat.accepted_answers -= row.verdict == Verdict.ACCEPTED
        seat.fixed_answers -= row.verdict == Verdict.FIXED
        self._gone.append(row)
        # As old as the answer: what the person begun since is what they want to go on with.
        draft = Draft(task_id=row.task_id, annotator_id=row.annotator_id, answer=moved.answer, saved_at=row.updated_at)
        draft.schema_revision = self.project.schema_revision
        self._drafts.append(draft)

    def _count(self, row: Annotation, by: int) -> None:
        for control, value in labels_of(self._schema(row.schema_revision), row.answer or {}):
            self._tallies[row.annotator_id]["label", control, value] += by

    def _schema(self, revision: int) -> Schema:
        return self.changes[revision].new if revision in self.changes else self.changes[revision + 1].old

    def save(self) -> None:
        """Write everything; the caller's transaction makes it one."""
        AnnotationRevision.objects.bulk_create(self._before)
        # When it was said does not change.
        Annotation.objects.bulk_update(self._rows, ["answer", "revision", "schema_revision", "incomplete"])
        with connection.cursor() as cursor:
            for person, tallies in sorted(self._tallies.items()):
                counts = {name: count for name, count in tallies.items() if count}
                values: dict[str, Any] = {"project": self.project.pk, "annotator": person}
                values["tallies"] = tallies_json(counts)
                cursor.execute(ADD_TALLIES, values)
        if self._gone:
            self._give_back()

    def _give_back(self) -> None:
        Progress.objects.bulk_update(
            self.seats.values(),
            [
                "answers",
                "seconds",
                "suggestions_shown",
                "suggestions_accepted",
                "accepted_answers",
                "fixed_answers",
            ],
        )
        put_drafts(self._drafts)
        tasks: dict[int, list[int]] = defaultdict(list)
        for row in self._gone:
            tasks[row.annotator_id].append(row.task_id)
        for person, theirs in tasks.items():
            # A lease past its time: the sweep gives the place back, in its own order of locks.
            with connection.cursor() as cursor:
                wait_again(cursor, self.seats[person], theirs)
            Lease.objects.filter(annotator=person, task__in=theirs).update(expires_at=self.now - PAST)
        Annotation.objects.filter(pk__in=[row.pk for row in self._gone]).delete()
