"""People who answered elsewhere: they can be named, and nobody can sign in as them."""

import hashlib

from accounts.models import Membership, User

# Reserved for addresses that are none (RFC 2606).
DOMAIN = "imported.invalid"


def find_or_name_person(*, organization_id: int, name: str) -> int:
    """Return the member of an organization who has this address or name, or else somebody who only has the name.

    Whoever is made here has no membership and no password. The same name gives the same person each time.

    Args:
        organization_id: Whose members.
        name: An e-mail address or a name, as another tool wrote it; empty for nobody in particular.
    """
    known = " ".join(name.split())[:120]
    if known:
        members = Membership.objects.filter(organization_id=organization_id)
        found = list(members.filter(user__email__iexact=known).values_list("user_id", flat=True)[:2])
        found = found or list(members.filter(user__name=known).values_list("user_id", flat=True)[:2])
        if len(found) == 1:
            return int(found[0])
    digest = hashlib.blake2b(known.encode(), digest_size=8).hexdigest()
    person, _made = User.objects.get_or_create(
        email=f"imported-{organization_id}-{digest}@{DOMAIN}",
        defaults={"name": known, "is_active": False, "password": "!"},
    )
    return person.pk
