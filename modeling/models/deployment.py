from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class DeploymentState(models.TextChoices):
    ACTIVE = "active", _("Active")
    STOPPED = "stopped", _("Stopped")


class Deployment(TimedModel):
    """A name under which predictions are asked for. The bundle behind it may change; its address does not."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="deployments")
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=60)
    bundle = models.ForeignKey("modeling.Bundle", on_delete=models.PROTECT, related_name="deployments")
    state = models.CharField(max_length=10, choices=DeploymentState.choices, default=DeploymentState.ACTIVE)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="deployment_newest")]
        constraints = [
            # A stopped deployment keeps its name in the history and leaves it free for the next.
            models.UniqueConstraint(
                fields=["organization", "name"], condition=Q(state="active"), name="one_live_deployment_per_name"
            ),
            models.UniqueConstraint(
                fields=["organization", "slug"], condition=Q(state="active"), name="one_live_deployment_per_slug"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RevisionReason(models.TextChoices):
    DEPLOY = "deploy", _("First deployment")
    SWITCH = "switch", _("New bundle")
    ROLLBACK = "rollback", _("Rollback")


class DeploymentRevision(models.Model):
    """Which bundle a deployment served from when on. Rows are only added."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    bundle = models.ForeignKey("modeling.Bundle", on_delete=models.PROTECT, related_name="revisions")
    reason = models.CharField(max_length=10, choices=RevisionReason.choices)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="one_revision_per_number")]

    def __str__(self) -> str:
        return f"revision {self.number} of deployment {self.deployment_id}"


class PredictionUsage(models.Model):
    """What one token asked of one deployment on one day (UTC)."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="usage")
    # The token's number, 0 for a person in the page. No foreign key: the count outlives the token.
    token_number = models.BigIntegerField(default=0)
    day = models.DateField()
    request_count = models.BigIntegerField(default=0)
    text_count = models.BigIntegerField(default=0)
    character_count = models.BigIntegerField(default=0)
    # Time inside the model alone, in microseconds, summed over the requests.
    busy_microseconds = models.BigIntegerField(default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "token_number", "day"], name="one_usage_per_token_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.text_count} texts on {self.day}"
