from django.db import models

from labeling.querysets.project import OfProjectQuerySet


class Suggestion(models.Model):
    """A model's answer to a task. The newest of a task is shown."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="suggestions", db_index=False)
    # What made it, in words that tell one model from another, such as "quick head 2".
    source = models.CharField(max_length=120)
    answer = models.JSONField()
    # Probability that the answer is right, 0 to 1; null when whoever suggests it does not say.
    confidence = models.FloatField(null=True)
    # Why its task stands where it does: a code of modeling.engine.active, empty for none.
    reason = models.CharField(max_length=12, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["task", "-id"], name="suggestion_newest")]

    def __str__(self) -> str:
        return f"{self.source} on task {self.task_id}"
