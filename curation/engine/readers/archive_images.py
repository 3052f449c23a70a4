"""Pictures in an archive or folder, or one alone: each is an item; its folder or a table beside it says its label."""

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from curation.engine.pictures.decode import BYTE_LIMIT, ODDITIES, PictureError
from curation.engine.pictures.facts import FACTS, as_columns
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of, named_like_picture
from curation.engine.pictures.taking import Picture, take
from curation.engine.readers.archive import MEMBER_LIMIT, Member, archive_kind, list_members, walk
from curation.engine.readers.archive_tables import row_bound
from curation.engine.readers.archive_texts import Layout, is_text_file
from curation.engine.readers.picture_tables import FILE, Listing, Read, Row, Sniff, read_listing, tables_among
from curation.engine.readers.profile import Batch, ReadError, RefusedRow, SourceProfile
from curation.engine.readers.roles import guess_roles

# A batch ends at whichever comes first; its pictures are in memory with their copies.
BATCH_PICTURES, BATCH_BYTES = 500, 64 << 20
# Decoding lets go of Python's lock: two threads decode twice as fast on two cores, and more wait for the archive.
WORKERS = max(2, min(8, os.cpu_count() or 2))
# Files read ahead of the decoding.
_AHEAD, _AHEAD_BYTES = 4 * WORKERS, 64 << 20
_PREVIEW = 20
# The columns of every version with pictures; `image` has the role of that name.
IMAGE = "image"


def is_mostly_pictures(members: list[Member]) -> bool:
    """Say whether an archive is one of pictures: more of them than of tables, and at least half as many as texts."""
    pictures = sum(named_like_picture(member.path) for member in members)
    texts = sum(is_text_file(member) for member in members)
    return pictures > len(tables_among(members)) and 2 * pictures >= texts


@dataclass(slots=True)
class Plan:
    """What an archive of pictures gives: which columns, and what stands in them.

    Attributes:
        listing: What tables say.
        layout: What folders say.
        label: The column of the label, "" when there is none.
        cells: Names of the columns that the folders fill.
    """

    listing: Listing
    layout: Layout
    label: str
    cells: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Return all columns in order."""
        said = [(_free(name), kind) for name, kind in self.listing.fields.items()]
        folders = [(name, pa.string()) for name in self.cells if name]
        return pa.schema([(IMAGE, pa.string()), (FILE, pa.string()), *folders, *said, *FACTS.items()])

    def folders(self, path: str) -> Row:
        """Return what the folders of a picture say."""
        return {name: cell for name, cell in zip(self.cells, self.layout.cells(path), strict=False) if name}

    def rows(self, path: str, picture: Picture) -> Iterator[Row]:
        """Give the rows of one picture: one for each row of a table that names it, and one when none does."""
        facts = as_columns(
            picture.width,
            picture.height,
            picture.format,
            picture.mode,
            len(picture.data),
            picture.measures,
            picture.oddities,
        )
        folders = self.folders(path)
        for said in self.listing.rows.get(path, [{}]):
            named = {_free(name): said.get(name) for name in self.listing.fields}
            yield {IMAGE: picture.sha256, FILE: path, **folders, **named, **facts}


def _free(name: str) -> str:
    """Return a column's name, changed when it is one of ours."""
    return f"{name}_given" if name in {IMAGE, "item_id"} else name


def _plan(path: Path, members: list[Member], sniff: Sniff, read: Read | None, cells: Sequence[str] | None) -> Plan:
    """Make the plan; `cells` are those that the look has settled, so that all that follows has the same columns."""
    tables = tables_among(members)
    others = {member.path for member in tables}
    pictures = [member for member in members if member.path not in others and not _is_beside(member)]
    listing = read_listing(path, [member.path for member in pictures], tables, sniff, read)
    layout = Layout(pictures)
    taken = {name.lower() for name in listing.fields}
    label = "label" if layout.label and not listing.label and "label" not in taken else ""
    split = "split" if layout.split and "split" not in taken else ""
    if cells is None:
        cells = [*([label] if layout.label else []), *([split] if layout.split else [])]
    return Plan(listing, layout, listing.label or label, tuple(cells))


def _is_beside(member: Member) -> bool:
    """Say whether a file is none of the pictures by its name: its folder is no class."""
    return is_text_file(member) or member.is_packed or (not named_like_picture(member.path) and "." in member.name)


def look_at_images(path: Path, profile: SourceProfile, sniff: Sniff) -> list[list[str | None]]:
    """Fill in columns and roles of a profile and return the first pictures as cells; none of an archive is decoded.

    Raises:
        ReadError: ``not_a_picture``, ``picture_too_large``, ``picture_broken`` of a picture that comes alone.
    """
    if not archive_kind(path):
        _check_single(path, profile.file_name)
    members = _members(path, profile, look=True)
    plan = _plan(path, members, sniff, None, None)
    profile.chosen = {"cells": list(plan.cells)}
    # What will be found in the pictures themselves is not there to be shown yet.
    profile.columns = [name for name in plan.schema.names if name not in FACTS and name != IMAGE]
    profile.row_bound = MEMBER_LIMIT if archive_kind(path) == "tar" else len(members)
    profile.row_bound += sum(row_bound(member) for member in tables_among(members))
    rows: list[list[str | None]] = []
    for member in members:
        if member.path in plan.listing.tables or not named_like_picture(member.path):
            continue
        folders = plan.folders(member.path)
        for said in plan.listing.rows.get(member.path, [{}]):
            cells: Row = {FILE: member.path, **folders, **{_free(name): said.get(name) for name in plan.listing.fields}}
            rows.append([None if cells.get(name) is None else str(cells[name]) for name in profile.columns])
        if len(rows) >= _PREVIEW:
            break
    profile.roles, profile.role_reasons = _roles(plan, profile, rows)
    return rows


def _check_single(path: Path, name: str) -> None:
    with path.open("rb") as stream:
        try:
            take(stream.read(BYTE_LIMIT + 1), name)
        except PictureError as error:
            raise ReadError(error.code, error.message) from error


def _roles(plan: Plan, profile: SourceProfile, rows: list[list[str | None]]) -> tuple[dict[str, str], dict[str, str]]:
    said = [_free(name) for name in plan.listing.fields]
    places = [profile.columns.index(name) for name in said]
    guessed, reasons = guess_roles(said, [[row[place] for place in places] for row in rows])
    roles = {IMAGE: IMAGE}
    why = {IMAGE: "The hash of each picture."}
    # The longest column of a list of labels is no text unless its name says so.
    for role in ("text", "id"):
        if role in guessed and reasons[role].startswith("The column is called"):
            roles[role], why[role] = guessed[role], reasons[role]
    if plan.label:
        roles["label"] = _free(plan.label)
        why["label"] = reasons.get("label", "") if plan.listing.label else "The folder of each picture."
    roles.setdefault("id", FILE)
    why.setdefault("id", "The path of each picture.")
    return roles, why


def _members(path: Path, profile: SourceProfile, *, look: bool = False) -> list[Member]:
    if archive_kind(path):
        return list_members(path, look=look)
    return [Member(1, profile.file_name, path.stat().st_size)]


def _walk(path: Path, profile: SourceProfile) -> Iterator[tuple[Member, IO[bytes]]]:
    if archive_kind(path):
        yield from walk(path)
        return
    with path.open("rb") as stream:
        yield Member(1, profile.file_name, path.stat().st_size), stream


def read_images(path: Path, profile: SourceProfile, sniff: Sniff, read: Read) -> Iterator[Batch]:
    """Give one row for each picture; files that are none are refused rows whose line is the file's place.

    Decoding runs in threads beside the reading, in order. Memory is bounded by a batch and by what is read ahead.

    Raises:
        ReadError: ``archive_*``, see `curation.engine.readers.archive.walk`.
    """
    plan = _plan(path, _members(path, profile), sniff, read, profile.chosen.get("cells"))
    for sentence in plan.listing.warnings:
        profile.warn(sentence)
    oddities: Counter[str] = Counter()
    batch = _Collected(plan, refused=list(plan.listing.refused))
    for member, taken in _taken(path, profile, plan):
        if isinstance(taken, Picture):
            batch.add(member, taken)
            oddities.update(taken.oddities)
        else:
            batch.refuse(member, taken)
        if batch.full:
            yield batch.close()
    yield batch.close()
    for code, count in sorted(oddities.items()):
        profile.warn(f"Pictures with the note {code}: {count}. {ODDITIES[code]}")


class _Collected:
    """The rows, refusals and pictures of the batch at hand."""

    def __init__(self, plan: Plan, refused: list[RefusedRow]) -> None:
        self._plan, self._schema = plan, plan.schema
        self._rows: list[Row] = []
        self._refused = refused
        self._pictures: dict[str, Picture] = {}
        self._held = self._read = 0

    @property
    def full(self) -> bool:
        return len(self._rows) + len(self._refused) >= BATCH_PICTURES or self._held >= BATCH_BYTES

    def add(self, member: Member, picture: Picture) -> None:
        self._read += member.size
        self._rows += self._plan.rows(member.path, picture)
        if picture.sha256 not in self._pictures:
            self._pictures[picture.sha256] = picture
            self._held += len(picture.data) + len(picture.view) + len(picture.thumb)

    def refuse(self, member: Member, error: PictureError) -> None:
        self._read += member.size
        self._refused.append(RefusedRow(member.number, error.code, error.message, member.path[:300]))

    def close(self) -> Batch:
        table = pa.table([pa.array(_column(self._rows, entry), entry.type) for entry in self._schema], self._schema)
        batch = Batch(table, self._refused, self._read, tuple(self._pictures.values()))
        self._rows, self._refused, self._pictures, self._held = [], [], {}, 0
        return batch


def _column(rows: list[Row], entry: pa.Field) -> list[Any]:
    values = [row.get(entry.name) for row in rows]
    if pa.types.is_string(entry.type):
        return [value if value is None or isinstance(value, str) else str(value) for value in values]
    return values


def _taken(path: Path, profile: SourceProfile, plan: Plan) -> Iterator[tuple[Member, Picture | PictureError]]:
    """Give each file with its picture or why it gives none, in the archive's order."""
    waiting: deque[tuple[Member, int, Future[Picture | PictureError]]] = deque()
    held = 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures") as pool:
        for member, stream in _walk(path, profile):
            if member.path in plan.listing.tables:
                continue
            data = _read(member, stream)
            while waiting and (len(waiting) >= _AHEAD or held + len(data) > _AHEAD_BYTES):
                done, size, future = waiting.popleft()
                held -= size
                yield done, future.result()
            waiting.append((member, len(data), pool.submit(_take, data, member)))
            held += len(data)
        for done, _size, future in waiting:
            yield done, future.result()


def _read(member: Member, stream: IO[bytes]) -> bytes:
    """Read a file that may be a picture; of another no more than its head."""
    head = stream.read(HEAD_BYTES)
    if not kind_of(head):
        return head
    return head + stream.read(BYTE_LIMIT + 1 - len(head))


def _take(data: bytes, member: Member) -> Picture | PictureError:
    if member.is_packed:
        sentence = "An archive inside an archive is not opened. Unpack it, and pack its files."
        return PictureError("nested_archive", sentence)
    if not kind_of(data[:HEAD_BYTES]) and not named_like_picture(member.path):
        return PictureError("other_file", "This file is no picture, and no table that names pictures.")
    try:
        return take(data, member.name)
    except PictureError as error:
        return error
    except Exception as error:  # noqa: BLE001  (a library may fail in any way; one bad picture must not end an import)
        return PictureError("picture_broken", f"The picture cannot be decoded ({type(error).__name__}). Save it again.")
