from django.db import models

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class PairReview(TimedModel):
    """Pairs of a version's items, drawn over the range of similarity, for people to say which mean the same."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="pair_reviews")
    # It explains a threshold of this version and goes with it.
    version = models.ForeignKey("curation.Version", on_delete=models.CASCADE, related_name="pair_reviews")
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    encoder = models.CharField(max_length=60, blank=True)
    # [[left item, right item, cosine, band], ...]; null while they are being drawn.
    pairs = models.JSONField(null=True, blank=True)
    # Pairs of the whole version in each band of curation.engine.meaning.threshold.EDGES.
    counts = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version"], name="one_pair_review_per_version")]

    def __str__(self) -> str:
        return f"pair review {self.pk}"


class PairJudgement(models.Model):
    """What a person said of one pair; saying it again replaces it."""

    review = models.ForeignKey(PairReview, on_delete=models.CASCADE, related_name="judgements")
    # Place in the review's pairs, from 0.
    number = models.PositiveIntegerField()
    same = models.BooleanField()
    made_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "number"], name="one_judgement_per_pair")]

    def __str__(self) -> str:
        return f"pair {self.number}: {'same' if self.same else 'different'}"
