from django.db import models

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Tag(TimedModel):
    """A name for one version of a dataset that people can move, such as ``gold``. It protects the version."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="tags")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="tags")
    version = models.ForeignKey("curation.Version", on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=60)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="one_tag_per_name")]

    def __str__(self) -> str:
        return self.name
