from django.db import models

from labeling.querysets.project import OfProjectQuerySet


class Export(models.Model):
    """A project's answers as a file of another tool, written once."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="exports", db_index=False)
    # A row of labeling.engine.formats.table.FORMATS that is written.
    file_format = models.CharField(max_length=40)
    # What labeling.services.export.Choice takes.
    options = models.JSONField(default=dict)
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Null until the file is there; then what is in it.
    finished_at = models.DateTimeField(null=True)
    item_count = models.PositiveIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    # How many objects were left out or changed, by the code of the loss report.
    losses = models.JSONField(default=dict)
    # When the file was removed; the row stays as the record of what was handed out.
    removed_at = models.DateTimeField(null=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="export_newest"),
            models.Index(fields=["finished_at"], name="export_there", condition=models.Q(removed_at=None)),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def loss_count(self) -> int:
        """How many objects the report lists."""
        return sum(self.losses.values())

    @property
    def is_there(self) -> bool:
        """Whether the file can be had."""
        return self.finished_at is not None and self.removed_at is None
