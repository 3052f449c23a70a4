from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Search(TimedModel):
    """One search for the settings of a family on one version. Its trials lie in the schema `optuna`, and once it is
    over in the report too."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="searches")
    # Protected: a report that nobody can recompute proves nothing.
    version = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="searches")
    name = models.CharField(_("name"), max_length=120)
    task = models.CharField(_("task"), max_length=40)
    answer = models.CharField(_("answers"), max_length=200)
    family = models.CharField(_("family"), max_length=40)
    # Settings that are the same in all trials.
    params = models.JSONField(default=dict)
    seed = models.BigIntegerField(_("seed"), default=0)
    trials = models.PositiveIntegerField(_("trials"))
    # How many jobs draw trials at a time, at most.
    workers = models.PositiveSmallIntegerField(_("workers"), default=1)
    # What one trial may take.
    trial_seconds = models.PositiveIntegerField(_("seconds for a trial"), null=True, blank=True)
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="settings_search")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    best_params = models.JSONField(null=True, blank=True)
    # Trials with settings, validation figure, state and seconds; importances of settings; the best trial.
    report = models.JSONField(null=True, blank=True)
    # That of the best settings.
    training = models.OneToOneField("modeling.Training", null=True, on_delete=models.SET_NULL, related_name="search")

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="search_newest")]
        verbose_name_plural = "searches"

    def __str__(self) -> str:
        return self.name
