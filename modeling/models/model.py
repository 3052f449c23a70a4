from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Model(TimedModel):
    """What a training left behind, in full precision: the parent of every bundle."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="models")
    training = models.OneToOneField("modeling.Training", on_delete=models.PROTECT, related_name="model")
    # One archive of the model's files; named by content, so an equal model is the same object.
    object_key = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, db_index=True)
    byte_count = models.BigIntegerField(_("size"))
    fingerprint = models.CharField(max_length=64)
    labels = models.JSONField()
    # The headline figures of the training's report, so that a list needs no report.
    metrics = models.JSONField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="model_newest")]

    def __str__(self) -> str:
        return f"model {self.pk}"
