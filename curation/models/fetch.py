from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel
from curation.sentences import in_words


class FetchState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    FETCHED = "fetched", _("Fetched")
    IMPORTED = "imported", _("Taken in")
    REFUSED = "refused", _("Refused")


class Fetch(TimedModel):
    """One file that the service gets itself, from an address or a bucket, and what became of it.

    For a bucket it is also the memory of what was taken: the same key with the same ETag and size is not taken again.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="fetches")
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.ForeignKey("curation.Source", null=True, on_delete=models.CASCADE, related_name="fetches")
    # Its place in the list, from 1; files are imported in this order.
    number = models.PositiveIntegerField()
    # A web address, or the key in the bucket.
    address = models.CharField(max_length=2000)
    etag = models.CharField(max_length=200, blank=True)
    # Of the bucket's list; unknown for a web address until it was fetched.
    byte_count = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=FetchState.choices, default=FetchState.WAITING)
    # Why it was refused; `transient` says that the same may be taken another time without a change.
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    transient = models.BooleanField(default=False)
    upload = models.ForeignKey("curation.Upload", null=True, on_delete=models.SET_NULL, related_name="+")
    row_count = models.BigIntegerField(default=0)
    version = models.ForeignKey("curation.Version", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        # Keys have at most 1,024 bytes; a web address may be too long for an index, and nobody looks one up.
        indexes = [
            models.Index(fields=["source", "address"], name="fetch_of_object", condition=models.Q(source__isnull=False))
        ]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_fetch_per_place")]

    def __str__(self) -> str:
        return self.shown_address

    @property
    def said(self) -> str:
        """The reason in the reader's language."""
        return in_words(self.reason)

    @property
    def shown_address(self) -> str:
        """The address without its query, which may hold a signature."""
        address, query, _rest = self.address.partition("?")
        return f"{address}?…" if query and self.source_id is None else self.address
