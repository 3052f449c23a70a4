from django.db import models

from accounts.querysets.tenant import TenantQuerySet


class Push(models.Model):
    """Rows that a client's program sent under a key of its own: the same key never makes a second import."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey("curation.Dataset", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    # SHA-256 of what was sent: the same key with something else is a mistake of the program.
    sha256 = models.CharField(max_length=64)
    # A job that an operator clears away takes the memory of its key along.
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "key"], name="one_push_per_key")]

    def __str__(self) -> str:
        return self.key
