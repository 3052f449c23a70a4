from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Compression(TimedModel):
    """One search for a smaller form of a model: exports and students, each measured as its bundle answers."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="compressions")
    # The teacher.
    model = models.ForeignKey("modeling.Model", on_delete=models.PROTECT, related_name="compressions")
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="compression")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # Points of the primary figure (0 to 100) that may be lost on the validation split, bytes and milliseconds.
    limit_drop = models.FloatField(_("may lose at most"), default=0.5)
    limit_bytes = models.BigIntegerField(_("largest bundle"), null=True, blank=True)
    limit_ms = models.FloatField(_("longest answer"), null=True, blank=True)
    # Names of the candidates to try; empty for all.
    recipes = models.JSONField(default=list)
    seed = models.BigIntegerField(_("seed"), default=0)
    # What `modeling.engine.compress` found, and the archive of each student that can be kept.
    report = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="compression_newest")]

    def __str__(self) -> str:
        return f"compression {self.pk}"
