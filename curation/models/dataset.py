from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Dataset(TimedModel):
    """A client's data under one name; its content lives in versions."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=4000)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # The next item_id to give; counted here so that two imports never give the same one.
    next_item_id = models.BigIntegerField(default=1)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=models.Q(deleted_at=None), name="one_dataset_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
