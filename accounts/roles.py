"""Roles are bundles of scopes; this table is the whole of who may do what."""

from django.utils.translation import gettext_lazy as _

SCOPES = {
    "data.read": _("See datasets, versions, items and reports"),
    "data.write": _("Import data and run plans"),
    "project.write": _("Make labeling projects and publish their labels"),
    "label": _("Answer labeling tasks"),
    "review": _("Review answers"),
    "model.read": _("See trainings, models and bundles"),
    "model.write": _("Train, export and deploy models"),
    "predict": _("Ask a deployment for predictions"),
    "privacy.open": _("See which values pseudonyms stand for"),
    "privacy.erase": _("Erase a person from all data"),
    "member.read": _("See members and the audit trail"),
    "member.write": _("Add members and change roles"),
}

_everything = frozenset(SCOPES)

ROLES = {
    "owner": _everything,
    # What is erased comes back for nobody, so it takes an owner.
    "manager": _everything - {"privacy.erase"},
    "engineer": frozenset(
        {"data.read", "data.write", "project.write", "label", "model.read", "model.write", "predict", "member.read"}
    ),
    "reviewer": frozenset({"data.read", "label", "review"}),
    "annotator": frozenset({"label"}),
    "client": frozenset({"data.read", "model.read", "predict"}),
}

ROLE_TITLES = {
    "owner": _("Owner"),
    "manager": _("Manager"),
    "engineer": _("Engineer"),
    "reviewer": _("Reviewer"),
    "annotator": _("Annotator"),
    "client": _("Client viewer"),
}
ROLE_CHOICES = list(ROLE_TITLES.items())
