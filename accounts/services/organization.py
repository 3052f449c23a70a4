"""Organizations: the tenants."""

from django.db import transaction
from django.utils.text import slugify

from accounts.actor import Actor
from accounts.models import Membership, Organization, User
from accounts.roles import ROLES
from accounts.services import audit


@transaction.atomic
def create_organization(*, name: str, owner: User) -> tuple[Organization, Actor]:
    """Make an organization with its first owner and return it with the owner's actor."""
    base = slugify(name)[:50] or "organization"
    slug, number = base, 1
    while Organization.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    organization = Organization.objects.create(name=name, slug=slug)
    Membership.objects.create(organization=organization, user=owner, role="owner")
    actor = Actor(owner.pk, organization.pk, "owner", ROLES["owner"])
    audit.record(actor=actor, action="organization.create", subject=f"organization:{organization.pk}", name=name)
    return organization, actor
