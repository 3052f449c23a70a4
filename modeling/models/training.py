from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Training(TimedModel):
    """One fit of one family on one version. How far it is, its job knows; what it found, its report says."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="trainings")
    # Protected: a report that nobody can recompute proves nothing.
    version = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="trainings")
    name = models.CharField(_("name"), max_length=120)
    # What is learned, a task of modeling.engine.tasks, and from which column of the version.
    task = models.CharField(_("task"), max_length=40, default="text-classification")
    answer = models.CharField(_("answers"), max_length=200, default="label")
    family = models.CharField(_("family"), max_length=40)
    params = models.JSONField(default=dict)
    seed = models.BigIntegerField(_("seed"), default=0)
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="training")
    # Of an ensemble: the trainings whose models it joins.
    members = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="ensembles")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    encoder = models.CharField(_("encoder"), max_length=60, blank=True)
    device = models.CharField(_("device"), max_length=60, blank=True)
    # SHA-256 over code, parameters, parents and environment: an equal one promises equal bytes.
    fingerprint = models.CharField(max_length=64, blank=True)
    environment = models.JSONField(default=dict)
    # Metrics, per class, confusion, calibration, baseline and comparison on the locked test split.
    report = models.JSONField(null=True, blank=True)
    # Of a student: the search for smaller models that made it, of which `params` name the candidate.
    compression = models.ForeignKey(
        "modeling.Compression", null=True, blank=True, on_delete=models.SET_NULL, related_name="students"
    )
    # Each item of the test split with answer, prediction and loss, the worst first, as Parquet.
    rows_key = models.CharField(max_length=300, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="training_newest")]

    def __str__(self) -> str:
        return self.name
