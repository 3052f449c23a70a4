from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    CANCELLING = "cancelling", _("Stopping")
    SUCCEEDED = "succeeded", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


# From which state to which. workers.services.job is the only place that moves a job.
TRANSITIONS: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "cancelled", "failed"}),
    "running": frozenset({"succeeded", "failed", "cancelling", "queued"}),
    "cancelling": frozenset({"cancelled", "succeeded", "failed"}),
    "succeeded": frozenset(),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
}
OPEN_STATES = ("queued", "running", "cancelling")


class Job(models.Model):
    """Any long work. This row is the truth; the message in the broker only says that it is worth a look."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="jobs")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    # What the job is about, as noun:id, so that a page can show the jobs of its thing.
    subject = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    stage = models.CharField(max_length=200, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    rows_done = models.BigIntegerField(default=0)
    rows_refused = models.BigIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    # A problem body (code, title, detail) in the words of the person who will read it.
    error = models.JSONField(null=True, blank=True)
    # What the next attempt starts from.
    saved_state = models.JSONField(default=dict)
    # Counts starts. Every write of a worker names its attempt, so a worker that was given up changes nothing.
    attempt = models.PositiveIntegerField(default=0)
    # A piece of another job's work, done by whoever is free, and its name within that job.
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="pieces")
    piece = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    # Of whoever asked for it: stages and errors are written in it.
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When the message was last sent; the reaper sends it again when nobody took it.
    published_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["organization", "-id"], name="job_newest"),
            models.Index(fields=["organization", "subject", "-id"], name="job_by_subject"),
            # The reaper looks at open jobs every few seconds; they are few among many.
            models.Index(fields=["state", "heartbeat_at"], name="job_open", condition=Q(finished_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["parent", "piece"], name="one_job_per_piece", condition=~Q(parent=None)),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class JobMetric(models.Model):
    """One row of figures from a running job, for live curves."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="metrics")
    attempt = models.PositiveIntegerField()
    # Rising within a job; a resumed attempt writes the same numbers again and they are kept once.
    number = models.PositiveIntegerField()
    data = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_metric_per_number")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}"
