from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class BundleState(models.TextChoices):
    PENDING = "pending", _("In the making")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")


class Bundle(TimedModel):
    """A model made small and self-describing, with what the accuracy gate measured. A refused one has no file."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="bundles")
    model = models.ForeignKey("modeling.Model", on_delete=models.PROTECT, related_name="bundles")
    # The job that makes it; unique, so that a job done twice makes one bundle.
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="bundle")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=BundleState.choices, default=BundleState.PENDING)
    # How many points (0 to 100) of the task's primary figure the small model may lose against the float one.
    limit_points = models.FloatField(_("limit"), default=0.5)
    # The one compression to try; empty for all, from small to safe.
    rung = models.CharField(max_length=40, blank=True)
    object_key = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    byte_count = models.BigIntegerField(_("size"), default=0)
    # Name, bytes and SHA-256 of each file inside.
    files = models.JSONField(default=list)
    # Both models on the locked test split, the loss in points, the parity of their outputs.
    gate = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="bundle_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="accepted") & ~models.Q(object_key="") & ~models.Q(sha256="")
                | ~models.Q(state="accepted") & models.Q(object_key=""),
                name="only_accepted_bundles_have_a_file",
            )
        ]

    def __str__(self) -> str:
        return f"bundle {self.pk}"
