from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import OfProjectQuerySet


class DisputeState(models.TextChoices):
    """What became of a task on which people differ."""

    OPEN = "open", _("To decide")
    DECIDED = "decided", _("Decided")
    # Somebody looked and could not tell; the reason says why.
    LEFT = "left", _("Left undecided")


class Adjudication(models.Model):
    """What somebody made of all the answers to one task: its final answer, or why there is none.

    The answers of the people stay as they are; a final answer only stands above them.
    """

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="adjudications", db_index=False
    )
    task = models.OneToOneField("labeling.Task", on_delete=models.CASCADE, related_name="adjudication")
    # Never OPEN: a task that nobody decided has no row.
    state = models.CharField(max_length=10, choices=DisputeState.choices)
    # Null when it is left undecided.
    answer = models.JSONField(null=True)
    # The answer that it was taken from; not a foreign key, since that one may be taken back. Null for one of its own.
    annotation_number = models.BigIntegerField(null=True)
    # Whether it says something else than the answer that it was taken from.
    edited = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    # Counts decisions on this task, so that of two at once the later one is told.
    revision = models.PositiveIntegerField(default=1)
    # The number of the questions that the answer fits; a job brings older ones along.
    schema_revision = models.PositiveIntegerField(default=1)
    # Something that must be answered is missing, because it was not asked when this was decided.
    incomplete = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField()

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answer__isnull=False) | ~models.Q(state="decided"), name="decided_has_answer"
            )
        ]
        indexes = [models.Index(fields=["project", "id"], name="adjudication_of_project")]

    def __str__(self) -> str:
        return f"final answer to task {self.task_id}"


class Dispute(models.Model):
    """A task to which people gave different answers, as a job found it last."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="disputes", db_index=False)
    task = models.OneToOneField("labeling.Task", on_delete=models.CASCADE, related_name="dispute")
    state = models.CharField(max_length=10, choices=DisputeState.choices, default=DisputeState.OPEN)
    # The least of the controls on which people differ: how probable the leading answer is, 0 to 1.
    confidence = models.FloatField()
    # And how far people agree, 0 to 1.
    agreement = models.FloatField()
    # By control: {"confidence", "agreement", "probable": {label: probability}, "votes": {label: people}}.
    controls = models.JSONField()
    job_id = models.BigIntegerField()

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "state", "confidence", "id"], name="dispute_least_sure"),
            models.Index(fields=["project", "state", "agreement", "id"], name="dispute_least_agreed"),
        ]

    def __str__(self) -> str:
        return f"dispute of task {self.task_id}"
