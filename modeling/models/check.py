from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class CheckKind(models.TextChoices):
    ROBUSTNESS = "robustness", _("Robustness")
    SAFETY = "safety", _("Label safety")
    ABLATION = "ablation", _("Gain of a policy")
    PROPOSAL = "proposal", _("Search for a policy")


class Check(TimedModel):
    """One question about augmentation: what changed rows do to a trained model, or what a policy gains in trainings."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="checks")
    # Protected: a report that nobody can recompute proves nothing.
    version = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(_("question"), max_length=12, choices=CheckKind.choices)
    # Whose model is asked; of an ablation or a search, whose family and settings were taken.
    training = models.ForeignKey("modeling.Training", null=True, on_delete=models.CASCADE, related_name="checks")
    name = models.CharField(_("name"), max_length=120)
    task = models.CharField(_("task"), max_length=40)
    answer = models.CharField(_("answers"), max_length=200)
    family = models.CharField(_("family"), max_length=40)
    # Settings that are the same in all trainings.
    params = models.JSONField(default=dict)
    # Of curation.engine.augment; null for a search, which proposes one.
    policy = models.JSONField(null=True, blank=True)
    seed = models.BigIntegerField(_("seed"), default=0)
    # Trainings of each kind.
    seeds = models.PositiveSmallIntegerField(_("seeds"), default=1)
    # Of an ablation: whose rows judge.
    split = models.CharField(_("judged by"), max_length=10, blank=True)
    # Of a search: the share of kept answers that a step must surely reach to be tried, and the steps to try.
    least_safe = models.FloatField(_("least label safety"), null=True, blank=True)
    uses = models.JSONField(default=list)
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="check_of_policy")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # What the engine found; of label safety with the copies of items on which the model changed its mind.
    report = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="check_newest"),
            models.Index(fields=["training", "-id"], name="check_of_training"),
        ]

    def __str__(self) -> str:
        return self.name
