from django.db import models
from django.db.models import F, Q

from labeling.querysets.project import OfProjectQuerySet


class Task(models.Model):
    """One item in a project, and how many more people may have it.

    ``open_slots`` is ``overlap`` less the rows of Lease on this task that are not gold; every statement that adds or
    removes such a lease moves it in the same transaction.
    """

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="tasks", db_index=False)
    item_id = models.BigIntegerField()
    # The fields that the page shows and nothing else.
    data = models.JSONField()
    # Tasks are handed out by rising rank, and by id among equals.
    rank = models.FloatField(default=0)
    overlap = models.PositiveSmallIntegerField()
    open_slots = models.PositiveSmallIntegerField()
    # Of `overlap`, the places that labeling.services.one_more added because the answers left the label open.
    extra_places = models.PositiveSmallIntegerField(default=0, db_default=0)
    # When somebody last gave a place on this task back. Returned tasks are handed out first, in this order.
    returned_at = models.DateTimeField(null=True)
    # Its right answer is known (labeling.models.gold.Gold): it has no places, and people get it beside the queue.
    is_gold = models.BooleanField(default=False, db_default=False)
    # A model's answer was accepted (labeling.models.acceptance.ModelLabel): it has no places, and nobody gets it.
    by_model = models.BooleanField(default=False, db_default=False)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "item_id"], name="one_task_per_item"),
            # The last word against a task handed out beyond its overlap.
            models.CheckConstraint(condition=Q(open_slots__gte=0, open_slots__lte=F("overlap")), name="task_slots"),
        ]
        indexes = [
            models.Index(
                fields=["project", "rank", "id"],
                name="task_fresh",
                condition=Q(open_slots__gt=0, returned_at__isnull=True),
            ),
            models.Index(
                fields=["project", "returned_at", "id"],
                name="task_returned",
                condition=Q(open_slots__gt=0, returned_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"


class Lease(models.Model):
    """One person's place on a task: held for a while, and kept for good (``expires_at`` null) once it is answered.

    One row for both, so that a single unique constraint keeps a task from coming to one person twice.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases", db_index=False)
    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    token = models.UUIDField()
    # The window or program that the task was given to.
    sender = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True)
    # True while a task that was assigned to this person waits for the answer, false once it has one; null when it came
    # from the queue. An assigned place that nobody's window holds has no end.
    assigned = models.BooleanField(null=True)
    # Takes no place of the task: whoever holds it answers beside all others, and is measured by it.
    gold = models.BooleanField(default=False, db_default=False)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "annotator"], name="one_lease_each")]
        indexes = [
            models.Index(fields=["project", "annotator", "id"], name="lease_assigned", condition=Q(assigned=True)),
            models.Index(fields=["expires_at"], name="lease_live", condition=Q(expires_at__isnull=False)),
            models.Index(
                fields=["sender"], name="lease_sender", condition=Q(expires_at__isnull=False, sender__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} at user {self.annotator_id}"


class Draft(models.Model):
    """An answer that is not sent yet, or that came when the place was gone."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="drafts", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    answer = models.JSONField()
    saved_at = models.DateTimeField()
    # The number of the questions that it fits.
    schema_revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "annotator"], name="one_draft_each")]

    def __str__(self) -> str:
        return f"draft of user {self.annotator_id} on task {self.task_id}"
