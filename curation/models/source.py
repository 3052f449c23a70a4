from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Source(TimedModel):
    """A bucket whose new files come into a dataset whenever somebody syncs. It names its keys and never holds them."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="sources")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="sources")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    # Address of the S3 service, without the bucket.
    endpoint = models.CharField(_("endpoint"), max_length=300)
    bucket = models.CharField(_("bucket"), max_length=63)
    # Only keys that begin with it, and, behind it, fit the pattern; both may be empty.
    prefix = models.CharField(_("prefix"), max_length=900, blank=True)
    pattern = models.CharField(_("pattern"), max_length=200, blank=True)
    region = models.CharField(_("region"), max_length=40, blank=True)
    # Name of an entry in the operator's file of keys; empty asks without any, as for a public bucket.
    keys_name = models.CharField(_("access keys"), max_length=60, blank=True)
    # How every file is read where the guess is wrong: encoding, delimiter, header, format, sheet, roles.
    options = models.JSONField(default=dict, blank=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=500, blank=True)
    consent = models.CharField(_("consent basis"), max_length=200, blank=True)
    collected_on = models.DateField(_("collection date"), null=True, blank=True)
    # The newest sync.
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="one_source_per_name")]

    def __str__(self) -> str:
        return self.name
