from django.db import models
from django.db.models import Q

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Plan(TimedModel):
    """A named, reusable list of steps."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=120)
    # curation.engine.Plan as JSON.
    steps = models.JSONField()
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="one_plan_per_name")]

    def __str__(self) -> str:
        return self.name


class Run(TimedModel):
    """A plan applied to a version. It keeps the steps as they were, whatever becomes of the plan."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="runs")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.SET_NULL, related_name="runs")
    steps = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    input = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="runs")
    output = models.OneToOneField("curation.Version", null=True, on_delete=models.PROTECT, related_name="made_by")
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # curation.engine.RunReport as JSON: each step's rows in and out, drops by reason, changes, findings, seconds.
    report = models.JSONField(null=True, blank=True)
    # First of the item ids set aside for what its steps add, and the content hash of the input that they are for: a run
    # of the same plan on equal content has the same ids.
    first_new_item_id = models.BigIntegerField(null=True, blank=True)
    new_items_of = models.CharField(max_length=64, blank=True, default="")
    # Parquet of the dropped items with step, reason, detail and their columns.
    drops_key = models.CharField(max_length=300, blank=True)
    # CSV of what was replaced: item, column, start, end, type, action; never the values.
    replacements_key = models.CharField(max_length=300, blank=True, default="")
    # Pseudonyms with their values, sealed with the key of the dataset: curation.engine.replacements.
    mapping_key = models.CharField(max_length=300, blank=True, default="")
    # The run whose decisions this one carried out, if that is what it did; it has no steps of its own then.
    reviewed = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reviews")

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"run {self.pk}"


class FindingState(models.TextChoices):
    OPEN = "open"
    KEPT = "kept"
    DROPPED = "dropped"


class Finding(models.Model):
    """What is wrong with which item, found by which step: a question for a person."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="findings")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="findings")
    step = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    item_id = models.BigIntegerField()
    # Items that belong to one question, such as equal texts with different labels.
    group = models.BigIntegerField(null=True)
    detail = models.CharField(max_length=500, blank=True)
    question = models.ForeignKey("curation.Question", null=True, on_delete=models.CASCADE, related_name="findings")
    # The item as the step saw it: curation.engine.findings.
    text_key = models.CharField(max_length=32, blank=True, default="")
    content_key = models.CharField(max_length=32, blank=True, default="")
    length = models.BigIntegerField(null=True)
    # A missing label is not an empty one.
    label = models.CharField(max_length=500, null=True)  # noqa: DJ001
    state = models.CharField(max_length=10, choices=FindingState.choices, default=FindingState.OPEN)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["run", "code", "group", "item_id"], name="finding_of_run"),
            models.Index(fields=["run", "id"], name="finding_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.code} on item {self.item_id}"
