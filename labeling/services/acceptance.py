"""Automatic acceptance of a project: set, switched on and off, and measured."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict
from labeling.engine.acceptance import interval
from labeling.engine.grid import offered
from labeling.engine.schema import Schema, parse_schema
from labeling.models import AcceptRound, AuditOutcome, AutoAccept, ModelLabel, Project
from labeling.services.project import find_project, model_share
from labeling.services.queue import refuse_archived
from labeling.services.trigger import send_suggest

SETTINGS = ("target", "audit_share", "labels_from", "gives_back")
# A page of rounds.
PAGE = 20

Row = dict[str, Any]


def acceptance_of(project: Project) -> AutoAccept:
    """Return how a project accepts a model's answers; unsaved defaults where nobody set anything yet."""
    return AutoAccept.objects.filter(project=project).first() or AutoAccept(project=project)


def why_not(schema: Schema) -> str:
    """Return why a model's answer could not stand alone in a project with these questions; empty when it could."""
    if schema.choice is None or not schema.learns_from:
        return _("A quick model learns one choice about texts or pictures, and this project asks something else.")
    obstacles = [control.name for control in schema.controls if control.required and control != schema.choice]
    if obstacles or schema.choice not in offered(schema).controls:
        detail = _("A quick model answers one choice alone. Here these must be answered too: %(names)s.")
        return detail % {"names": ", ".join(obstacles)}
    return ""


@transaction.atomic
def change_acceptance(*, actor: Actor, project_id: int, accepts: bool | None = None, **changes: Any) -> AutoAccept:
    """Switch automatic acceptance on or off, or change how it is done; what was accepted stays accepted.

    Switching on, and another target, begins a new test: earlier audits were of another promise. A suggestion job is
    sent then, which accepts what reaches the threshold.

    Args:
        actor: Who decides.
        project_id: The project.
        accepts: Whether answers are accepted from now on; None leaves it.
        changes: Fields of `SETTINGS`.

    Raises:
        NotFound: No such project.
        Conflict: ``project_archived``; ``accept_not_offered`` where a model's answer could not stand alone.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_archived(project.state)
    obstacle = why_not(parse_schema(project.schema))
    if accepts and obstacle:
        raise Conflict("accept_not_offered", obstacle, title=_("Nothing to accept here"))
    found = AutoAccept.objects.get_or_create(project=project)[0]
    target = found.target
    for name in SETTINGS:
        if name in changes:
            setattr(found, name, changes[name])
    begins = bool(accepts) and not project.accepts
    is_on = project.accepts if accepts is None else accepts
    if begins or (is_on and found.target != target):
        found.epoch, found.stopped_at, found.stopped_by, found.last = found.epoch + 1, None, {}, {}
    found.save()
    Project.objects.filter(pk=project.pk).update(accepts=is_on)
    noted = {name: changes[name] for name in SETTINGS if name in changes}
    audit.record(
        actor=actor, action="project.auto_accept", subject=f"project:{project.pk}", accepts=is_on, epoch=found.epoch,
        **noted,
    )  # fmt: skip
    if begins:
        send_suggest(actor=actor, organization_id=project.organization_id, project_id=project.pk)
    return found


@dataclass(frozen=True, slots=True)
class Audited:
    """What people made of the audited answers of some rounds.

    Attributes:
        right: The same answer.
        wrong: Another one, or people differ.
        open: Everybody skipped it.
        waiting: Not answered by all who are to.
    """

    right: int = 0
    wrong: int = 0
    open: int = 0
    waiting: int = 0

    def to_json(self) -> Row:
        """Return the figures with the measured precision and where it lies with 95 % at every moment at once."""
        judged = self.right + self.wrong
        return {
            "right": self.right,
            "wrong": self.wrong,
            "skipped": self.open,
            "waiting": self.waiting,
            "precision": self.right / judged if judged else None,
            "interval": list(interval(self.right, self.wrong)) if judged else None,
        }


def audits_of(rounds: list[int]) -> dict[int, Audited]:
    """Return what the audit of each of these rounds came to, by the round's id."""
    names = {AuditOutcome.RIGHT: "right", AuditOutcome.WRONG: "wrong", AuditOutcome.OPEN: "open"}
    counts = {name: Count("pk", filter=Q(outcome=outcome)) for outcome, name in names.items()}
    rows = ModelLabel.objects.filter(round__in=rounds, audited=True).values("round").order_by("round")
    found = rows.annotate(waiting=Count("pk", filter=Q(outcome=AuditOutcome.WAITING)), **counts)
    return {row.pop("round"): Audited(**row) for row in found}


def together(audits: dict[int, Audited]) -> Audited:
    """Return the audits of several rounds as one."""
    every = audits.values()
    return Audited(*(sum(getattr(each, name) for each in every) for name in ("right", "wrong", "open", "waiting")))


def acceptance_page(*, actor: Actor, project: Project, before: int | None = None) -> Row:
    """Return state, figures and rounds of a project's automatic acceptance, newest first.

    ``measured`` is the audit of the present epoch: of everything accepted since it was last switched on or its target
    changed.
    """
    found = acceptance_of(project)
    rounds = AcceptRound.objects.visible_to(actor).filter(project=project)
    present = list(rounds.filter(epoch=found.epoch).values_list("pk", flat=True))
    shown = list((rounds if before is None else rounds.filter(pk__lt=before)).order_by("-pk")[: PAGE + 1])
    audits = audits_of(sorted({*present, *(each.pk for each in shown)}))
    totals = rounds.filter(epoch=found.epoch).aggregate(accepted=Sum("accepted"), audited=Sum("audited"))
    return {
        "accepts": project.accepts,
        **{name: getattr(found, name) for name in SETTINGS},
        "offered": not why_not(parse_schema(project.schema)),
        "obstacle": why_not(parse_schema(project.schema)),
        "standing": model_share(project),
        "accepted": totals["accepted"] or 0,
        "audited": totals["audited"] or 0,
        "measured": together({number: audits[number] for number in present if number in audits}).to_json(),
        "stopped_at": found.stopped_at,
        "stopped_by": found.stopped_by,
        "last": found.last,
        "rounds": [_show_round(each, audits.get(each.pk, Audited())) for each in shown[:PAGE]],
        "next": str(shown[PAGE - 1].pk) if len(shown) > PAGE else None,
    }


def _show_round(each: AcceptRound, audited: Audited) -> Row:
    names = (
        "id", "epoch", "number", "source", "fingerprint", "target", "threshold", "held_out", "held_out_right", "bound",
        "accepted", "audited", "standing", "refuted", "created_at",
    )  # fmt: skip
    return {**{name: getattr(each, name) for name in names}, "audit": audited.to_json()}
