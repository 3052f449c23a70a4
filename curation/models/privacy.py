from django.db import models

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class PrivacySample(TimedModel):
    """Items of a run, drawn at random, in which a person looks for personal data that was missed."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="privacy_samples")
    run = models.OneToOneField("curation.Run", on_delete=models.CASCADE, related_name="privacy_sample")
    # Spans that the step found in all items of the run.
    found = models.PositiveBigIntegerField()
    # curation.engine.pii.recall.Drawn as JSON: sizes of the strata, and the items drawn of each.
    drawn = models.JSONField()

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"sample of run {self.run_id}"


class PrivacyCheck(models.Model):
    """What a person saw in one item of a sample."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="privacy_checks")
    sample = models.ForeignKey(PrivacySample, on_delete=models.CASCADE, related_name="checks")
    item_id = models.BigIntegerField()
    # Whether the step had found something in the item.
    hit = models.BooleanField()
    missed = models.PositiveSmallIntegerField()
    made_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "item_id"], name="one_privacy_check_per_item")]

    def __str__(self) -> str:
        return f"{self.missed} missed in item {self.item_id}"
