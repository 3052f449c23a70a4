from django.db import models
from django.db.models import Q

from labeling.querysets.project import OfProjectQuerySet


class LabelStudioProject(models.Model):
    """A project that was made through Label Studio's API: what it was told and has no other place for."""

    project = models.OneToOneField(
        "labeling.Project", on_delete=models.CASCADE, primary_key=True, related_name="label_studio"
    )
    # The XML as it was sent. It stands for the project's questions while these have the revision below.
    label_config = models.TextField()
    schema_revision = models.PositiveIntegerField(default=1)
    description = models.TextField(blank=True, default="")

    objects = OfProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return f"label studio project {self.project_id}"


class LabelStudioImport(models.Model):
    """Tasks that were sent at once, and what became of them."""

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="label_studio_imports", db_index=False
    )
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Null when the request did it itself.
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    # What a job reads; the request's body or its file as it came.
    upload = models.ForeignKey(
        "curation.Upload", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    finished_at = models.DateTimeField(null=True)
    # Of the rows that were taken, as JSON.
    sha256 = models.CharField(max_length=64, blank=True)
    task_count = models.PositiveIntegerField(default=0)
    annotation_count = models.PositiveIntegerField(default=0)
    prediction_count = models.PositiveIntegerField(default=0)
    # Rows that a job could not take, the first of them: [{"row", "detail"}, ...]
    refused_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="ls_import_newest")]

    def __str__(self) -> str:
        return f"import {self.pk} of project {self.project_id}"


class LabelStudioTask(models.Model):
    """A task as it was sent, with every field, also those that the page does not show."""

    task = models.OneToOneField("labeling.Task", on_delete=models.CASCADE, primary_key=True, related_name="sent")
    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    arrival = models.ForeignKey(LabelStudioImport, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    item_id = models.BigIntegerField()
    data = models.JSONField()
    meta = models.JSONField(null=True)
    # The columns of its item, until a version has them.
    waiting = models.JSONField(null=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "item_id"], name="ls_task_waiting", condition=Q(waiting__isnull=False)),
            models.Index(fields=["arrival", "item_id"], name="ls_task_of_import"),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} as it was sent"
