from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.querysets.tenant import TenantQuerySet
from core.models import TimedModel


class Explanation(TimedModel):
    """Why a training's model says what it says of one item of its version, or of one text that somebody typed.

    Nothing of an item's content is kept here: the result names places in the text, columns or cells of the picture. So
    an item that is erased takes its explanation along, and nothing of it is left.
    """

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="explanations")
    training = models.ForeignKey("modeling.Training", on_delete=models.CASCADE, related_name="explanations")
    item_id = models.BigIntegerField(_("item"), null=True, blank=True)
    # What somebody typed; empty for an item.
    text = models.TextField(_("text"), blank=True)
    # Explained beside the predicted ones.
    label = models.TextField(_("label"), blank=True)
    # SHA-256 of what was asked, so that the same question is answered once.
    key = models.CharField(max_length=64)
    job = models.OneToOneField("workers.Job", null=True, on_delete=models.SET_NULL, related_name="explanation")
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # What `modeling.engine.explain.explaining.explain` returns.
    result = models.JSONField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["training", "key"], name="explanation_once"),
            models.CheckConstraint(
                condition=Q(item_id__isnull=False, text="") | (Q(item_id=None) & ~Q(text="")),
                name="explanation_item_or_text",
            ),
        ]
        indexes = [models.Index(fields=["training", "-id"], name="explanation_newest")]

    def __str__(self) -> str:
        return f"{self.training_id}: {self.item_id or self.text[:40]}"
