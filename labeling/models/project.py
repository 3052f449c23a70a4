import uuid

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import TimedModel
from labeling.querysets.project import ProjectQuerySet

# A model learns again after so many new answers, where nobody says otherwise.
USUAL_EVERY = 50


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
    ERRORS = "errors", _("Labels that the items came with and a model doubts first")
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
    # A random share of the tasks, in per cent, goes to `overlap_in_share` people instead: labeling.engine.lots.
    overlap_share = models.PositiveSmallIntegerField(
        _("random share"), default=0, db_default=0, validators=[MaxValueValidator(100)]
    )
    overlap_in_share = models.PositiveSmallIntegerField(
        _("people for each item of the share"), default=2, db_default=2,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
    )  # fmt: skip
    overlap_seed = models.PositiveIntegerField(_("seed of the share"), default=0, db_default=0)
    # How many answers are wanted beyond `overlap` for each task: kept by whoever gives tasks more or fewer places.
    extra_answers = models.BigIntegerField(default=0, db_default=0)
    # People get what is assigned to them and nothing else.
    only_assigned = models.BooleanField(default=False, db_default=False)
    # Per cent of what a person gets that is gold, as long as there is gold that they have not had.
    gold_share = models.PositiveSmallIntegerField(default=10, db_default=10, validators=[MaxValueValidator(50)])
    # A person whose share of right answers to gold falls below this per cent is paused; 0 for never.
    gold_least = models.PositiveSmallIntegerField(default=0, db_default=0, validators=[MaxValueValidator(100)])
    # Not before so many answers to gold.
    gold_from = models.PositiveSmallIntegerField(default=10, db_default=10, validators=[MinValueValidator(1)])
    # How many tasks are gold that is hidden in the work; kept by whoever marks one or changes its use.
    gold_count = models.PositiveBigIntegerField(default=0, db_default=0)
    # Nobody who labels can know which of their tasks are gold without it.
    gold_secret = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    # A task whose answers make its label less probable than this goes to one more person; 0 sends none. See
    # labeling.services.one_more for this and the five fields below.
    target_confidence = models.FloatField(default=0, db_default=0)
    # Nobody is asked beyond so many answers to one task, and so many extra answers in all.
    most_answers = models.PositiveSmallIntegerField(default=5, db_default=5)
    extra_cap = models.PositiveIntegerField(default=0, db_default=0)
    # How many were asked for so far.
    extra_sent = models.PositiveBigIntegerField(default=0, db_default=0)
    # The answers are weighed after this many new ones; at `weigh_at` answers the next time, 0 for never.
    weigh_every = models.PositiveIntegerField(default=100, db_default=100)
    weigh_at = models.PositiveBigIntegerField(default=0, db_default=0)
    # New people answer training tasks and then a test before the queue opens for them: labeling.models.onboarding.
    onboarding = models.BooleanField(default=False, db_default=False)
    # How many of each a person gets at most; 0 leaves a stage out.
    onboarding_training = models.PositiveSmallIntegerField(default=10, db_default=10)
    onboarding_test = models.PositiveSmallIntegerField(default=10, db_default=10)
    # Per cent of the test that must be right.
    onboarding_least = models.PositiveSmallIntegerField(default=80, db_default=80)
    onboarding_attempts = models.PositiveSmallIntegerField(default=2, db_default=2)
    # After a test people are told what they had wrong, and the right answers once no attempt is left.
    onboarding_tells = models.BooleanField(default=False, db_default=False)
    # Also those who answered here before it was switched on.
    onboarding_everybody = models.BooleanField(default=False, db_default=False)
    # What people choose from when they skip a task, beside words of their own; empty for the page's own list.
    skip_reasons = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    skip_reason_required = models.BooleanField(default=False, db_default=False)
    lease_seconds = models.PositiveIntegerField(default=900)
    state = models.CharField(max_length=10, choices=ProjectState.choices, default=ProjectState.OPEN)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # Kept here by the job that makes the tasks, so that no request counts them.
    task_count = models.PositiveBigIntegerField(default=0)
    # A job "modeling.suggest" is sent after this many new answers; 0 means never.
    suggest_every = models.PositiveIntegerField(default=USUAL_EVERY)
    # Whether a quick head on the project's own labels suggests; else only rules, servers and files do.
    own_suggestions = models.BooleanField(default=True, db_default=True)
    # The sum of answers at which the next one is due; moved by compare-and-set.
    suggest_at = models.PositiveBigIntegerField(default=USUAL_EVERY)

    order = models.CharField(
        _("order"), max_length=12, choices=TaskOrder.choices, default=TaskOrder.MIX, db_default=TaskOrder.MIX
    )
    # The learning curve that the last suggestion job measured: numbers alone, see modeling.services.learning.
    learning = models.JSONField(null=True, blank=True)
    # Answers of a model are accepted without people: labeling.models.acceptance.AutoAccept says how.
    accepts = models.BooleanField(default=False, db_default=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_project_per_name"),
            models.CheckConstraint(condition=models.Q(overlap__gte=1, overlap__lte=20), name="project_overlap_range"),
            models.CheckConstraint(
                condition=models.Q(overlap_share__lte=100, overlap_in_share__gte=1, overlap_in_share__lte=20),
                name="project_share_range",
            ),
            models.CheckConstraint(
                condition=models.Q(gold_share__lte=50, gold_least__lte=100, gold_from__gte=1), name="project_gold_range"
            ),
            models.CheckConstraint(
                condition=models.Q(target_confidence__gte=0, target_confidence__lt=1, most_answers__gte=1),
                name="project_target_range",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    onboarding_training__lte=100,
                    onboarding_test__lte=100,
                    onboarding_least__gte=1,
                    onboarding_least__lte=100,
                    onboarding_attempts__gte=1,
                    onboarding_attempts__lte=20,
                ),
                name="project_onboarding_range",
            ),
            models.CheckConstraint(condition=models.Q(lease_seconds__gte=1), name="project_lease_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def answers_wanted(self) -> int:
        return self.task_count * self.overlap + self.extra_answers


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
