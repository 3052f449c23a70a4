from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.organization import MembershipQuerySet, OrganizationQuerySet
from accounts.roles import ROLE_CHOICES
from core.models import TimedModel


class Organization(TimedModel):
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.name


class Membership(TimedModel):
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)
    # What this person is good at, such as languages, in words of the organization's own: work is shared out by them.
    skills = models.JSONField(_("skills"), default=list, db_default=models.Value([], models.JSONField()))

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id} as {self.role}"
