from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import AnswerQuerySet


class Verdict(models.TextChoices):
    """What a reviewer said of an answer that counts; one that was sent back does not, and is a Rejection."""

    NONE = "", _("not reviewed")
    ACCEPTED = "accepted", _("accepted")
    FIXED = "fixed", _("fixed")


class Annotation(models.Model):
    """One person's answer to one task."""

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="annotations", db_index=False
    )
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="annotations", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    # Null only when skipped.
    answer = models.JSONField(null=True)
    skipped = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    # From showing to sending, as the page measured it.
    seconds = models.FloatField(default=0)
    # Checked when the answer is saved; a suggestion that somebody saw is not deleted.
    suggestion = models.ForeignKey(
        "labeling.Suggestion", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    accepted_suggestion = models.BooleanField(default=False)
    # Made by the page for each answer, so that sending twice saves once.
    client_key = models.UUIDField()
    # Counts edits; an edit names the revision that it saw.
    revision = models.PositiveIntegerField(default=1)
    # The project's schema that the answer fits; a job brings older ones along after a change.
    schema_revision = models.PositiveIntegerField(default=1, db_default=1)
    # Something that must be answered is missing, because it was not asked when the answer was given.
    incomplete = models.BooleanField(default=False, db_default=False)
    # What a reviewer said of it as it stands; the person's own change takes it off.
    verdict = models.CharField(max_length=10, blank=True, choices=Verdict.choices, default="", db_default="")
    reviewer = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    reviewed_at = models.DateTimeField(null=True)
    # What it came to where the right answer is known: a row of labeling.models.gold.GoldState. Its writer is not told.
    gold = models.CharField(max_length=10, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "annotator"], name="one_annotation_each"),
            models.UniqueConstraint(fields=["annotator", "client_key"], name="one_annotation_per_key"),
            models.CheckConstraint(
                condition=models.Q(answer__isnull=False) | models.Q(skipped=True), name="annotation_answered_or_skipped"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "annotator", "-id"], name="annotation_history"),
            models.Index(fields=["project", "-id"], name="annotation_newest"),
            models.Index(fields=["project", "annotator", "id"], name="annotation_gold", condition=~Q(gold="")),
        ]

    def __str__(self) -> str:
        return f"annotation {self.pk}"


class AnnotationRevision(models.Model):
    """An earlier state of an answer that was changed or taken back. Rows are only ever added."""

    # Not a foreign key: an answer that was taken back is gone, and its history stays.
    annotation_number = models.BigIntegerField(db_index=True)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="+")
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    client_key = models.UUIDField()
    revision = models.PositiveIntegerField()
    answer = models.JSONField(null=True)
    skipped = models.BooleanField()
    # Who wrote this state when it was not the annotator but a reviewer who fixed it.
    author = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    taken_back = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["annotator", "client_key"], name="revision_by_key")]

    def __str__(self) -> str:
        return f"annotation {self.annotation_number} revision {self.revision}"

    @classmethod
    def of(cls, annotation: Annotation, *, ended_at: datetime, taken_back: bool) -> Self:
        """Return the unsaved record of an answer as it stands before it is changed or taken back."""
        return cls(
            annotation_number=annotation.pk,
            task_id=annotation.task_id,
            annotator_id=annotation.annotator_id,
            client_key=annotation.client_key,
            revision=annotation.revision,
            answer=annotation.answer,
            skipped=annotation.skipped,
            author_id=annotation.reviewer_id if annotation.verdict == Verdict.FIXED else None,
            written_at=annotation.updated_at,
            ended_at=ended_at,
            taken_back=taken_back,
        )


class Rejection(models.Model):
    """An answer that a reviewer sent back with a reason. It counts nowhere; its task waits for the same person.

    It holds everything of the answer, so that the reviewer can take the verdict back.
    """

    # The number that the answer had, and has again when the verdict is taken back.
    annotation_number = models.BigIntegerField()
    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="rejections", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="rejections", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField(null=True)
    skipped = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField()
    suggestion_number = models.BigIntegerField(null=True)
    accepted_suggestion = models.BooleanField()
    client_key = models.UUIDField()
    revision = models.PositiveIntegerField()
    schema_revision = models.PositiveIntegerField()
    incomplete = models.BooleanField()
    gold = models.CharField(max_length=10, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # Why it was sent back, for the annotator to read.
    why = models.CharField(max_length=500)
    reviewer = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    rejected_at = models.DateTimeField()
    # When the person answered anew, or had left for good.
    settled_at = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "annotator"], name="one_open_rejection_each", condition=Q(settled_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(
                fields=["project", "annotator", "id"], name="rejection_waiting", condition=Q(settled_at__isnull=True)
            ),
            models.Index(fields=["project", "-id"], name="rejection_newest"),
            models.Index(fields=["annotation_number"], name="rejection_by_answer"),
        ]

    def __str__(self) -> str:
        return f"annotation {self.annotation_number} sent back"
