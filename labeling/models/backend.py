from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import OfProjectQuerySet


class BackendState(models.TextChoices):
    NEW = "new", _("not asked yet")
    UP = "up", _("reachable")
    DOWN = "down", _("not reachable")


class Backend(models.Model):
    """A server that suggests answers for a project's tasks, spoken to by Label Studio's ML backend protocol."""

    project = models.OneToOneField("labeling.Project", on_delete=models.CASCADE, related_name="backend")
    url = models.CharField(_("address"), max_length=500)
    # For basic authentication; the password is sealed with the organization's key, which lies outside the database.
    user = models.CharField(_("user"), max_length=200, blank=True)
    sealed_password = models.BinaryField(blank=True, default=b"")
    # Asked again for the next tasks whenever the project's own suggestions are due.
    live = models.BooleanField(_("ask again as people go on"), default=False)
    # As the server told it last; suggestions carry it in their source.
    model_version = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=5, choices=BackendState.choices, default=BackendState.NEW)
    # Why it does not answer, in the language of whoever asked last.
    problem = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return f"backend of project {self.project_id}"
