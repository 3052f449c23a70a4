from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet


class VersionKind(models.TextChoices):
    IMPORT = "import", _("Import")
    PLAN = "plan", _("Curation")
    PUBLISH = "publish", _("Published labels")
    DECISIONS = "decisions", _("Decisions")


class Version(models.Model):
    """An immutable state of a dataset. Only rows are added; nothing but tags, notes and the trash may ever change."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="versions")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=VersionKind.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    # The job that made it; unique, so that a job done twice makes one version.
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="version")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True)
    # SHA-256 over rows, columns and order: equal content has an equal hash, whoever wrote it and in how many parts.
    content_hash = models.CharField(max_length=64, db_index=True)
    row_count = models.BigIntegerField()
    byte_count = models.BigIntegerField()
    # curation.engine.VersionManifest as JSON, with the object key of each part.
    manifest = models.JSONField()
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=500, blank=True)
    # On what ground the data may be used: consent, a contract, a public licence.
    consent = models.CharField(_("consent basis"), max_length=200, blank=True)
    collected_on = models.DateField(_("collection date"), null=True, blank=True)

    # What people wrote about it, as Markdown.
    notes = models.TextField(_("notes"), blank=True, max_length=4000)
    trashed_at = models.DateTimeField(null=True, blank=True)
    # Set when the objects were given up for good; the row stays, so that the lineage can still be told.
    purged_at = models.DateTimeField(null=True, blank=True)
    objects_removed_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["trashed_at"],
                name="version_in_trash",
                condition=models.Q(trashed_at__isnull=False, objects_removed_at=None),
            )
        ]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"v{self.number}"
