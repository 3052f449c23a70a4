"""Comments on tasks: written once however often they are sent, corrected for a while, resolved, listed."""

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership
from accounts.roles import ROLES
from accounts.services import audit
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.engine.controls.base import made_storable
from labeling.models import Comment, Lease, Mention, Project, Task
from labeling.querysets.comment import SEERS
from labeling.services.answer import BIGGEST_ID

Row = dict[str, Any]

LONGEST = 2_000
MOST_AT_ONCE = 50
# More people than that are told in person.
MOST_MENTIONS = 20
# A slip is corrected at once; later others may have answered to what was said.
EDIT_FOR = timedelta(hours=1)
PAGE = 50
PEOPLE_OFFERED = 20
STATES = ("open", "resolved", "all")
# Who clears flags of others.
CLEARERS = ("project.write", "review")
# Who can be named: those who may open a task.
_WORKERS = [role for role, scopes in ROLES.items() if scopes & {"label", "review", "project.write"}]
_MENTION = re.compile(r"@\[(\d{1,18})\]")
_PART = re.compile(r"[A-Za-z0-9_-]{0,64}")


class CommentError(Exception):
    """One comment that is not as it must be: which member, and what to do."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(detail)
        self.where, self.detail = where, detail


@dataclass(frozen=True, slots=True)
class Wish:
    """Which comments somebody looks for.

    Attributes:
        state: A row of STATES.
        mine: Only those that name the one who looks.
        writer: Id of who wrote them.
        task: Id of their task.
        flags: Only flags.
    """

    state: str = "open"
    mine: bool = False
    writer: int | None = None
    task: int | None = None
    flags: bool = False


def save_comments(*, actor: Actor, project_id: int, comments: Sequence[Any]) -> Row:
    """Save any number of comments, each on its own, and return the body of ``comments/``.

    Sending the same ``client_key`` again gives the same comment. A comment that is refused names the member that is
    wrong, and the others are saved.

    Args:
        actor: Who writes.
        project_id: The project of every task named.
        comments: JSON objects with ``client_key``, ``task``, ``body`` (1 to 2,000 characters, members as ``@[id]``)
            and, to point at something, ``control``, ``part`` and ``answer_of``. With ``flag`` true it is a flag, whose
            body may be empty.

    Raises:
        NotFound: No such project. Conflict: ``project_archived``. DomainError: ``too_many_comments``.
    """
    if len(comments) > MOST_AT_ONCE:
        raise DomainError("too_many_comments", _("Send at most %(count)s comments at once.") % {"count": MOST_AT_ONCE})
    project = Project.objects.visible_to(actor).filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    if project.state == "archived":
        raise Conflict("project_archived", _("This project is archived; nothing is written in it any more."))
    named = [row.get("task") for row in comments if isinstance(row, Mapping)]
    numbers = [number for number in named if type(number) is int and 0 < number <= BIGGEST_ID]
    open_tasks = set(tasks_of(actor, project).filter(pk__in=numbers).values_list("pk", flat=True))
    return {"results": [_save_one(actor, project, row, open_tasks) for row in comments]}


def tasks_of(actor: Actor, project: Project) -> QuerySet[Task]:
    """Return the tasks of a project on which this actor may read and write comments."""
    rows = Task.objects.visible_to(actor).filter(project=project)
    if any(actor.can(scope) for scope in SEERS):
        return rows  # type: ignore[no-any-return]
    return rows.filter(  # type: ignore[no-any-return]
        Exists(Lease.objects.filter(task=OuterRef("pk"), annotator=actor.user_id))
    )


def _save_one(actor: Actor, project: Project, row: Any, open_tasks: set[int]) -> Row:
    key = row.get("client_key") if isinstance(row, Mapping) else None
    task = row.get("task") if isinstance(row, Mapping) else None
    result: Row = {"client_key": key, "task": task if type(task) is int else None, "comment": None}
    try:
        comment = _checked(actor, project, row, open_tasks)
    except CommentError as error:
        problem = {"code": "comment_invalid", "where": error.where, "detail": error.detail}
        return {**result, "status": "invalid", "problem": problem}
    known = Comment.objects.filter(writer=actor.user_id, client_key=comment.client_key)
    try:
        with transaction.atomic():
            comment.save(force_insert=True)
            _name_people(actor, comment)
            audit.record(
                actor=actor, action="comment.write", subject=f"task:{comment.task_id}", comment=comment.pk,
                project=project.pk,
            )  # fmt: skip
    except IntegrityError:
        # It was sent before, or the task went away this moment.
        earlier = known.values_list("pk", "task_id").first()
        if earlier is None:
            problem = {"code": "comment_refused", "where": "task", "detail": _("There is no such task any more.")}
            return {**result, "status": "invalid", "problem": problem}
        return {**result, "status": "duplicate", "comment": earlier[0], "task": earlier[1]}
    return {**result, "status": "saved", "comment": comment.pk}


def _checked(actor: Actor, project: Project, row: Any, open_tasks: set[int]) -> Comment:
    if not isinstance(row, Mapping):
        raise CommentError("", _("Each comment must be an object."))
    try:
        key = uuid.UUID(str(row.get("client_key")))
    except ValueError:
        raise CommentError("client_key", _("This must be a UUID; make one for each comment.")) from None
    task = row.get("task")
    if type(task) is not int or task not in open_tasks:
        raise CommentError("task", _("There is no such task for you. Comments go on tasks that you hold or answered."))
    control, part = row.get("control") or "", row.get("part") or ""
    names = {control["name"] for control in project.schema["controls"]}
    if control and control not in names:
        raise CommentError("control", _("This project asks nothing of that name."))
    if not isinstance(part, str) or not _PART.fullmatch(part) or (part and not control):
        raise CommentError("part", _("This must be the id of a span or shape, together with its control."))
    is_flag = row.get("flag", False)
    if not isinstance(is_flag, bool):
        raise CommentError("flag", _("This must be true or false."))
    return Comment(
        project=project,
        task_id=task,
        writer_id=actor.user_id,
        client_key=key,
        body=clean_body(row.get("body") or "" if is_flag else row.get("body"), may_be_empty=is_flag),
        is_flag=is_flag,
        control=control,
        part=part,
        answer_of_id=_answerer(actor, row.get("answer_of"), task) if part else None,
        created_at=timezone.now(),
    )


def _answerer(actor: Actor, value: Any, task: int) -> int:
    """Return whose answer a comment points into; by default the writer's own."""
    if value is None or value == actor.user_id:
        return actor.user_id
    held = Lease.objects.filter(task=task, annotator=value) if type(value) is int and 0 < value <= BIGGEST_ID else None
    if held is None or not any(actor.can(scope) for scope in SEERS) or not held.exists():
        raise CommentError("answer_of", _("There is no answer of that person to this task."))
    return value  # type: ignore[no-any-return]


def clean_body(value: Any, *, may_be_empty: bool = False) -> str:
    """Return a comment's text without what no database holds: NUL and halves of character pairs.

    Raises:
        CommentError: It is no text, empty, or longer than LONGEST characters.
    """
    if not isinstance(value, str):
        raise CommentError("body", _("This must be a text."))
    text = made_storable(value).strip()
    if not text and not may_be_empty:
        raise CommentError("body", _("Write something first."))
    if len(text) > LONGEST:
        detail = _("This has %(length)s characters; at most %(most)s are taken.")
        raise CommentError("body", detail % {"length": len(text), "most": LONGEST})
    return text


def _name_people(actor: Actor, comment: Comment) -> None:
    """Bring the rows of Mention in line with the text; what names no member is text and nothing else."""
    numbers = list(dict.fromkeys(int(found) for found in _MENTION.findall(comment.body)))[:MOST_MENTIONS]
    members = Membership.objects.filter(organization_id=actor.organization_id, user__in=numbers, role__in=_WORKERS)
    wanted = set(members.values_list("user_id", flat=True)) if numbers else set()
    held = set(comment.mentions.values_list("person_id", flat=True))
    # Whoever has left since stays named: their name is what people read.
    wanted |= held.intersection(numbers)
    comment.mentions.filter(person__in=held - wanted).delete()
    new = [Mention(comment=comment, person_id=person) for person in sorted(wanted - held)]
    Mention.objects.bulk_create(new, ignore_conflicts=True)


def find_comment(*, actor: Actor, comment_id: int, lock: bool = False) -> Comment:
    """Return a comment that this actor may see.

    Raises:
        NotFound: There is none.
    """
    seen = Comment.objects.visible_to(actor)
    rows: QuerySet[Comment] = seen.select_for_update(of=("self",), no_key=True) if lock else with_people(seen)
    found = rows.filter(pk=comment_id).first()
    if found is None:
        raise NotFound(_("There is no such comment."))
    return found


@transaction.atomic
def change_comment(*, actor: Actor, comment_id: int, body: str | None = None, resolved: bool | None = None) -> Comment:
    """Correct a comment of one's own, or say of any that it is settled or open again.

    A flag is cleared by those who manage or review, and by whoever raised it.

    Raises:
        NotFound: No such comment. NotAllowed: A flag, and the actor is none of these.
        Conflict: ``comment_closed`` once it is too old or not this person's to correct.
        DomainError: ``comment_invalid``.
    """
    comment = find_comment(actor=actor, comment_id=comment_id, lock=True)
    noted: Row = {"project": comment.project_id, "task": comment.task_id}
    if body is not None:
        _refuse_unless_own(actor, comment)
        try:
            text = clean_body(body, may_be_empty=comment.is_flag)
        except CommentError as error:
            raise DomainError("comment_invalid", error.detail, where=error.where) from None
        if text != comment.body:
            noted |= {"before": comment.body, "after": text}
            comment.body, comment.edited_at = text, timezone.now()
    if resolved is not None and resolved != (comment.resolved_at is not None):
        _refuse_to_clear(actor, comment)
        noted["resolved"] = resolved
        comment.resolved_at = timezone.now() if resolved else None
        comment.resolved_by_id = actor.user_id if resolved else None
    if noted.keys() & {"after", "resolved"}:
        comment.save(update_fields=["body", "edited_at", "resolved_at", "resolved_by"])
        _name_people(actor, comment)
        audit.record(actor=actor, action="comment.change", subject=f"comment:{comment.pk}", **noted)
    return find_comment(actor=actor, comment_id=comment.pk)


@transaction.atomic
def delete_comment(*, actor: Actor, comment_id: int) -> None:
    """Delete a comment of one's own while it can be corrected; the audit trail keeps what it said.

    Raises:
        NotFound: No such comment. Conflict: ``comment_closed``.
    """
    comment = find_comment(actor=actor, comment_id=comment_id, lock=True)
    _refuse_unless_own(actor, comment)
    audit.record(
        actor=actor, action="comment.delete", subject=f"comment:{comment.pk}", project=comment.project_id,
        task=comment.task_id, before=comment.body,
    )  # fmt: skip
    comment.delete()


def may_correct(actor: Actor, comment: Comment) -> bool:
    """Tell whether this actor may still change what the comment says."""
    return comment.writer_id == actor.user_id and timezone.now() - comment.created_at < EDIT_FOR


def _refuse_unless_own(actor: Actor, comment: Comment) -> None:
    if not may_correct(actor, comment):
        detail = _("Only its writer changes a comment, within an hour. Write another one.")
        raise Conflict("comment_closed", detail)


def may_clear(actor: Actor, comment: Comment) -> bool:
    """Tell whether this actor may say of a comment that it is settled."""
    return not comment.is_flag or comment.writer_id == actor.user_id or any(actor.can(scope) for scope in CLEARERS)


def _refuse_to_clear(actor: Actor, comment: Comment) -> None:
    if not may_clear(actor, comment):
        raise NotAllowed(CLEARERS)


def open_flags(task_ids: Sequence[int]) -> dict[int, list[Comment]]:
    """Return the flags on these tasks that nobody has cleared, oldest first; one query."""
    found: dict[int, list[Comment]] = {}
    rows = Comment.objects.filter(task__in=task_ids, is_flag=True, resolved_at=None).select_related("writer")
    for row in rows.order_by("pk"):
        found.setdefault(row.task_id, []).append(row)
    return found


def with_people(rows: QuerySet[Comment]) -> QuerySet[Comment]:
    """Return comments with everybody whom `show_comment` names, in as many queries for one as for fifty."""
    people = rows.select_related("task", "project", "writer", "resolved_by")
    return people.prefetch_related("mentions__person")


def find_comments(
    *, actor: Actor, wish: Wish, project: Project | None = None, before: int | None = None
) -> tuple[list[Comment], int | None]:
    """Return one page of comments, newest first, and below which number to go on.

    Args:
        actor: Who looks.
        wish: Which are looked for.
        project: Only of this project; of all by default.
        before: Where the page before ended.
    """
    rows = Comment.objects.visible_to(actor)
    rows = rows if project is None else rows.filter(project=project)
    rows = rows if wish.task is None else rows.filter(task=wish.task)
    rows = rows if wish.writer is None else rows.filter(writer=wish.writer)
    rows = rows if wish.state == "all" else rows.filter(resolved_at__isnull=wish.state != "resolved")
    rows = rows.filter(is_flag=True) if wish.flags else rows
    rows = rows.filter(mentions__person=actor.user_id) if wish.mine else rows
    rows = rows if before is None else rows.filter(pk__lt=before)
    found = list(with_people(rows).order_by("-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def show_comment(*, actor: Actor, comment: Comment) -> Row:
    """Return a comment as the API gives it."""
    resolved_by = comment.resolved_by
    return {
        "id": comment.pk,
        "client_key": str(comment.client_key),
        "project": comment.project_id,
        "task": comment.task_id,
        "item_id": comment.task.item_id,
        "writer": {"id": comment.writer_id, "name": str(comment.writer)},
        "body": comment.body,
        "flag": comment.is_flag,
        "mentions": [{"id": row.person_id, "name": str(row.person)} for row in comment.mentions.all()],
        "control": comment.control,
        "part": comment.part,
        "answer_of": comment.answer_of_id,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
        "resolved_at": comment.resolved_at,
        "resolved_by": None if resolved_by is None else {"id": resolved_by.pk, "name": str(resolved_by)},
        "may_edit": may_correct(actor, comment),
    }


def pieces(comment: Comment) -> list[tuple[str, bool]]:
    """Return a comment's text cut at its mentions, as (text, whether it names a member)."""
    names = {row.person_id: str(row.person) for row in comment.mentions.all()}
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _MENTION.finditer(comment.body):
        name = names.get(int(match[1]))
        if name is not None:
            found += [(comment.body[end : match.start()], False), (f"@{name}", True)]
            end = match.end()
    return [piece for piece in [*found, (comment.body[end:], False)] if piece[0]]


def people_to_mention(*, actor: Actor, project_id: int, query: str = "") -> list[Row]:
    """Return members who can be named in a project's comments and whose name holds some letters, at most 20.

    Raises:
        NotFound: No such project.
    """
    if not Project.objects.visible_to(actor).filter(pk=project_id).exists():
        raise NotFound(_("There is no such project."))
    rows = Membership.objects.filter(organization_id=actor.organization_id, role__in=_WORKERS).select_related("user")
    if query:
        rows = rows.filter(user__name__icontains=query) | rows.filter(user__name="", user__email__icontains=query)
    return [{"id": row.user_id, "name": str(row.user)} for row in rows.order_by("user__name", "user")[:PEOPLE_OFFERED]]


def count_open(task_ids: Sequence[int]) -> Counter[int]:
    """Return how many open comments each of these tasks has."""
    return Counter(Comment.objects.filter(task__in=task_ids, resolved_at=None).values_list("task_id", flat=True))
