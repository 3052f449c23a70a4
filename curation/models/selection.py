from django.db import models

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Selection(TimedModel):
    """Items of a version that somebody chose on the map, to look at them and to do something with all of them."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="selections")
    version = models.ForeignKey("curation.Version", on_delete=models.CASCADE, related_name="selections")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # As `curation.engine.steps.select_items` writes them: 1-5,9.
    items = models.TextField()
    count = models.PositiveBigIntegerField()

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.count} items"
