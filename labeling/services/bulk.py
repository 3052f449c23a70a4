"""Bulk answers: one person gives one answer to many items at once, by a request or, for many, by a job."""

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.steps.select_items import write_ranges
from labeling.engine.grid import fits, offered
from labeling.engine.schema import Answer, AnswerError, Schema, parse_schema, validate_answer
from labeling.models import Bulk, BulkState, Project, Task
from labeling.services.acceptance_audit import note_audits
from labeling.services.bulk_store import BATCH, UNKNOWN, store_batch
from labeling.services.expiry import expire_leases
from labeling.services.gold_check import check_answers
from labeling.services.grid import Looker, Wish, chosen, look, looker_of, wish_of
from labeling.services.grid_source import END, named_items
from labeling.services.onboarding_gate import refuse_newcomer
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.queue import Desk, progress_of, refuse_unless_open, sit_down
from labeling.services.schema_revision import schema_of
from labeling.services.trigger import suggest_when_due, weigh_when_due
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

# More than these are answered by a job.
AT_ONCE = 500
MOST_NAMED = 10_000
KIND = "labeling.answer_bulk"
# A person who looks is answered within this; what takes longer to find is a job's work.
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants answered at once.

    Attributes:
        answer: What is said of each item.
        items: Their numbers, `MOST_NAMED` at most; None when `wanted` finds them.
        wanted: A filter as `labeling.services.grid.FIELDS` names it; an empty one is every item.
        change_own: Whether earlier answers of the same person become this one.
        client_key: Made by the sender, so that sending twice answers once.
    """

    answer: Any
    items: list[int] | None = None
    wanted: dict[str, str] | None = None
    change_own: bool = False
    client_key: uuid.UUID | None = None


def start_bulk(*, actor: Actor, project_id: int, order: Order) -> Bulk:
    """Give one answer to many items; of more than 500 a job does it, which ``bulk.job`` then names.

    Tasks that have no place left, that somebody else has just now, or that this person answered before (unless the
    order says otherwise) are passed over and counted.

    Raises:
        NotFound: No such project.
        Conflict: ``project_paused``, ``project_archived``, ``questions_changing``, ``onboarding``.
        DomainError: ``grid_not_offered``, ``answer_invalid``, ``filter_invalid``, ``items_invalid``.
    """
    project = find_project(actor=actor, project_id=project_id)
    key = order.client_key or uuid.uuid4()
    earlier = _sent_before(actor, project, key)
    if earlier is not None:
        return earlier
    refuse_unless_open(project.state)
    refuse_newcomer(actor, project)
    refuse_while_changing(project)
    schema = parse_schema(project.schema)
    answer = _answer_of(schema, order.answer)
    items, selection = _chosen(actor, project, schema, order)
    # Leases past their time give their places back first, without waiting for the sweep; in a transaction of its own,
    # since it locks tasks, and those come after the person's row.
    expire_leases(project_id=project.pk)
    try:
        with transaction.atomic():
            bulk = Bulk.objects.create(
                project=project,
                annotator_id=actor.user_id,
                answer=answer,
                selection=selection,
                change_own=order.change_own,
                client_key=key,
                created_at=timezone.now(),
            )
            _note(actor, "project.bulk_answer", bulk, answer=answer, change_own=order.change_own)
            if items is None:
                _send(actor, bulk)
            else:
                _answer_now(actor, bulk, items)
    except IntegrityError:
        # The same order came twice at once; the other one was first.
        found = _sent_before(actor, project, key)
        if found is None:
            raise
        return found
    return bulk


def _sent_before(actor: Actor, project: Project, key: uuid.UUID) -> Bulk | None:
    found = Bulk.objects.filter(annotator_id=actor.user_id, client_key=key).select_related("job").first()
    if found is not None and found.project_id != project.pk:
        raise Conflict("key_used", _("This client_key was used in another project. Make a new one for each order."))
    return found  # type: ignore[no-any-return]


def refuse_without_grid(schema: Schema) -> None:
    """Raise DomainError ``grid_not_offered`` when the questions cannot be answered for many items at once."""
    offer = offered(schema)
    if offer.controls:
        return
    if offer.obstacles:
        detail = _(
            "Many items are answered at once when one choice or taxonomy is all that must be answered. Here these must "
            "be answered too, item by item: %(names)s."
        )
        detail %= {"names": ", ".join(offer.obstacles)}
    else:
        detail = _("Many items are answered at once by a choice or a taxonomy, and this project asks neither.")
    raise DomainError("grid_not_offered", detail, title=_("No grid for these questions"), status=409)


def _answer_of(schema: Schema, answer: Any) -> Answer:
    refuse_without_grid(schema)
    try:
        checked = validate_answer(schema, answer)
    except AnswerError as error:
        raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None
    if not fits(offered(schema), checked):
        names = ", ".join(control.name for control in offered(schema).controls)
        detail = _("Many items at once take labels of %(names)s and nothing else.") % {"names": names}
        raise DomainError("answer_invalid", detail, where="answer")
    return checked


def _chosen(actor: Actor, project: Project, schema: Schema, order: Order) -> tuple[list[int] | None, dict[str, Any]]:
    """Return the items, None when a job must find them, and what the bulk keeps of the choice."""
    looker = looker_of(actor)
    if order.items is not None:
        items = sorted(set(order.items))
        if not 1 <= len(items) <= MOST_NAMED:
            detail = _("Name from 1 to %(most)s items, or choose them by a filter.") % {"most": f"{MOST_NAMED:,}"}
            raise DomainError("items_invalid", detail, field="items")
        return items if len(items) <= AT_ONCE else None, {"items": write_ranges(np.array(items, np.int64))}
    if order.wanted is None:
        raise DomainError("items_invalid", _("Say which items, by their numbers or by a filter."), field="items")
    wish = wish_of(order.wanted, project=project, schema=schema, looker=looker)
    selection = {**wish.to_json(), "sees_all": looker.sees_all}
    seen = look(project=project, wish=wish, looker=looker, limit=AT_ONCE, seconds=LOOK_SECONDS)
    if seen.after != END:
        return None, selection
    return [item for _task, item in seen.tasks], selection


def _answer_now(actor: Actor, bulk: Bulk, items: list[int]) -> None:
    found = Task.objects.filter(project=bulk.project_id, item_id__in=items)
    tasks = list(found.order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, bulk.project_id)
        refuse_unless_open(desk.state)
        counts = store_batch(cursor, desk, bulk, tasks)
        counts[UNKNOWN] += len(items) - len(tasks)
        check_answers(actor=actor, project_id=bulk.project_id)
        note_audits(desk=desk, tasks=tasks)
        done = progress_of(cursor, desk)["done"]
    bulk.counts, bulk.state = dict(+counts), BulkState.DONE
    bulk.save(update_fields=["counts", "state"])
    _suggest(actor, desk, done)


def _suggest(actor: Actor, desk: Desk, answers: int) -> None:
    if schema_of(desk.schema).choice is not None:
        suggest_when_due(actor=actor, desk=desk, answers=answers)
    weigh_when_due(actor=actor, desk=desk, answers=answers)


def _send(actor: Actor, bulk: Bulk) -> None:
    bulk.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"bulk_id": bulk.pk},
        title=_("Answer many items of %(project)s") % {"project": bulk.project.name},
        subject=f"project:{bulk.project_id}",
    )
    bulk.save(update_fields=["job"])


def _note(actor: Actor, action: str, bulk: Bulk, **data: Any) -> None:
    audit.record(actor=actor, action=action, subject=f"project:{bulk.project_id}", bulk=bulk.pk, **data)


def run_bulk(*, job: JobContext, bulk_id: int) -> dict[str, Any]:
    """Give the bulk's answer to everything that its choice finds, batch by batch.

    Each batch, the place it ends at and the figures are one transaction, so a job that was killed goes on behind the
    last one, and no task is answered twice.

    Returns:
        The job's result: how many tasks came to what.
    """
    rows = Bulk.objects.filter(project__organization_id=job.organization_id, pk=bulk_id)
    bulk = rows.select_related("project__version").first()
    if bulk is None:
        raise NotFound(_("These bulk answers are gone."))
    schema = parse_schema(bulk.project.schema)
    wish, looker = _wish_of(bulk, schema)
    total = _total(bulk)
    state = {"after": 0, "seen": 0, **job.state}
    while state["after"] != END and bulk.state == BulkState.RUNNING:
        # Outside of the batch: looking locks nothing.
        seen = look(project=bulk.project, wish=wish, looker=looker, after=state["after"], limit=BATCH, seconds=None)
        expire_leases(project_id=bulk.project_id)
        _store(job, bulk, [task for task, _item in seen.tasks], state | {"after": seen.after})
        state = job.state
        job.progress(state["seen"], total, _("giving the answers"), rows_done=bulk.stored)
    return {"bulk": bulk.pk, **bulk.counts}


def _wish_of(bulk: Bulk, schema: Schema) -> tuple[Wish, Looker]:
    selection = dict(bulk.selection)
    if bulk.names_items:
        return chosen(selection["items"]), Looker(bulk.annotator_id, False)
    looker = Looker(bulk.annotator_id, bool(selection.pop("sees_all", False)))
    return wish_of(selection, project=bulk.project, schema=schema, looker=looker), looker


def _total(bulk: Bulk) -> int | None:
    if bulk.names_items:
        return len(named_items(bulk.selection["items"]))
    return bulk.project.task_count if set(bulk.selection) == {"sees_all"} else None


@transaction.atomic
def _store(job: JobContext, bulk: Bulk, tasks: list[int], state: dict[str, Any]) -> None:
    """Do one batch; nothing when the bulk was undone meanwhile."""
    locked = Bulk.objects.select_for_update().get(pk=bulk.pk)
    if locked.state == BulkState.RUNNING:
        with connection.cursor() as cursor:
            desk = sit_down(cursor, job.actor, bulk.project_id)
            refuse_unless_open(desk.state)
            locked.counts = dict(Counter(locked.counts) + store_batch(cursor, desk, locked, sorted(tasks)))
            check_answers(actor=job.actor, project_id=bulk.project_id)
            note_audits(desk=desk, tasks=tasks)
            if state["after"] == END:
                _finish(job.actor, desk, locked, progress_of(cursor, desk)["done"])
        locked.save(update_fields=["counts", "state"])
    bulk.counts, bulk.state = locked.counts, locked.state
    # In this transaction, so that the place and the answers are one; raises when another worker has the job.
    job.save_state({**state, "seen": state["seen"] + len(tasks)})


def _finish(actor: Actor, desk: Desk, bulk: Bulk, answers: int) -> None:
    bulk.state = BulkState.DONE
    if bulk.names_items:
        named = len(named_items(bulk.selection["items"]))
        missing = named - sum(bulk.counts.values())
        bulk.counts = dict(+Counter({**bulk.counts, UNKNOWN: missing}))
    _suggest(actor, desk, answers)


def find_bulk(*, actor: Actor, bulk_id: int) -> Bulk:
    """Return bulk answers that this actor may see: their own, or all for those who see answers of others."""
    rows = Bulk.objects.visible_to(actor).select_related("project", "annotator", "job", "undone_by")
    bulk = rows.filter(pk=bulk_id).first()
    if bulk is None:
        raise NotFound(_("There are no such bulk answers."))
    return bulk  # type: ignore[no-any-return]


def is_stopped(bulk: Bulk) -> bool:
    """Tell whether the job of a bulk ended before it was through; `bulk.job` is loaded."""
    return bulk.state in (BulkState.RUNNING, BulkState.UNDOING) and (bulk.job is None or _ended(bulk.job))


def _ended(job: Job) -> bool:
    return job.finished_at is not None
