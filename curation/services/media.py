"""Pictures in the object store: kept by the hash of their bytes, never twice, and shown only as clean copies."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import get_ident

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import NotFound
from curation.engine.pictures.decode import PictureError, decode
from curation.engine.pictures.kinds import HEAD_BYTES, MEDIA_TYPES, kind_of
from curation.engine.pictures.taking import VIEW_SIDE, copies
from curation.engine.pictures.taking import Picture as TakenPicture
from curation.engine.reader import VersionReader
from curation.models import Picture, Version
from curation.services.version import open_objects

KINDS = ("thumb", "view")
# An import that stored a picture has committed its version, or has stored it again, within this time.
FRESH = timedelta(days=7)


def original_key(organization_id: int, sha256: str) -> str:
    """Return the object key of an original."""
    return objects.key("pictures", organization_id, sha256[:2], sha256)


def copy_key(organization_id: int, sha256: str, kind: str) -> str:
    """Return the object key of a copy that is shown: ``view`` or ``thumb``."""
    return objects.key("copies", organization_id, sha256[:2], f"{sha256}-{kind}")


def store_pictures(*, organization_id: int, pictures: Sequence[TakenPicture]) -> None:
    """Store originals that are not there yet, durably, and their copies, which can be made again.

    The rows go first: garbage collection deletes a row before its object and in one transaction, so whoever brings the
    picture at that moment waits, finds no object, and stores it again.
    """
    now = timezone.now()
    rows = [
        Picture(
            organization_id=organization_id, sha256=one.sha256, byte_count=len(one.data), format=one.format, used_at=now
        )
        for one in sorted(pictures, key=lambda one: one.sha256)
    ]
    with transaction.atomic():
        Picture.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["organization", "sha256"], update_fields=["used_at"]
        )
    originals = {original_key(organization_id, one.sha256): one.data for one in pictures}
    objects.put_many({name: data for name, data in originals.items() if not objects.exists(name)})
    shown = {copy_key(organization_id, one.sha256, "view"): one.view for one in pictures}
    shown |= {copy_key(organization_id, one.sha256, "thumb"): one.thumb for one in pictures if one.thumb}
    objects.put_many({name: data for name, data in shown.items() if not objects.exists(name)}, durable=False)


def hashes_of(reader: VersionReader) -> pa.Array:
    """Return the hashes of all pictures of a version, each once, as large strings."""
    column = reader.manifest.roles.get("image")
    found = pa.array([], pa.large_string())
    if column is None or not reader.paths:
        return found
    for batch in reader.batches(columns=[column], batch_rows=100_000):
        some = pc.unique(pc.drop_null(pc.cast(batch.column(0), pa.large_string())))
        found = pc.unique(pa.concat_arrays([found, some]))
    return found


class StoredMedia:
    """The pictures of an organization as `curation.engine.media.Media`.

    Where the object store is on this machine, its own files are given; else they are fetched into a folder that is
    there as long as the media is open.
    """

    def __init__(self, organization_id: int, folder: Path) -> None:
        self._organization, self._folder = organization_id, folder

    def path(self, sha256: str) -> Path | None:
        """Return a local file with the original's bytes, or None."""
        try:
            name = original_key(self._organization, sha256)
        except ValueError:
            return None
        local = objects.file_of(name)
        if local is not None:
            return local if local.exists() else None
        copy = self._folder / sha256
        if not copy.exists():
            try:
                with objects.open(name) as stream:
                    # Two threads may fetch one picture at once: each writes a file of its own.
                    part = copy.with_suffix(f".{get_ident()}")
                    part.write_bytes(stream.read())
                    part.replace(copy)
            except FileNotFoundError:
                return None
        return copy

    def add(self, pictures: Sequence[TakenPicture]) -> None:
        """Store pictures that a step has made; those of a run that fails stay, as those of an import that fails do."""
        if pictures:
            store_pictures(organization_id=self._organization, pictures=pictures)


@contextmanager
def open_media(organization_id: int) -> Iterator[StoredMedia]:
    """Give the pictures of an organization for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="assay-media-") as folder:
        yield StoredMedia(organization_id, Path(folder))


def find_picture(*, actor: Actor, sha256: str) -> Picture:
    """Return a picture of the actor's organization.

    Whoever may see one knows its hash from an item that was shown to them; hashes cannot be guessed.
    """
    picture = Picture.objects.visible_to(actor).filter(sha256=sha256).first()
    if picture is None:
        raise NotFound(_("There is no such picture."))
    return picture  # type: ignore[no-any-return]


def read_copy(*, picture: Picture, kind: str) -> tuple[bytes, str]:
    """Return the bytes and the media type of what is shown of a picture: an sRGB copy, upright, without metadata.

    A copy that was lost is made again from the original.

    Args:
        picture: The picture.
        kind: ``view``, at most 2,048 pixels a side, or ``thumb``, at most 256.
    """
    names = [copy_key(picture.organization_id, picture.sha256, one) for one in dict.fromkeys((kind, "view"))]
    for name in names:
        data = _read(name)
        if data is not None:
            return data
    return _remake(picture, kind)


def _read(name: str) -> tuple[bytes, str] | None:
    """Return a copy that is whole; one that a power cut left empty is as good as none."""
    try:
        with objects.open(name) as stream:
            data = stream.read()
    except FileNotFoundError:
        return None
    kind = MEDIA_TYPES.get(kind_of(data[:HEAD_BYTES]))
    return (data, kind) if kind else None


def _remake(picture: Picture, kind: str) -> tuple[bytes, str]:
    gone = NotFound(_("The file of this picture is gone."))
    try:
        with objects.open(original_key(picture.organization_id, picture.sha256)) as stream:
            view, thumb = copies(decode(stream.read(), side=VIEW_SIDE))
    except (FileNotFoundError, PictureError):
        raise gone from None
    made = {"view": view} | ({"thumb": thumb} if thumb else {})
    names = {copy_key(picture.organization_id, picture.sha256, one): data for one, data in made.items()}
    objects.put_many(names, durable=False)
    data = made.get(kind, view)
    return data, MEDIA_TYPES[kind_of(data)]


def original_url(*, actor: Actor, sha256: str) -> str:
    """Return an address that downloads the original with all its metadata; who asked is in the audit trail."""
    picture = find_picture(actor=actor, sha256=sha256)
    audit.record(actor=actor, action="picture.download", subject=f"picture:{picture.pk}", sha256=sha256)
    name = original_key(picture.organization_id, picture.sha256)
    return objects.signed_url(name, f"{picture.sha256[:16]}.{picture.format.lower()}")


def pictures_only_of(version: Version, living: Iterable[Version]) -> list[str]:
    """Return the hashes of pictures that this version names and no living one does.

    Reads the column of the pictures alone: 100,000 hashes of a version take some 20 ms.

    Args:
        version: The version that goes; its parts are still there.
        living: Those of the organization that stay and have pictures.
    """
    with open_objects(version) as reader:
        mine = hashes_of(reader)
    for other in living:
        if not len(mine):
            break
        with open_objects(other) as reader:
            mine = mine.filter(pc.invert(pc.is_in(mine, value_set=hashes_of(reader))))
    return mine.to_pylist()  # type: ignore[no-any-return]


def fresh_among(organization_id: int, hashes: Sequence[str]) -> bool:
    """Say whether an import brought any of these pictures lately, whose version may not be there yet.

    Locks the rows: from here on whoever brings one waits until the transaction ends.
    """
    rows = Picture.objects.select_for_update().filter(organization_id=organization_id, sha256__in=hashes)
    return any(used > timezone.now() - FRESH for used in rows.order_by("sha256").values_list("used_at", flat=True))


def remove_pictures(*, organization_id: int, hashes: Sequence[str]) -> None:
    """Remove pictures with their copies, in the transaction in which `fresh_among` has locked them."""
    Picture.objects.filter(organization_id=organization_id, sha256__in=hashes).delete()
    for sha256 in hashes:
        for name in keys_of(organization_id, sha256):
            objects.delete(name)


def keys_of(organization_id: int, sha256: str) -> list[str]:
    """Return the object keys of a picture: the original and its copies."""
    return [original_key(organization_id, sha256), *(copy_key(organization_id, sha256, kind) for kind in KINDS)]
