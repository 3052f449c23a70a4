from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import OfProjectQuerySet


class SuspectState(models.TextChoices):
    OPEN = "open", _("Open")
    # The suggested label was taken; the answer says it now.
    ACCEPTED = "accepted", _("Changed")
    # Somebody looked and the given label is right.
    KEPT = "kept", _("Kept")


class SuspectKind(models.TextChoices):
    """What is thought to be wrong."""

    # Another label is likelier.
    LABEL = "label", _("Wrong label")
    # There is no such thing there.
    SPURIOUS = "spurious", _("Nothing there")
    # A thing is there that nobody marked.
    OVERLOOKED = "overlooked", _("Overlooked")
    # It begins or ends elsewhere.
    EDGE = "edge", _("Wrong borders")


class SuspectLabel(models.Model):
    """An answer, or one mark of it, that a model of the other answers does not believe.

    It holds for one revision of the answer. What changes other parts of the answer from this queue brings it along.
    """

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="suspects", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="+")
    # Not a foreign key: an answer that was taken back is gone, and comes again with its number.
    annotation_number = models.BigIntegerField()
    # The answer's revision that was judged; after an undo the one that says the same again.
    revision = models.PositiveIntegerField()
    # The answer's revision that the suggestion made; null unless it was accepted.
    revision_after = models.PositiveIntegerField(null=True)
    # Name of the control whose mark is doubted; empty for the project's first choice.
    control = models.CharField(max_length=60, blank=True, default="", db_default="")
    # Id of the span or shape in the answer, of an overlooked one the id that it would get; empty for a choice.
    mark = models.CharField(max_length=40, blank=True, default="", db_default="")
    kind = models.CharField(
        max_length=10, choices=SuspectKind.choices, default=SuspectKind.LABEL, db_default=SuspectKind.LABEL
    )
    # The mark as it was judged, and as it is thought to be right; null where there is none.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # Values of the choice, or the label of the mark as a list of one; empty where there is no mark.
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
            models.UniqueConstraint(
                fields=["annotation_number", "revision", "control", "mark", "kind"], name="one_suspicion_of_a_mark"
            )
        ]
        indexes = [models.Index(fields=["project", "state", "score", "id"], name="suspect_worst")]

    def __str__(self) -> str:
        return f"suspicion of annotation {self.annotation_number}"
