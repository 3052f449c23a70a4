from django.db import models
from django.db.models import Q

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Decision(models.Model):
    """A person's answer to a question, kept by the question's content: it holds for every later run on the dataset."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="decisions")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="decisions")
    # Where it was asked; the answer outlives the run.
    run = models.ForeignKey("curation.Run", null=True, on_delete=models.SET_NULL, related_name="decisions")
    step = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    # curation.engine.decisions.question_key: a hash of the folded texts of the items.
    key = models.CharField(max_length=64)
    # curation.engine.decisions.make_verdict.
    verdict = models.JSONField()
    # Made together by one rule, and undone together.
    bulk = models.UUIDField(null=True)
    # The sender's own name for this answer, so that sending it twice decides once.
    client_key = models.UUIDField(null=True)
    made_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "step", "code", "key"], condition=Q(undone_at=None), name="one_decision_per_question"
            ),
            models.UniqueConstraint(
                fields=["organization", "client_key"],
                condition=Q(client_key__isnull=False),
                name="one_decision_per_client_key",
            ),
        ]
        indexes = [models.Index(fields=["run", "bulk"], name="decision_bulk", condition=Q(bulk__isnull=False))]

    def __str__(self) -> str:
        return f"{self.verdict.get('action')} on {self.code}"


class QuestionState(models.TextChoices):
    OPEN = "open"
    DECIDED = "decided"


class Question(TimedModel):
    """The findings of a run that one decision answers; `number` counts from 1 within the run."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="questions")
    run = models.ForeignKey("curation.Run", on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    key = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=QuestionState.choices, default=QuestionState.OPEN)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.SET_NULL, related_name="questions")
    # The decision was made on an earlier run and given again.
    replayed = models.BooleanField(default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_question_per_number")]
        indexes = [
            models.Index(fields=["run", "code", "state", "number"], name="question_of_code"),
            models.Index(fields=["run", "state", "number"], name="question_of_state"),
        ]

    def __str__(self) -> str:
        return f"question {self.number} of run {self.run_id}"
