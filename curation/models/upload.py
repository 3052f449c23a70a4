from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Upload(TimedModel):
    """A client's file as it came, and how it is to be read. It stays, so that an import can be understood later."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="uploads")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="uploads")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    file_name = models.CharField(max_length=255)
    # Where the service fetched it itself, without the query, which may hold a signature; empty when it was sent.
    address = models.CharField(max_length=2000, blank=True)
    object_key = models.CharField(max_length=300)
    byte_count = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    # What was found in the first megabyte: curation.engine SourceProfile as JSON, preview rows included.
    profile = models.JSONField(null=True, blank=True)
    # What the person chose over it: encoding, delimiter, header, roles of columns.
    options = models.JSONField(default=dict)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=500, blank=True)
    # On what ground the data may be used: consent, a contract, a public licence.
    consent = models.CharField(_("consent basis"), max_length=200, blank=True)
    collected_on = models.DateField(_("collection date"), null=True, blank=True)
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    refused_count = models.BigIntegerField(default=0)
    # A CSV of the refused rows (line, code, reason, raw), empty when there was none.
    refused_key = models.CharField(max_length=300, blank=True)

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name
