from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import OfProjectQuerySet


class AssignmentKind(models.TextChoices):
    GIVE = "give", _("Given out")
    TAKE = "take", _("Taken back")


class AssignmentState(models.TextChoices):
    # Also while its job waits, and when that failed or was cancelled: what was given out so far stays.
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")


class Assignment(models.Model):
    """Tasks given to people, or taken back from them, by one order. The places themselves are rows of Lease."""

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    kind = models.CharField(max_length=10, choices=AssignmentKind.choices, default=AssignmentKind.GIVE)
    # Ids of the people, in the order in which they take turns.
    people = models.JSONField()
    # What was chosen: {"items": "1-5,9"}, or a filter of the grid; empty for everything.
    selection = models.JSONField(default=dict)
    # Of these people, how many get each task.
    each = models.PositiveSmallIntegerField(default=1)
    # At most so many tasks for one person, in this order.
    per_person = models.PositiveIntegerField(null=True)
    # A column whose value must be among the skills of whoever gets the task; empty for none.
    skill_column = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=AssignmentState.choices, default=AssignmentState.RUNNING)
    # {"tasks": …, "people": {"3": 12}, …}: how many places each got, and the rows of services.assignment.PASSED.
    counts = models.JSONField(default=dict)
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    # Made by whoever sends it, so that sending twice gives out once.
    client_key = models.UUIDField()
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "client_key"], name="one_assignment_per_key")]
        indexes = [models.Index(fields=["project", "-id"], name="assignment_newest")]

    def __str__(self) -> str:
        return f"assignment {self.pk}"

    @property
    def places(self) -> int:
        """How many places it gave out or took back."""
        return sum(self.counts.get("people", {}).values())
