from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import TimedModel
from labeling.querysets.project import ProjectQuerySet


class ProjectState(models.TextChoices):
    OPEN = "open", _("Open")
    PAUSED = "paused", _("Paused")
    ARCHIVED = "archived", _("Archived")


class TaskOrder(models.TextChoices):
    """By what tasks are put in order after each suggestion job; the names are those of modeling.engine.active."""

    MIX = "mix", _("What teaches the model most: typical items first, then close calls of every kind")
    MARGIN = "margin", _("Close calls between two labels first")
    UNCERTAINTY = "uncertainty", _("What the model is least sure of first")
    DIVERSITY = "diversity", _("What is least like anything labeled so far first")
    CAME = "came", _("As the items came")


class Project(TimedModel):
    """Labeling work on one version: what is asked, of how many people."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="projects")
    version = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(_("name"), max_length=120)
    guidelines = models.TextField(_("guidelines"), blank=True, max_length=50_000)
    # labeling.engine.schema.Schema as JSON. Once there are answers only `services.schema_change` changes it.
    schema = models.JSONField()
    # Counts changes of the schema. An answer carries the number under which it fits.
    schema_revision = models.PositiveIntegerField(default=1, db_default=1)
    overlap = models.PositiveSmallIntegerField(
        _("people for each item"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    lease_seconds = models.PositiveIntegerField(default=900)
    state = models.CharField(max_length=10, choices=ProjectState.choices, default=ProjectState.OPEN)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # Kept here by the job that makes the tasks, so that no request counts them.
    task_count = models.PositiveBigIntegerField(default=0)
    # A job "modeling.suggest" is sent after this many new answers; 0 means never.
    suggest_every = models.PositiveIntegerField(default=50)
    # The sum of answers at which the next one is due; moved by compare-and-set.
    suggest_at = models.PositiveBigIntegerField(default=50)

    order = models.CharField(
        _("order"), max_length=12, choices=TaskOrder.choices, default=TaskOrder.MIX, db_default=TaskOrder.MIX
    )
    # The learning curve that the last suggestion job measured: numbers alone, see modeling.services.learning.
    learning = models.JSONField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_project_per_name"),
            models.CheckConstraint(condition=models.Q(overlap__gte=1, overlap__lte=20), name="project_overlap_range"),
            models.CheckConstraint(condition=models.Q(lease_seconds__gte=1), name="project_lease_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def answers_wanted(self) -> int:
        return self.task_count * self.overlap


class SchemaRevision(models.Model):
    """One change of what a project asks: from the schema with the number before this one to the project's next."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="schema_revisions", db_index=False)
    # The number that the project's schema had from this change on.
    revision = models.PositiveIntegerField()
    before = models.JSONField()
    after = models.JSONField()
    # [[control, value, new value], ...] and [[control, value], ...]: labeling.engine.schema_change.SchemaChange.
    renamed = models.JSONField(default=list)
    reopened = models.JSONField(default=list)
    changed_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "revision"], name="one_schema_per_revision")]

    def __str__(self) -> str:
        return f"schema {self.revision} of project {self.project_id}"
