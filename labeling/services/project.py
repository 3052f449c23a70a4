"""Projects: made, changed, measured, read by those who learn from them."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.interval import wilson_interval
from curation.models import Version
from labeling.engine.consensus import canonical, majority
from labeling.engine.schema import Schema, SchemaError, parse_schema
from labeling.models import AcceptRound, Progress, Project, Tally, TaskOrder
from labeling.models.project import USUAL_EVERY
from labeling.querysets.gold import may_know_gold
from labeling.services.arriving import refuse_while_arriving
from labeling.services.onboarding_gate import ONBOARDING_FIELDS, close_gate, lock_people, refuse_unready
from labeling.services.queue import rewind_cursors
from workers.models import Job
from workers.services.job import enqueue

# Told apart in light and dark, and by people who see red and green alike (Okabe and Ito, 2008).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7f3c8d", "#5f6b6d")
READ_ROWS = 5_000
SHARE_FIELDS = ("overlap_share", "overlap_in_share", "overlap_seed")
SKIP_FIELDS = ("skip_reasons", "skip_reason_required")
MOST_SKIP_REASONS = 12
LONGEST_SKIP_REASON = 120
# How the work is shared out among people; the models say what each means.
GOLD_FIELDS = ("gold_share", "gold_least", "gold_from")
WORK_FIELDS = (
    *SHARE_FIELDS, "only_assigned", *GOLD_FIELDS, *ONBOARDING_FIELDS, "own_suggestions", *SKIP_FIELDS,
)  # fmt: skip


def schema_for_labels(
    *, labels: list[str], text_field: str = "", image_field: str = "", keys: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the schema of a classification of texts or pictures with these labels, as JSON.

    Args:
        labels: Values, in the order in which they are shown; the first nine get the keys 1 to 9 by default.
        text_field: The column that is shown as text, if any.
        image_field: The column whose pictures are shown, if any; it comes first.
        keys: Key of each value that has one of its own.
    """
    fields = [("image", image_field), ("text", text_field)]
    rows = []
    for number, value in enumerate(labels):
        own = (keys or {}).get(value, str(number + 1) if number < 9 else "")
        rows.append({"value": value, "title": value, "hotkey": own, "color": COLORS[number % len(COLORS)]})
    control = {"name": "label", "type": "choice", "multiple": False, "required": True, "labels": rows}
    return {"display": [{"type": kind, "field": name} for kind, name in fields if name], "controls": [control]}


@transaction.atomic
def make_project(
    *,
    actor: Actor,
    version_id: int,
    name: str,
    schema: dict[str, Any],
    guidelines: str = "",
    overlap: int = 1,
    lease_seconds: int = 900,
    suggest_every: int = USUAL_EVERY,
    order: str = TaskOrder.MIX,
    **more: Any,
) -> Project:
    """Make a project on a version, without its tasks; `more` are fields of WORK_FIELDS.

    Raises:
        NotFound: No such version.
        DomainError: ``schema_invalid`` naming the place, ``order_needs_labels``; Conflict ``project_exists`` or
            ``version_trashed``.
    """
    rows = Version.objects.visible_to(actor).filter(pk=version_id, dataset__deleted_at=None)
    # Locked, so that nobody puts it in the trash before the project holds it.
    version = rows.select_for_update(no_key=True, of=("self",)).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    if version.trashed_at is not None:
        raise Conflict("version_trashed", _("This version is in the trash. Restore it before you label it."))
    parsed = schema_for_version(schema, version)
    _refuse_order(order, version)
    suggest_every = suggest_every if parsed.learns_from else 0
    try:
        with transaction.atomic():
            project = Project.objects.create(
                organization_id=actor.organization_id,
                version=version,
                name=name,
                guidelines=guidelines,
                schema=parsed.to_json(),
                overlap=overlap,
                lease_seconds=lease_seconds,
                suggest_every=suggest_every,
                suggest_at=suggest_every,
                order=order,
                created_by_id=actor.user_id or None,
                **{name: more[name] for name in WORK_FIELDS if name in more and name != "skip_reasons"},
                skip_reasons=_skip_reasons(more.get("skip_reasons", [])),
            )
    except IntegrityError:
        raise _name_taken(name) from None
    audit.record(actor=actor, action="project.create", subject=f"project:{project.pk}", name=name, version=version.pk)
    return project


@transaction.atomic
def create_project(
    *, actor: Actor, version_id: int, name: str, schema: dict[str, Any], **more: Any
) -> tuple[Project, Job]:
    """Make a project as `make_project` does, and send the job that makes its tasks."""
    project = make_project(actor=actor, version_id=version_id, name=name, schema=schema, **more)
    return project, _send_tasks_job(actor, project)


def _refuse_order(order: str, version: Version) -> None:
    """Raise DomainError ``order_needs_labels`` where the order is by doubtful labels and the items came with none."""
    if order == TaskOrder.ERRORS and not version.manifest.get("roles", {}).get("label"):
        detail = _("The items of v%(number)s came without labels, so there is none to doubt. Choose another order.")
        raise DomainError("order_needs_labels", detail % {"number": version.number}, field="order")


def schema_for_version(schema: dict[str, Any], version: Version) -> Schema:
    """Return a schema whose columns this version has.

    Raises:
        DomainError: ``schema_invalid`` naming the place.
    """
    try:
        parsed = parse_schema(schema)
    except SchemaError as error:
        raise DomainError("schema_invalid", f"{error.where} {error.what}", field="schema", where=error.where) from None
    columns = {name for name, _kind in version.manifest.get("columns", [])}
    for field in parsed.needed:
        if field not in columns:
            detail = _("The version has no column %(field)s; it has %(columns)s.")
            values = {"field": field, "columns": ", ".join(sorted(columns)[:20])}
            raise DomainError("schema_invalid", detail % values, field="schema", where="display")
    pictures = version.manifest.get("roles", {}).get("image")
    if any(display.type == "image" and display.field != pictures for display in parsed.display):
        detail = _("Only the column of a version's pictures can be shown as one; this version has %(column)s.")
        values = {"column": pictures or _("none")}
        raise DomainError("schema_invalid", detail % values, field="schema", where="display")
    return parsed


def _name_taken(name: str) -> Conflict:
    return Conflict("project_exists", _("There is a project called %(name)s already.") % {"name": name}, field="name")


def _send_tasks_job(actor: Actor, project: Project, *, only_untouched: bool = False) -> Job:
    return enqueue(
        kind="labeling.create_tasks",
        actor=actor,
        params={"project_id": project.pk, **({"only_untouched": True} if only_untouched else {})},
        title=_("Make tasks of %(project)s") % {"project": project.name},
        subject=f"project:{project.pk}",
    )


@transaction.atomic
def change_project(*, actor: Actor, project_id: int, **changes: Any) -> Project:
    """Change name, guidelines, state, overlap, order or a field of WORK_FIELDS.

    Another overlap counts at once for new figures; a job brings the tasks in line with it. A task that has more
    answers than a lowered overlap keeps them. Another random share concerns only tasks that nobody has yet. Another
    order is the work of a job, too.
    """
    if "only_assigned" in changes:
        # People's rows before the project's, as everywhere: they look at the whole queue again.
        find_project(actor=actor, project_id=project_id)
        with connection.cursor() as cursor:
            rewind_cursors(cursor, project_id)
    if "onboarding" in changes or "onboarding_everybody" in changes:
        find_project(actor=actor, project_id=project_id)
        lock_people(project_id)
    project = find_project(actor=actor, project_id=project_id, lock=True)
    order, closed = project.order, (project.onboarding, project.onboarding_everybody)
    before = {name: getattr(project, name) for name in ("overlap", *SHARE_FIELDS)}
    if "skip_reasons" in changes:
        changes["skip_reasons"] = _skip_reasons(changes["skip_reasons"])
    fields = [name for name in ("name", "guidelines", "state", "overlap", "order", *WORK_FIELDS) if name in changes]
    if changes.get("order", order) != order:
        _refuse_order(changes["order"], project.version)
    for field in fields:
        setattr(project, field, changes[field])
    if project.onboarding and not closed[0]:
        refuse_unready(project)
    try:
        with transaction.atomic():
            project.save(update_fields=[*fields, "updated_at"])
    except IntegrityError:
        raise _name_taken(project.name) from None
    noted = {field: changes[field] for field in fields if field != "guidelines"}
    audit.record(actor=actor, action="project.change", subject=f"project:{project.pk}", **noted)
    if (project.onboarding, project.onboarding_everybody) != closed:
        close_gate(project)
    moved = {name for name, value in before.items() if getattr(project, name) != value}
    if moved:
        _send_tasks_job(actor, project, only_untouched="overlap" not in moved)
    if project.order != order:
        # Also while one is under way: that one may have read the former order.
        enqueue(
            kind="modeling.suggest",
            actor=actor,
            params={"project_id": project.pk},
            subject=f"project:{project.pk}",
        )
    return project


# Who decides on a label when people differ: see `publish_labels`.
WAYS = ("majority", "auto")


def _skip_reasons(reasons: list[str]) -> list[str]:
    clean = list(dict.fromkeys(" ".join(reason.replace("\0", "").split()) for reason in reasons))
    if len(clean) > MOST_SKIP_REASONS or not all(0 < len(reason) <= LONGEST_SKIP_REASON for reason in clean):
        detail = _("Name at most %(most)s reasons of 1 to %(longest)s characters each.")
        values = {"most": MOST_SKIP_REASONS, "longest": LONGEST_SKIP_REASON}
        raise DomainError("reasons_invalid", detail % values, field="skip_reasons")
    return clean


@transaction.atomic
def start_publish(*, actor: Actor, project_id: int, options: dict[str, Any]) -> Job:
    """Send the job that publishes the project's labels as a new version of its dataset.

    Args:
        actor: Who publishes.
        project_id: The project.
        options: ``only_labeled`` bool, ``only_reviewed`` bool, ``with_gold`` bool, ``with_model`` bool,
            ``keep_labels`` bool, ``consensus`` one of `WAYS`, ``split`` bool, ``validation`` and ``test`` shares,
            ``seed`` int, ``group_column`` str, ``note`` str.
    """
    project = find_project(actor=actor, project_id=project_id)
    refuse_while_changing(project)
    refuse_while_arriving(actor=actor, project=project)
    columns = {name for name, _kind in project.version.manifest.get("columns", [])}
    if options.get("group_column") and options["group_column"] not in columns:
        raise DomainError("column_unknown", _("The version has no such column to group by."), field="group_column")
    if options.get("validation", 0) + options.get("test", 0) >= 1:
        raise DomainError("split_shares", _("Validation and test must leave something to train on."), field="test")
    job = enqueue(
        kind="labeling.publish",
        actor=actor,
        params={"project_id": project.pk, **options},
        title=_("Publish labels of %(project)s") % {"project": project.name},
        subject=f"project:{project.pk}",
    )
    audit.record(actor=actor, action="project.publish", subject=f"project:{project.pk}", job=job.pk)
    return job


CHANGE_KIND = "labeling.migrate_answers"


def last_change_job(project: Project) -> Job | None:
    """Return the newest job that brought answers along to changed questions."""
    subject = f"project:{project.pk}"
    jobs = Job.objects.filter(organization_id=project.organization_id, kind=CHANGE_KIND, subject=subject)
    return jobs.order_by("-pk").first()


def refuse_while_changing(project: Project) -> None:
    """Raise Conflict ``questions_changing`` while answers to earlier questions are not brought along."""
    last = last_change_job(project)
    if last is not None and last.state != "succeeded":
        detail = _("Answers are still being brought along to changed questions. Wait for the job, or send it again.")
        raise Conflict("questions_changing", detail, job=last.pk)


def find_project(*, actor: Actor, project_id: int, lock: bool = False) -> Project:
    """Return a project of the actor's organization or raise NotFound."""
    rows = Project.objects.visible_to(actor)
    rows = rows.select_for_update() if lock else rows.select_related("version__dataset")
    project = rows.filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    return project  # type: ignore[no-any-return]


def figures_for(*, actor: Actor, project: Project) -> dict[str, Any]:
    """Return `project_figures` as this actor may see them: people who only label see nobody's work but their own."""
    figures = project_figures(project=project, sees_gold=may_know_gold(actor))
    if not (actor.can("data.read") or actor.can("review") or actor.can("project.write")):
        figures["people"] = [row for row in figures["people"] if row["user"] == actor.user_id]
    return figures


def project_figures(*, project: Project, sees_gold: bool = False) -> dict[str, Any]:
    """Return the progress of a project: in all, for each person, label and model.

    Answers to tasks whose right answer is known are none of those that are wanted, and are told apart for those who may
    know of them. For all others they are answers like any: otherwise the figures would give away which they are.

    Every figure is a sum over counters, one row for each person and label; the cost does not grow with the answers.
    """
    people = [
        {
            "user": row.annotator_id,
            "name": str(row.annotator),
            "answers": row.answers,
            "skipped": row.skipped,
            "assigned_left": row.assigned_left,
            "seconds_each": row.seconds / row.answers if row.answers else None,
            "last_answer_at": row.last_answer_at,
            "accepted": row.accepted_answers,
            "fixed": row.fixed_answers,
            "sent_back": row.rejected_answers,
            **(_gold_figures(row) if sees_gold else {}),
            "judged": row.accepted_answers + row.fixed_answers + row.rejected_answers,
        }
        for row in project.progress.select_related("annotator").order_by("-answers", "pk")
    ]
    tallies: dict[tuple[str, str, str], int] = {
        (row["kind"], row["control"], row["name"]): row["total"]
        for row in Tally.objects.filter(project=project)
        .values("kind", "control", "name")
        .annotate(total=Sum("count"))
        .order_by("kind", "control", "name")
    }
    done = sum(person["answers"] - person.get("gold_given", 0) for person in people)
    return {
        "tasks": project.task_count,
        "by_model": model_share(project),
        "answers": done,
        "answers_wanted": max(done, project.answers_wanted),
        "skipped": sum(person["skipped"] for person in people),
        "people": people,
        "labels": _label_counts(project, tallies),
        "suggestions": _sources(tallies),
    }


def model_share(project: Project) -> int:
    """Return how many tasks are out of the queue because a model's answer was accepted: a sum over its rounds."""
    return AcceptRound.objects.filter(project=project).aggregate(total=Sum("standing"))["total"] or 0


def _gold_figures(row: Progress) -> dict[str, Any]:
    accuracy = row.gold_right / row.gold_answers if row.gold_answers else None
    return {
        "gold_given": row.gold_given,
        "gold_answers": row.gold_answers,
        "gold_right": row.gold_right,
        "gold_accuracy": accuracy,
        "gold_interval": wilson_interval(row.gold_right, row.gold_answers),
        "paused_at": row.paused_at,
        "paused_why": row.paused_why,
    }


def _label_counts(project: Project, tallies: dict[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    return [
        {
            "control": control["name"],
            "value": label["value"],
            "title": label["title"],
            "color": label["color"],
            "count": tallies.get(("label", control["name"], label["value"]), 0),
        }
        for control in project.schema["controls"]
        for label in control.get("labels", [])
    ]


def _sources(tallies: dict[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    """Return for each model how often its suggestion was shown with an answer, and how often the answer agreed."""
    shown = {name: count for (kind, _control, name), count in tallies.items() if kind == "shown" and count}
    accepted = {name: count for (kind, _control, name), count in tallies.items() if kind == "accepted"}
    return [
        {
            "model": name,
            "shown": count,
            "accepted": accepted.get(name, 0),
            "accepted_share": accepted.get(name, 0) / count,
        }
        for name, count in shown.items()
    ]


_LABELED = """
SELECT t.item_id, t.data, CASE WHEN j.id IS NULL THEN json_agg(a.answer -> %(control)s ORDER BY a.id)
  ELSE json_build_array(j.answer -> %(control)s) END
FROM labeling_task t JOIN labeling_annotation a ON a.task_id = t.id
LEFT JOIN labeling_adjudication j ON j.task_id = t.id AND j.state = 'decided'
WHERE a.project_id = %(project)s AND NOT a.skipped AND a.gold = ''
GROUP BY t.id, j.id ORDER BY t.id
"""
_UNLABELED = """
SELECT t.item_id, t.data FROM labeling_task t
WHERE t.project_id = %(project)s
  AND (t.is_gold OR NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.task_id = t.id))
  AND NOT EXISTS (SELECT FROM labeling_modellabel m WHERE m.task_id = t.id)
ORDER BY CASE WHEN %(spread)s THEN hashint8(t.id) END, t.id LIMIT %(limit)s
"""


def labeled_items(project: Project) -> Iterator[tuple[int, str, str]]:
    """Give (item_id, content, label) of every item whose answers have a majority, in the order of the tasks.

    The label is that of the schema's first choice; several labels of one answer are joined with ``|``. What somebody
    decided is the final answer stands for all others. Runs inside
    one transaction of its own with a server-side cursor, so memory stays flat.
    """
    schema = parse_schema(project.schema)
    if schema.choice is None:
        return
    values = {"project": project.pk, "control": schema.choice.name}
    for item_id, data, answers in _stream(_LABELED, values):
        vote = majority([canonical(answer) for answer in answers if answer])
        if vote.label:
            yield item_id, content_of(schema, data), vote.label


def unlabeled_items(project: Project, *, limit: int | None = None, spread: bool = False) -> Iterator[tuple[int, str]]:
    """Give (item_id, content) of the items that nobody has answered, `limit` at most, without those that a model's
    accepted answer is about.

    They come in the order of the tasks. With `spread` they are the same random share of the project each time, less
    what was answered since: a file is often sorted, and its beginning says little about the rest.
    """
    schema = parse_schema(project.schema)
    values = {"project": project.pk, "spread": spread, "limit": limit}
    for item_id, data in _stream(_UNLABELED, values):
        yield item_id, content_of(schema, data)


def content_of(schema: Schema, data: dict[str, Any]) -> str:
    """Return what a quick model reads of a task: the shown texts, or the picture's hash where none is shown."""
    return text_of(schema, data) if schema.texts or not schema.picture else str(data.get(schema.picture) or "")


def text_of(schema: Schema, data: dict[str, Any]) -> str:
    """Return the shown texts of a task, joined with line ends."""
    return "\n".join(str(data.get(field) or "") for field in schema.texts)


def _stream(sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a query through a server-side cursor."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(READ_ROWS):
            for row in rows:
                yield tuple(orjson.loads(value) if isinstance(value, str) else value for value in row)
