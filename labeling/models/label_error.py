from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import OfProjectQuerySet


class SuspectState(models.TextChoices):
    OPEN = "open", _("Open")
    # The suggested label was taken; the answer says it now.
    ACCEPTED = "accepted", _("Changed")
    # Somebody looked and the given label is right.
    KEPT = "kept", _("Kept")


class SuspectLabel(models.Model):
    """An answer whose label a model of the other answers does not believe. It holds for one revision of the answer."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="suspects", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="+")
    # Not a foreign key: an answer that was taken back is gone, and comes again with its number.
    annotation_number = models.BigIntegerField()
    # The answer's revision that was judged; after an undo the one that says the same again.
    revision = models.PositiveIntegerField()
    # The answer's revision that the suggestion made; null unless it was accepted.
    revision_after = models.PositiveIntegerField(null=True)
    # Values of the project's first choice.
    given = models.JSONField()
    suggested = models.JSONField()
    # How far the given label can be believed, 0 to 1; lower is worse (curation.engine.label_quality.odds).
    score = models.FloatField()
    state = models.CharField(max_length=10, choices=SuspectState.choices, default=SuspectState.OPEN)
    # The search that found it, the newest one.
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    decided_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["annotation_number", "revision"], name="one_suspicion_per_revision")
        ]
        indexes = [models.Index(fields=["project", "state", "score", "id"], name="suspect_worst")]

    def __str__(self) -> str:
        return f"suspicion of annotation {self.annotation_number}"
