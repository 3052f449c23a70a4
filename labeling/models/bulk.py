from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import AnswerQuerySet


class BulkState(models.TextChoices):
    # Also while its job waits, and when that failed or was cancelled: what it has stored so far can be undone.
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class Bulk(models.Model):
    """One person's one answer to many tasks, given at once and undone at once."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="bulks", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField()
    # What was chosen by hand: {"items": "1-5,9"}; or the filter as it stands in the grid's address, with "sees_all".
    selection = models.JSONField()
    # Whether earlier answers of the same person are changed too.
    change_own = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=BulkState.choices, default=BulkState.RUNNING)
    # How many tasks came to what: the rows of services.bulk_store.OUTCOMES, and of services.bulk_undo.ENDINGS.
    counts = models.JSONField(default=dict)
    undone = models.JSONField(default=dict)
    # The job that gives or undoes the answers, the newest; none when the request did it.
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    # Made by whoever sends it, so that sending twice answers once.
    client_key = models.UUIDField()
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["annotator", "client_key"], name="one_bulk_per_key")]
        indexes = [
            models.Index(fields=["project", "-id"], name="bulk_newest"),
            models.Index(fields=["project", "annotator", "-id"], name="bulk_of_person"),
        ]

    def __str__(self) -> str:
        return f"bulk {self.pk}"

    @property
    def stored(self) -> int:
        """How many answers it gave or changed."""
        return int(self.counts.get("stored", 0)) + int(self.counts.get("changed", 0))

    @property
    def names_items(self) -> bool:
        """Whether its items were chosen by hand, and not by a filter, which may name items too."""
        return "items" in self.selection and "sees_all" not in self.selection


class BulkTask(models.Model):
    """One answer that a bulk gave or changed, and the revision that it left: an undo finds it by them."""

    bulk = models.ForeignKey(Bulk, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="+")
    # Not a foreign key: an answer that was taken back is gone.
    annotation_number = models.BigIntegerField()
    revision = models.PositiveIntegerField()
    # The revision that was corrected and that an undo brings back; null when there was no answer of this person.
    revision_before = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "task"], name="one_answer_per_bulk")]

    def __str__(self) -> str:
        return f"bulk {self.bulk_id} on task {self.task_id}"
