from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet


class Provenance(models.Model):
    """Where the items of one imported file come from, and on what terms.

    An import gives the items of a file one unbroken range of ids, and an item keeps its id through every later version:
    the range says all, and no version needs a column for it.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="provenance")
    # The version that the import made; several files imported at once have a row each.
    version = models.ForeignKey("curation.Version", null=True, on_delete=models.SET_NULL, related_name="provenance")
    upload = models.ForeignKey("curation.Upload", null=True, on_delete=models.SET_NULL, related_name="+")
    first_item_id = models.BigIntegerField()
    last_item_id = models.BigIntegerField()
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    # Where the service fetched the file itself, without the query, which may hold a signature; empty for an upload.
    address = models.CharField(max_length=2000, blank=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=500, blank=True)
    consent = models.CharField(_("consent basis"), max_length=200, blank=True)
    collected_on = models.DateField(_("collection date"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["dataset", "first_item_id"], name="provenance_of_item")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_item_id__gte=models.F("first_item_id")), name="provenance_range_is_forward"
            ),
            # An import done twice has one row for each file.
            models.UniqueConstraint(fields=["version", "first_item_id"], name="one_source_per_range"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}: items {self.first_item_id} to {self.last_item_id}"
