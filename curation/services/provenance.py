"""Where items come from: one row for each import, found by the item's id."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import NotFound
from curation.models import Provenance, Upload, Version
from curation.services.item import find_item


def record_provenance(*, version: Version, upload: Upload, first_item_id: int, row_count: int) -> Provenance:
    """Tie the items of a file to their source; done twice, it gives the same row.

    Args:
        version: What the import made.
        upload: The file, with what was said of it.
        first_item_id: Id of its first item; the others follow without a gap.
        row_count: Its items.
    """
    row, _created = Provenance.objects.get_or_create(
        version=version,
        first_item_id=first_item_id,
        defaults={
            "organization_id": version.organization_id,
            "dataset_id": version.dataset_id,
            "upload": upload,
            "last_item_id": first_item_id + row_count - 1,
            "file_name": upload.file_name,
            "address": upload.address,
            "sha256": upload.sha256,
            "licence": upload.licence,
            "source": upload.source,
            "consent": upload.consent,
            "collected_on": upload.collected_on,
        },
    )
    return row  # type: ignore[no-any-return]


def provenance_in_version(*, actor: Actor, version: Version, item_id: int) -> Provenance:
    """Return the source of an item of a version; a changed copy has that of the item it was made from.

    Raises:
        NotFound: As `provenance_of_item`.
    """
    try:
        return provenance_of_item(actor=actor, dataset_id=version.dataset_id, item_id=item_id)
    except NotFound:
        parent = find_item(actor=actor, version_id=version.pk, item_id=item_id).get("augmented_from")
        if not isinstance(parent, int):
            raise
        return provenance_of_item(actor=actor, dataset_id=version.dataset_id, item_id=parent)


def provenance_of_item(*, actor: Actor, dataset_id: int, item_id: int) -> Provenance:
    """Return the source of an item, in whatever version of the dataset it stands.

    Raises:
        NotFound: No import gave this id: the item was made here, or imported before sources were kept.
    """
    rows = Provenance.objects.visible_to(actor).filter(dataset_id=dataset_id, first_item_id__lte=item_id)
    row = rows.select_related("upload").order_by("-first_item_id").first()
    if row is None or row.last_item_id < item_id:
        raise NotFound(_("Nothing is known of where this item comes from."))
    return row  # type: ignore[no-any-return]
