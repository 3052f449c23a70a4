from django.db import models

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Diff(TimedModel):
    """What differs between two versions of a dataset, written once; versions never change, so neither does it."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="diffs")
    # A diff holds no version back: it explains them and goes with them.
    older = models.ForeignKey("curation.Version", on_delete=models.CASCADE, related_name="diffs_from")
    newer = models.ForeignKey("curation.Version", on_delete=models.CASCADE, related_name="diffs_to")
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    # What curation.engine.diff.write_diff returned; null while it is being written.
    summary = models.JSONField(null=True, blank=True)
    # The Parquet file of its rows.
    object_key = models.CharField(max_length=300, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["older", "newer"], name="one_diff_per_pair")]

    def __str__(self) -> str:
        return f"diff {self.pk}"
