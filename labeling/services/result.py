"""Looking through a project's answers: newest first, by person, label, state, day and words of the text."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models import F as Field
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import MD5, Cast, Concat

from accounts.actor import Actor
from labeling.engine.lots import LOT_DIGITS, threshold
from labeling.engine.schema import Schema
from labeling.models import Annotation, Comment, Project, Rejection
from labeling.querysets.gold import may_know_gold

PAGE = 50
# How many answers one page looks at before it offers to go on: with a filter that few answers pass, a page costs this
# much and no more, however many answers there are. A long text is read from disk, so fewer of those.
SCAN = 20_000
SCAN_TEXTS = 2_000
STATES = ("answered", "skipped", "incomplete", "flagged", "gold_right", "gold_wrong")
REVIEWS = ("none", "accepted", "fixed", "rejected")
MARKED = ("spans", "relations", "shapes")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for; what is empty does not matter.

    Attributes:
        person: Id of the annotator.
        control: Name of a control, with `value` one of its labels.
        value: The label.
        state: A row of STATES.
        text: Words that stand in a shown text, in any case.
        since: First day, UTC.
        until: Last day, UTC.
        review: A row of REVIEWS. Answers that were sent back are found by ``rejected`` alone, since they do not count.
        item: Id of an item.
        share: Per cent of the answers, 1 to 100, drawn at random: each answer by itself, so that everybody has about
            this share of theirs among them, and one that is drawn stays drawn when more come.
        seed: Of the draw.
        except_of: Id of a person whose answers are left out.
        reason: Why a task was skipped, word for word.
    """

    person: int | None = None
    control: str = ""
    value: str = ""
    state: str = ""
    text: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    review: str = ""
    item: int | None = None
    share: int | None = None
    seed: int = 0
    except_of: int | None = None
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is looked for."""
        return self == Wish()


@dataclass(frozen=True, slots=True)
class Found:
    """One page of answers.

    Attributes:
        rows: Newest first, at most PAGE.
        before: Go on with answers below this number; None at the end.
        cut_short: Whether the page ends because it looked at enough, and not because it is full.
    """

    rows: list[Any]
    before: int | None
    cut_short: bool = False


def find_answers(*, actor: Actor, project: Project, schema: Schema, wish: Wish, before: int | None = None) -> Found:
    """Return the answers that this actor may see and that pass, newest first, below a number.

    Args:
        actor: Who looks; people who only label find their own.
        project: The project, which the actor may see.
        schema: The project's schema.
        wish: What is looked for; a control that the schema does not have finds nothing.
        before: Where the page before this one ended.
    """
    # Answers that were sent back have all that the filters below ask for, under the same names.
    waiting = Rejection.objects.visible_to(actor).filter(settled_at=None)
    everything = waiting if wish.review == "rejected" else Annotation.objects.visible_to(actor)
    rows: QuerySet[Any] = everything.filter(project=project)
    if wish.item is not None:
        rows = rows.filter(task__in=project.tasks.filter(item_id=wish.item))
    rows = rows if wish.except_of is None else rows.exclude(annotator=wish.except_of)
    rows = rows if wish.person is None else rows.filter(annotator=wish.person)
    rows = rows if before is None else rows.filter(pk__lt=before)
    scan = SCAN_TEXTS if wish.text else SCAN
    # One index entry, found by walking the index from the newest; null when there are fewer.
    floor = rows.order_by("-pk").values_list("pk", flat=True)[scan - 1 : scan].first()
    looked_at = rows if floor is None else rows.filter(pk__gte=floor)
    passing = (
        _passing(looked_at, schema, wish, may_know_gold(actor))
        .select_related("task", "annotator", "reviewer")
        .order_by("-pk")
    )
    found = list(passing[: PAGE + 1])
    if len(found) > PAGE:
        return Found(found[:PAGE], found[PAGE - 1].pk)
    return Found(found, floor, floor is not None)


def _passing(rows: QuerySet[Any], schema: Schema, wish: Wish, sees_gold: bool) -> QuerySet[Any]:
    if wish.control:
        rows = rows.filter(has_label(schema, wish)) if wish.control in schema.by_name else rows.none()
    flags = Comment.objects.filter(task=OuterRef("task"), is_flag=True, resolved_at=None)
    states: dict[str, Any] = {"flagged": Exists(flags)}
    states |= {"answered": Q(skipped=False), "skipped": Q(skipped=True), "incomplete": Q(incomplete=True)}
    if sees_gold:
        states |= {"gold_right": Q(gold="right"), "gold_wrong": Q(gold="wrong")}
    if wish.state in states:
        rows = rows.filter(states[wish.state])
    if wish.review in REVIEWS and wish.review != "rejected":
        rows = rows.filter(verdict="" if wish.review == "none" else wish.review)
    if wish.share is not None:
        rows = rows.alias(lot=_lot(rows, wish.seed)).filter(lot__lt=threshold(wish.share))
    if wish.reason:
        rows = rows.filter(skipped=True, reason=wish.reason)
    if wish.since is not None:
        rows = rows.filter(created_at__gte=dt.datetime.combine(wish.since, dt.time(), dt.UTC))
    if wish.until is not None:
        rows = rows.filter(created_at__lt=dt.datetime.combine(wish.until, dt.time(), dt.UTC) + dt.timedelta(days=1))
    if wish.text:
        anywhere = Q()
        for number, field in enumerate(schema.texts):
            rows = rows.alias(**{f"text_{number}": KeyTextTransform(field, "task__data")})
            anywhere |= Q(**{f"text_{number}__icontains": wish.text})
        rows = rows.filter(anywhere) if schema.texts else rows.none()
    return rows


def _lot(rows: QuerySet[Any], seed: int) -> Any:
    """Return the expression that draws for an answer: the start of a hash of its number and the seed, in hex."""
    number = "annotation_number" if rows.model is Rejection else "pk"
    drawn = MD5(Concat(Cast(Field(number), TextField()), Value(f":{seed}")))
    return Func(drawn, Value(1), Value(LOT_DIGITS), function="SUBSTR", output_field=TextField())


def has_label(schema: Schema, wish: Wish) -> Q:
    """Return the condition that an answer has a label, wherever its type of control keeps labels."""
    control = schema.by_name[wish.control]
    held: Any = [wish.value]
    if control.type in MARKED:
        held = [{"label": wish.value}]
    elif control.type == "preference":
        held = wish.value
    return Q(answer__contains={wish.control: held})
