from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.gold import GoldQuerySet


class GoldUse(models.TextChoices):
    """What a known answer is for. Only hidden ones come with the work; the others come before it."""

    HIDDEN = "hidden", _("Hidden in the work")
    TRAINING = "training", _("Training")
    TEST = "test", _("Qualification test")


class Gold(models.Model):
    """The known right answer to a task. Such a task leaves the queue; a hidden one comes beside everybody's other work.

    Leases on it take no place and its answers are none of those that the project wants.
    """

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="golds", db_index=False)
    task = models.OneToOneField("labeling.Task", on_delete=models.CASCADE, related_name="gold")
    answer = models.JSONField()
    # The number of the questions that the answer fits.
    schema_revision = models.PositiveIntegerField(default=1)
    use = models.CharField(max_length=10, choices=GoldUse.choices, default=GoldUse.HIDDEN, db_default=GoldUse.HIDDEN)
    # Why it is right; those who review read it, and whoever answered it in training.
    explanation = models.TextField(blank=True, max_length=2_000)
    made_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    objects = GoldQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "id"], name="gold_of_project"),
            # The queue reads the hidden ones in this order.
            models.Index(fields=["project", "use", "id"], name="gold_by_use"),
        ]

    def __str__(self) -> str:
        return f"right answer to task {self.task_id}"


class GoldState(models.TextChoices):
    """What an answer to a task with a known answer came to; empty for all other answers."""

    NONE = "", _("not checked")
    WAITING = "waiting", _("not checked yet")
    RIGHT = "right", _("right")
    WRONG = "wrong", _("wrong")
    # Skipped, or the right answer does not fit the questions any more.
    OPEN = "open", _("neither right nor wrong")
