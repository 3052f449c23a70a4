"""Tags of versions: one name in a dataset points at one version, and people move it."""

import re
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Tag, Version

# Letters and digits of any script, and what stands in file names; it becomes part of an address.
_NAME = re.compile(r"\w[\w.-]{0,59}")


@transaction.atomic
def set_tag(*, actor: Actor, version_id: int, name: str) -> Tag:
    """Give a version a tag, taking it from the version of the dataset that had it.

    Raises:
        NotFound: No such version.
        DomainError: ``tag_name`` when the name cannot stand in an address.
        Conflict: ``version_trashed``: a version in the trash cannot be tagged.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        detail = _(
            "A tag has 1 to 60 letters, digits, dots, hyphens or underscores, and begins with a letter or digit."
        )
        raise DomainError("tag_name", detail, field="name")
    version = _version(actor, version_id)
    if version.trashed_at is not None:
        raise Conflict("version_trashed", _("This version is in the trash. Restore it before you tag it."))
    # The lock orders two who move one tag at once.
    Dataset.objects.select_for_update().get(pk=version.dataset_id)
    tag = Tag.objects.filter(dataset_id=version.dataset_id, name=name).select_related("version").first()
    fields: dict[str, Any] = {"version": version.number, "name": name}
    if tag is None:
        tag = Tag.objects.create(
            organization_id=actor.organization_id,
            dataset_id=version.dataset_id,
            version=version,
            name=name,
            created_by_id=actor.user_id or None,
        )
        audit.record(actor=actor, action="tag.add", subject=f"version:{version.pk}", **fields)
    elif tag.version_id != version.pk:
        fields["was"] = tag.version.number
        tag.version = version
        tag.save(update_fields=["version", "updated_at"])
        audit.record(actor=actor, action="tag.move", subject=f"version:{version.pk}", **fields)
    return tag  # type: ignore[no-any-return]


@transaction.atomic
def remove_tag(*, actor: Actor, version_id: int, name: str) -> None:
    """Take a tag from a version.

    Raises:
        NotFound: No such version, or it does not have the tag.
    """
    version = _version(actor, version_id)
    if not Tag.objects.filter(version=version, name=name).delete()[0]:
        raise NotFound(_("This version has no such tag."))
    fields = {"version": version.number, "name": name}
    audit.record(actor=actor, action="tag.remove", subject=f"version:{version.pk}", **fields)


def find_tagged(*, actor: Actor, dataset_id: int, name: str) -> Version:
    """Return the version that a tag of a dataset points at."""
    tags = Tag.objects.visible_to(actor).filter(dataset_id=dataset_id, dataset__deleted_at=None, name=name)
    tag = tags.select_related("version").first()
    if tag is None:
        raise NotFound(_("This dataset has no version with this tag."))
    return tag.version  # type: ignore[no-any-return]


def _version(actor: Actor, version_id: int) -> Version:
    versions = Version.objects.visible_to(actor).filter(pk=version_id, dataset__deleted_at=None).defer("manifest")
    # No key update: somebody who puts it in the trash waits until the tag stands, and then finds it.
    version = versions.select_for_update(of=("self",)).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]
