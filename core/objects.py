"""The one door to the object store, and the one resolver of its keys."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from django.core import signing
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

_part = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,150}")
SIGNED_URL_SECONDS = 3600
_signer = signing.TimestampSigner(salt="core.objects")


def key(*parts: str | int) -> str:
    """Join parts to a key; a part that could leave its folder is refused."""
    words = [str(part) for part in parts]
    for word in words:
        if not _part.fullmatch(word) or ".." in word:
            raise ValueError(f"not a key part: {word!r}")
    return "/".join(words)


def put_file(path: Path, name: str) -> str:
    """Store a file under exactly this key. An object that is there already is replaced whole or left as it is."""
    with path.open("rb") as stream:
        return _put(File(stream), name)


def put_bytes(data: bytes, name: str) -> str:
    return _put(ContentFile(data), name)


def put_many(contents: Mapping[str, bytes], *, durable: bool = True) -> None:
    """Store many small objects, all on disk when this returns; without `durable` for what can be made again.

    Eight files are written at once: on the disk this was measured on, one takes 8 ms by itself and 0.5 ms so.
    """
    places = {name: _local(name) for name in contents}
    if any(place is None for place in places.values()):
        for name, data in contents.items():
            put_bytes(data, name)
        return
    folders = {place.parent for place in places.values() if place is not None}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)

    def write(name: str) -> None:
        place = places[name]
        assert place is not None
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".part-", delete=False) as part:
            part.write(contents[name])
            part.flush()
            if durable:
                os.fsync(part.fileno())
        Path(part.name).replace(place)

    with ThreadPoolExecutor(8, thread_name_prefix="objects") as pool:
        for _done in pool.map(write, contents):
            pass
        if durable:
            for _done in pool.map(sync_folder, folders):
                pass


def _put(content: Any, name: str) -> str:
    folder = _local(name)
    if folder is None:
        if default_storage.exists(name):
            default_storage.delete(name)
        return default_storage.save(name, content)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A reader never sees half an object, and a crash leaves only a temporary file behind. A row that names the object
    # is committed to disk, so the object has to be there too when the power goes.
    with tempfile.NamedTemporaryFile(dir=folder.parent, prefix=".part-", delete=False) as part:
        try:
            for chunk in content.chunks(1 << 20):
                part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
        except BaseException:
            # On a full disk the half that was written is what others need.
            Path(part.name).unlink()
            raise
    Path(part.name).replace(folder)
    sync_folder(folder.parent)
    return name


def sync_folder(folder: Path) -> None:
    """Make a folder's new names outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open(name: str) -> BinaryIO:  # noqa: A001  (the door is used as objects.open)
    return default_storage.open(name, "rb")  # type: ignore[return-value]


@contextmanager
def local_path(name: str) -> Iterator[Path]:
    """Give a real path to read; a remote object is fetched to a temporary file for the time of the block."""
    path = _local(name)
    if path is not None:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as copy, default_storage.open(name, "rb") as stream:
        for chunk in stream.chunks(1 << 20):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def file_of(name: str) -> Path | None:
    """Return where an object lies on this machine, whether it is there or not; None when the store is elsewhere."""
    return _local(name)


def exists(name: str) -> bool:
    return default_storage.exists(name)


def size(name: str) -> int:
    return default_storage.size(name)


def delete(name: str) -> None:
    default_storage.delete(name)


def names_in(folder: str) -> list[str]:
    """Return the keys of all objects right under a folder, in order; none when it is not there."""
    try:
        _folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{name}" for name in sorted(files) if _part.fullmatch(name)]


def signed_url(name: str, file_name: str) -> str:
    """Return an address that works for an hour and downloads the object under this file name."""
    if _local(name) is None:
        return default_storage.url(name)
    return reverse("object", args=[_signer.sign_object([name, file_name])])


def read_signature(token: str) -> tuple[str, str]:
    """Return key and file name of a signed address, or raise `signing.BadSignature`."""
    name, file_name = _signer.unsign_object(token, max_age=SIGNED_URL_SECONDS)
    return name, file_name


def disposition(file_name: str) -> str:
    """Return a Content-Disposition value that no file name can break out of."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", file_name) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _local(name: str) -> Path | None:
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None
