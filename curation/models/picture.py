from django.db import models

from accounts.querysets.tenant import TenantQuerySet


class Picture(models.Model):
    """An original in the object store under its hash: once for an organization, however many versions name it."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="pictures")
    sha256 = models.CharField(max_length=64)
    byte_count = models.BigIntegerField()
    # A key of curation.engine.pictures.kinds.FORMATS.
    format = models.CharField(max_length=8)
    # When an import last brought it or a version was last committed with it: garbage collection leaves recent ones
    # alone, whose version may not be there yet.
    used_at = models.DateTimeField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sha256"], name="one_picture_per_hash")]

    def __str__(self) -> str:
        return self.sha256[:12]
