"""Who belongs to an organization, and as what."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership, Organization, Token, User
from accounts.roles import ROLES
from accounts.services import audit
from core.errors import Conflict, DomainError, NotAllowed, NotFound

MOST_SKILLS = 30
LONGEST_SKILL = 60


@transaction.atomic
def add_member(*, actor: Actor, email: str, role: str, name: str = "", password: str = "") -> Membership:
    """Add a person to the actor's organization, making the account when the address is new.

    Raises:
        DomainError: ``role_unknown``, ``password_weak``; Conflict ``member_exists``.
    """
    _check_role(actor, role)
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        try:
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise DomainError("password_weak", " ".join(error.messages)) from None
        user = User.objects.create_user(email, password, name=name)
    membership, created = Membership.objects.get_or_create(
        organization_id=actor.organization_id, user=user, defaults={"role": role}
    )
    if not created:
        raise Conflict("member_exists", _("%(email)s is a member already.") % {"email": email})
    audit.record(actor=actor, action="member.add", subject=f"user:{user.pk}", role=role)
    return membership


@transaction.atomic
def change_role(*, actor: Actor, membership_id: int, role: str) -> Membership:
    """Give a member another role. The last owner stays owner."""
    _check_role(actor, role)
    membership = _locked(actor, membership_id)
    if membership.role == "owner" and role != "owner":
        _keep_an_owner(actor, membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role", "updated_at"])
    audit.record(
        actor=actor, action="member.change_role", subject=f"user:{membership.user_id}", before=before, after=role
    )
    return membership


@transaction.atomic
def change_member(
    *, actor: Actor, membership_id: int, role: str | None = None, skills: list[str] | None = None
) -> None:
    """Change the role or the skills of a member, or both; all or nothing."""
    if role is not None:
        change_role(actor=actor, membership_id=membership_id, role=role)
    if skills is not None:
        change_skills(actor=actor, membership_id=membership_id, skills=skills)


@transaction.atomic
def change_skills(*, actor: Actor, membership_id: int, skills: list[str]) -> Membership:
    """Say what a member is good at; work is shared out by it.

    Raises:
        DomainError: ``skills_invalid`` when there are more than MOST_SKILLS, or one is empty or too long.
    """
    clean = list(dict.fromkeys(" ".join(skill.replace("\0", "").split()) for skill in skills))
    if len(clean) > MOST_SKILLS or not all(0 < len(skill) <= LONGEST_SKILL for skill in clean):
        detail = _("Name at most %(most)s skills of 1 to %(longest)s characters each.")
        values = {"most": MOST_SKILLS, "longest": LONGEST_SKILL}
        raise DomainError("skills_invalid", detail % values, field="skills")
    membership = _locked(actor, membership_id)
    membership.skills = clean
    membership.save(update_fields=["skills", "updated_at"])
    audit.record(actor=actor, action="member.change_skills", subject=f"user:{membership.user_id}", skills=clean)
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, membership_id: int) -> None:
    """End a membership and revoke its tokens. What the person did stays, under their name."""
    membership = _locked(actor, membership_id)
    _keep_an_owner(actor, membership)
    Token.objects.filter(organization_id=actor.organization_id, user_id=membership.user_id).delete()
    audit.record(actor=actor, action="member.remove", subject=f"user:{membership.user_id}", role=membership.role)
    membership.delete()


def _check_role(actor: Actor, role: str) -> None:
    if role not in ROLES:
        raise DomainError("role_unknown", _("There is no role %(role)s.") % {"role": role})
    if role == "owner" and actor.role not in {"owner", "system"}:
        raise NotAllowed(("owner",))


def _locked(actor: Actor, membership_id: int) -> Membership:
    rows = Membership.objects.visible_to(actor).select_for_update()
    membership = rows.filter(pk=membership_id).first()
    if membership is None:
        raise NotFound(_("There is no such member."))
    if membership.role == "owner" and actor.role not in {"owner", "system"}:
        raise NotAllowed(("owner",))
    return membership


def _keep_an_owner(actor: Actor, leaving: Membership) -> None:
    # Locking the organization orders two owners who leave at the same moment.
    Organization.objects.select_for_update().get(pk=actor.organization_id)
    others = Membership.objects.visible_to(actor).filter(role="owner").exclude(pk=leaving.pk)
    if leaving.role == "owner" and not others.exists():
        raise Conflict("last_owner", _("An organization keeps at least one owner. Make somebody else owner first."))
