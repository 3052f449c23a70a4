"""What people change about themselves."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership, User
from accounts.services import audit
from core.errors import DomainError, NotFound


def set_language(*, user_id: int, language: str) -> None:
    """Remember the language that a person reads.

    Raises:
        DomainError: ``language_unknown``.
    """
    if language not in dict(settings.LANGUAGES):
        raise DomainError("language_unknown", _("Assay does not speak %(language)s.") % {"language": language[:20]})
    User.objects.filter(pk=user_id).update(language=language)


@transaction.atomic
def update_profile(*, user_id: int, name: str, language: str) -> User:
    """Change a person's name and language."""
    set_language(user_id=user_id, language=language)
    User.objects.filter(pk=user_id).update(name=name)
    return User.objects.get(pk=user_id)


@transaction.atomic
def change_password(*, actor: Actor | None, user_id: int, old: str, new: str) -> User:
    """Set another password. Sessions elsewhere end, since each carries a hash of the old one.

    Raises:
        DomainError: ``password_wrong`` when ``old`` is not the present one, ``password_weak`` with the reasons.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if not user.check_password(old):
        raise DomainError("password_wrong", _("This is not your present password."), field="old")
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise DomainError("password_weak", " ".join(error.messages), field="new") from None
    user.set_password(new)
    user.save(update_fields=["password"])
    if actor is not None:
        audit.record(actor=actor, action="user.change_password", subject=f"user:{user.pk}")
    return user


def find_membership(*, user_id: int, organization_id: int) -> Membership:
    """Return a person's membership, to work in that organization from now on.

    Raises:
        NotFound: the person is no member there, or there is no such organization.
    """
    found = Membership.objects.filter(user_id=user_id, organization_id=organization_id).first()
    if found is None:
        raise NotFound(_("You are not a member of that organization."))
    return found  # type: ignore[no-any-return]
