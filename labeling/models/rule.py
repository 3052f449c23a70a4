from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import TimedModel
from labeling.querysets.project import OfProjectQuerySet


class RuleKind(models.TextChoices):
    """The rows of `labeling.engine.rules.kinds.KINDS`."""

    KEYWORD = "keyword", _("Keywords")
    REGEX = "regex", _("Regular expression")
    DICTIONARY = "dictionary", _("Dictionary")


class LabelingRule(TimedModel):
    """A rule that votes for one label on the texts of a project that it hits."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="rules", db_index=False)
    name = models.CharField(_("name"), max_length=120)
    # A value of the project's first choice.
    label = models.CharField(_("label"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=RuleKind.choices)
    # What the kind reads: labeling.engine.rules.kinds.
    params = models.JSONField()
    enabled = models.BooleanField(_("in use"), default=True)
    # labeling.engine.rules.votes.RuleFigures of the last run, with what the label model thinks of its accuracy; null
    # before the first, and after a change.
    figures = models.JSONField(null=True)
    # Why the last run stopped it: "text:12" (it hung on item 12), "slow", or empty.
    stopped = models.CharField(max_length=40, blank=True)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_rule_per_name")]

    def __str__(self) -> str:
        return self.name
