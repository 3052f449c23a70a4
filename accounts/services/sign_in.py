"""Signing in with a password, with an end to guessing."""

from datetime import timedelta

import structlog
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import SignInTry, User
from accounts.services import audit
from accounts.services.actor import actor_of_session
from core.errors import DomainError

log = structlog.get_logger(__name__)

WINDOW = timedelta(minutes=15)
# A person mistypes a few times; a list of stolen passwords is longer. The second limit stops guessing from many
# addresses at once; it is wide, so that a stranger cannot easily lock somebody else out.
TRIES_FROM_ONE_ADDRESS = 5
TRIES_AT_ONE_ACCOUNT = 50


def sign_in(*, email: str, password: str, address: str, request_id: str = "") -> User:
    """Return the person whose password this is.

    Every try is written down before the password is looked at, so that tries sent at the same moment all count.

    Args:
        address: The network address of the browser.

    Raises:
        DomainError: ``sign_in_locked`` (429) after too many tries, ``sign_in_wrong`` for a wrong address or password;
            which of the two it was is not told.
    """
    name = email.strip().lower()[:254]
    tried = SignInTry.objects.create(email=name, address=address)
    recent = SignInTry.objects.filter(email=name, at__gt=timezone.now() - WINDOW, pk__lte=tried.pk)
    if recent.filter(address=address).count() > TRIES_FROM_ONE_ADDRESS or recent.count() > TRIES_AT_ONE_ACCOUNT:
        # A refused try is no try: who keeps waiting the time out gets in.
        tried.delete()
        log.warning("sign_in_locked", address=address)
        detail = _("There were too many wrong tries for this address. Wait %(minutes)s minutes, or ask a manager.")
        raise DomainError("sign_in_locked", detail % {"minutes": WINDOW.seconds // 60}, status=429)
    user = User.objects.filter(email__iexact=name, is_active=True).first()
    if user is None:
        # The same work as for an account that exists, so that the time of the answer says nothing.
        make_password(password)
    if user is None or not user.check_password(password):
        log.warning("sign_in_wrong", address=address)
        detail = _("E-mail address and password do not match. Check both; the password minds upper and lower case.")
        raise DomainError("sign_in_wrong", detail)
    _welcome(user, name, request_id)
    return user


@transaction.atomic
def _welcome(user: User, name: str, request_id: str) -> None:
    """Forget the tries at this account and everybody's old ones, and write the session into the audit trail."""
    SignInTry.objects.filter(email=name).delete()
    SignInTry.objects.filter(at__lt=timezone.now() - WINDOW).delete()
    actor = actor_of_session(user_id=user.pk, organization_id=None, request_id=request_id)
    if actor is not None:
        audit.record(actor=actor, action="session.start", subject=f"user:{user.pk}")
