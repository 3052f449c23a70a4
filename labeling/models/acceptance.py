from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from labeling.querysets.acceptance import AcceptanceQuerySet


class AutoAccept(models.Model):
    """How a project accepts a model's answers without people; `Project.accepts` says whether it does just now."""

    project = models.OneToOneField("labeling.Project", on_delete=models.CASCADE, related_name="auto_accept")
    # Precision that is promised, 0 to 1.
    target = models.FloatField(default=0.95, validators=[MinValueValidator(0.5), MaxValueValidator(0.999)])
    # Per cent of what is accepted that people answer all the same, without seeing the model's answer.
    audit_share = models.PositiveSmallIntegerField(default=5, validators=[MinValueValidator(1), MaxValueValidator(50)])
    # Not before so many labeled items.
    labels_from = models.PositiveIntegerField(default=200, validators=[MinValueValidator(50)])
    # Whether what was accepted goes back to people by itself when the audit refutes the promise.
    gives_back = models.BooleanField(default=True)
    # Counts how often it was switched on, or got another target: audits of one epoch are one test.
    epoch = models.PositiveIntegerField(default=0)
    # When the audit switched it off, and by what: {"round": 0 for all, "right", "wrong", "target"}.
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.JSONField(default=dict)
    # What the last suggestion job made of it: {"code", ...} as labeling.services.acceptance_round.CODES.
    last = models.JSONField(default=dict)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(target__gte=0.5, target__lte=0.999, audit_share__gte=1, audit_share__lte=50)
                & Q(labels_from__gte=50),
                name="auto_accept_range",
            )
        ]

    def __str__(self) -> str:
        return f"automatic acceptance in project {self.project_id}"


class AcceptRound(models.Model):
    """What one suggestion job accepted, by which model, from which confidence on, and what vouched for it."""

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="accept_rounds", db_index=False
    )
    # One round a job, so that a job that is done twice accepts once.
    job_number = models.BigIntegerField()
    epoch = models.PositiveIntegerField()
    # From 1, in its epoch.
    number = models.PositiveIntegerField()
    # The model as people read it, and a hash that tells it from every other.
    source = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    target = models.FloatField()
    # Answers of at least this calibrated confidence were accepted.
    threshold = models.FloatField()
    # Of the labeled items that the model had not learned from: how many reach the threshold, how many of them it names
    # right, and the precision that they vouch for.
    held_out = models.PositiveIntegerField()
    held_out_right = models.PositiveIntegerField()
    bound = models.FloatField()
    # Tasks that left the queue, those that stayed in it for the audit, and how many of the first are out of it still.
    accepted = models.PositiveIntegerField()
    audited = models.PositiveIntegerField()
    standing = models.PositiveIntegerField()
    # The audit refuted the promise while this round's epoch lasted: its labels are not published.
    refuted = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "job_number"], name="one_accept_round_per_job")]
        indexes = [models.Index(fields=["project", "-id"], name="accept_round_newest")]

    def __str__(self) -> str:
        return f"round {self.number} of project {self.project_id}"


class AuditOutcome(models.TextChoices):
    """What people made of an audited answer."""

    WAITING = "", "not answered by all who are to"
    RIGHT = "right", "the same"
    WRONG = "wrong", "another, or people differ"
    # Everybody skipped it.
    OPEN = "open", "no answer"


class ModelLabel(models.Model):
    """A model's answer that was accepted. Its task left the queue, or stayed in it for the audit."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.OneToOneField("labeling.Task", on_delete=models.CASCADE, related_name="model_label")
    round = models.ForeignKey(AcceptRound, on_delete=models.CASCADE, related_name="labels", db_index=False)
    answer = models.JSONField()
    # Calibrated probability that the answer is right, 0 to 1.
    confidence = models.FloatField()
    # People answer the task all the same, and theirs is the label. Nobody who labels may learn of it.
    audited = models.BooleanField(default=False)
    outcome = models.CharField(max_length=6, blank=True, default="", choices=AuditOutcome.choices)
    schema_revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["round", "outcome"], name="model_label_audit", condition=Q(audited=True)),
            models.Index(fields=["project", "audited", "id"], name="model_label_of_project"),
        ]

    def __str__(self) -> str:
        return f"model's label of task {self.task_id}"
