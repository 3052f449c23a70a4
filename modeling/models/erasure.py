import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class ErasureState(models.TextChoices):
    SEARCHING = "searching", _("Searching")
    REVIEW = "review", _("To be reviewed")
    ERASING = "erasing", _("Erasing")
    DONE = "done", _("Erased")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Erasure(TimedModel):
    """A person who is to be erased: what is sought, what was found, and the certificate of what was done."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="erasures")
    # Its name in the ledger, which outlives the database.
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    # Who asked and by which letter: a number of a case, never the person.
    reference = models.CharField(_("reference"), max_length=200)
    state = models.CharField(max_length=10, choices=ErasureState.choices, default=ErasureState.SEARCHING)
    # curation.engine.erasure.finding.Sought, sealed with the key of the organization; empty once it is done.
    sealed = models.BinaryField(default=b"")
    # HMAC of each value under a key of the organization: enough to tell whether it is the same person again.
    fingerprints = models.JSONField(default=list)
    # Whether pictures that look like those sought are found too.
    alike_pictures = models.BooleanField(default=False)
    # Rows and objects outside of items in which values stand, by place; numbers alone.
    places = models.JSONField(default=dict)
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # What was removed in places other than versions, added up over attempts; numbers alone.
    removed = models.JSONField(default=dict)
    # Signed: curation.engine.erasure.certificate.
    certificate = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="erasure_newest")]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class ErasureHit(models.Model):
    """An item that the search found; it goes unless a person keeps it."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="hits")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="+")
    item_id = models.BigIntegerField()
    # A way of curation.engine.erasure.finding, and the column.
    how = models.CharField(max_length=12)
    column = models.CharField(max_length=200, blank=True)
    # A version in which it can be looked at; null when it stands only in what a run dropped.
    version = models.ForeignKey("curation.Version", null=True, on_delete=models.SET_NULL, related_name="+")
    # Versions that hold it, whatever their columns.
    version_count = models.PositiveIntegerField(default=0)
    # A person said that this is somebody else.
    kept = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["erasure", "dataset", "item_id"], name="one_erasure_hit_per_item")
        ]

    def __str__(self) -> str:
        return f"item {self.item_id} of dataset {self.dataset_id}"


class ErasedVersion(models.Model):
    """A version that was written again without some items: its content before and after, by hash."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="versions")
    version = models.ForeignKey("curation.Version", on_delete=models.CASCADE, related_name="erasures")
    old_hash = models.CharField(max_length=64)
    new_hash = models.CharField(max_length=64)
    # Over the rows that stay; the same before and after.
    rest_hash = models.CharField(max_length=64)
    rows_before = models.BigIntegerField()
    rows_after = models.BigIntegerField()
    # The items that went: numbers, never values.
    item_ids = models.JSONField()
    old_parts = models.JSONField()
    new_parts = models.JSONField()
    # What still has to be removed: object keys, pictures, vectors. Empty once it is.
    pending = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "old_hash", "new_hash"], name="one_record_per_rewriting")
        ]

    def __str__(self) -> str:
        return f"version {self.version_id}: {len(self.item_ids)} items"
