from django.db import models
from django.db.models import F, Q

from accounts.querysets.tenant import TenantQuerySet


class QuestionCount(models.Model):
    """How many questions of one code a run asks, and how many of them are decided.

    Whoever changes the state of a question changes this row in the same transaction (curation.services.question_count),
    so that a page reads one row a code, however many questions there are.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey("curation.Run", on_delete=models.CASCADE, related_name="question_counts")
    code = models.CharField(max_length=60)
    total = models.PositiveIntegerField()
    decided = models.PositiveIntegerField(default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "code"], name="one_count_per_code"),
            models.CheckConstraint(condition=Q(decided__lte=F("total")), name="no_more_decided_than_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.decided} of {self.total} questions ({self.code}) of run {self.run_id}"


class BulkCount(models.Model):
    """How many of the decisions that one rule made together still stand; `bulk` is that of the decisions."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey("curation.Run", on_delete=models.CASCADE, related_name="bulk_counts")
    bulk = models.UUIDField()
    code = models.CharField(max_length=60)
    standing = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "bulk"], name="one_count_per_bulk")]

    def __str__(self) -> str:
        return f"{self.standing} decisions of {self.bulk}"
