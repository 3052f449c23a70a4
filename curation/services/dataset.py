"""Datasets: made, described, put in the trash."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, NotFound
from curation.models import Dataset


@transaction.atomic
def create_dataset(*, actor: Actor, name: str, description: str = "") -> Dataset:
    """Make an empty dataset.

    Raises:
        Conflict: ``dataset_exists`` when the organization has a live dataset of this name.
    """
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                organization_id=actor.organization_id,
                name=name,
                description=description,
                created_by_id=actor.user_id or None,
            )
    except IntegrityError:
        raise Conflict("dataset_exists", _("There is a dataset called %(name)s already.") % {"name": name}) from None
    audit.record(actor=actor, action="dataset.create", subject=f"dataset:{dataset.pk}", name=name)
    return dataset


@transaction.atomic
def change_dataset(*, actor: Actor, dataset_id: int, **changes: Any) -> Dataset:
    """Change name or description."""
    dataset = Dataset.objects.visible_to(actor).select_for_update().filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    for field in ("name", "description"):
        if field in changes:
            setattr(dataset, field, changes[field])
    try:
        with transaction.atomic():
            dataset.save(update_fields=["name", "description", "updated_at"])
    except IntegrityError:
        raise Conflict("dataset_exists", _("There is a dataset of this name already.")) from None
    audit.record(actor=actor, action="dataset.change", subject=f"dataset:{dataset.pk}", **changes)
    return dataset  # type: ignore[no-any-return]


@transaction.atomic
def trash_dataset(*, actor: Actor, dataset_id: int) -> None:
    """Put a dataset in the trash, from where `restore_dataset` brings it back whole."""
    rows = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None)
    if not rows.update(deleted_at=timezone.now()):
        raise NotFound(_("There is no such dataset."))
    audit.record(actor=actor, action="dataset.trash", subject=f"dataset:{dataset_id}")


@transaction.atomic
def restore_dataset(*, actor: Actor, dataset_id: int) -> Dataset:
    """Bring a dataset back from the trash."""
    dataset = Dataset.objects.visible_to(actor).exclude(deleted_at=None).filter(pk=dataset_id).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset in the trash."))
    try:
        with transaction.atomic():
            Dataset.objects.filter(pk=dataset.pk).update(deleted_at=None)
    except IntegrityError:
        raise Conflict("dataset_exists", _("A live dataset has this name now. Rename it first.")) from None
    audit.record(actor=actor, action="dataset.restore", subject=f"dataset:{dataset_id}")
    dataset.refresh_from_db()
    return dataset  # type: ignore[no-any-return]
