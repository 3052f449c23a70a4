"""The working folder of a migration: what was had stays there, so that an interrupted one goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from assay_client._command.exits import UsageProblem

STATE, LOSSES, PAGES, MEDIA = "state.json", "losses.jsonl", "pages", "media"
# Their bytes are packed already.
_PACKED = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".zip", ".avif", ".mp3", ".mp4"})
Row = dict[str, Any]


class Folder:
    """A folder with pages of rows, files, a state and a list of losses; every write is whole or not there.

    Args:
        place: Where it is, or is made; only its owner may look into it.
        source: What is taken: tool, address and number. A folder of something else is refused.
        afresh: Throw away what is in it.

    Attributes:
        state: What is known so far; `keep` writes it.
        people: What people of the old tool are called here, by their names there.
        went_on: Whether something was there already.

    Raises:
        UsageProblem: The folder holds something else, or cannot be written.
    """

    def __init__(self, place: Path, source: Row, *, afresh: bool = False) -> None:
        self.place = place
        self.people: dict[str, str] = {}
        try:
            if afresh and (place / STATE).is_file():
                shutil.rmtree(place)
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            state = json.loads((place / STATE).read_text()) if (place / STATE).is_file() else {}
            if not state and any(place.iterdir()):
                raise UsageProblem(f"{place} holds something else. Name an empty --folder.")
            if state and state.get("source") != source:
                raise UsageProblem(f"{place} belongs to {state.get('source')}. Name another --folder, or say --afresh.")
            (place / PAGES).mkdir(exist_ok=True)
            (place / MEDIA).mkdir(exist_ok=True)
            self.went_on = bool(state)
            self.state: Row = state or {"source": source}
            self._lost = {(row["where"], row["code"]): row for row in _rows(place / LOSSES)}
            self.keep()
        except (OSError, ValueError, KeyError) as error:
            raise UsageProblem(f"{place} cannot be used as the working folder: {error}") from None

    def keep(self, **more: Any) -> None:
        """Add to the state and write it."""
        self.state.update(more)
        _write(self.place / STATE, json.dumps(self.state, ensure_ascii=False))

    def lose(self, where: str, code: str, reason: str) -> None:
        """Note what is left out or changed; the same is noted once."""
        if (where, code) not in self._lost:
            row = {"where": where, "code": code, "reason": reason}
            self._lost[where, code] = row
            with (self.place / LOSSES).open("a", encoding="utf-8") as sink:
                sink.write(json.dumps(row, ensure_ascii=False) + "\n")

    @property
    def losses(self) -> list[Row]:
        """What was noted."""
        return list(self._lost.values())

    @property
    def lost(self) -> Counter[str]:
        """How much was noted, by code."""
        return Counter(row["code"] for row in self._lost.values())

    def person(self, name: Any) -> str:
        """Return what somebody is called here."""
        return self.people.get(str(name), str(name))

    @property
    def holds_something(self) -> bool:
        """Tell whether there is anything that an interrupted call need not take again."""
        return any((self.place / PAGES).iterdir()) or any(self.place.glob("*.zip"))

    def has_page(self, name: str) -> bool:
        """Tell whether a page was had."""
        return (self.place / PAGES / f"{name}.jsonl").is_file()

    def write_page(self, name: str, rows: Iterable[Row]) -> None:
        """Write a page."""
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        _write(self.place / PAGES / f"{name}.jsonl", "".join(lines))

    def page(self, name: str) -> Iterator[Row]:
        """Give the rows of a page."""
        yield from _rows(self.place / PAGES / f"{name}.jsonl")

    def rows(self) -> Iterator[Row]:
        """Give the rows of all pages in the order of their names; one whose ``id`` was given already is passed over."""
        known: set[Any] = set()
        for path in sorted((self.place / PAGES).glob("*.jsonl")):
            for row in _rows(path):
                if row.get("id") not in known:
                    known.add(row.get("id"))
                    yield row

    def media(self, *parts: str) -> tuple[str, Path]:
        """Return the name in the archive and the place of a file, with letters that every file system and URL takes."""
        name = "/".join([MEDIA, *(_plain(part) for part in parts)])
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return name, path

    def pack(self, name: str, texts: dict[str, Iterable[str]], *, folders: Iterable[str] = (MEDIA,)) -> Path:
        """Write the archive and return its place.

        Args:
            name: Of the archive.
            texts: Members that are written from pieces of text.
            folders: Folders whose files go in.
        """
        target = self.place / f"{_plain(name)}.zip"
        draft = target.with_suffix(".part")
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for member, pieces in texts.items():
                with archive.open(member, "w", force_zip64=True) as sink:
                    for piece in pieces:
                        sink.write(piece.encode())
            for folder in folders:
                for path in sorted((self.place / folder).rglob("*")):
                    if path.is_file() and not path.is_symlink() and not path.name.endswith(".part"):
                        packed = zipfile.ZIP_STORED if path.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
                        archive.write(path, path.relative_to(self.place).as_posix(), compress_type=packed)
        draft.replace(target)
        return target

    def join(self, name: str, texts: dict[str, Iterable[str]], parts: dict[str, Path]) -> Path:
        """Write an archive of texts and of other archives, each below a folder of its own, and return its place."""
        target = self.place / f"{_plain(name)}.zip"
        draft = target.with_suffix(".part")
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for member, pieces in texts.items():
                archive.writestr(member, "".join(pieces))
            for folder, part in parts.items():
                with zipfile.ZipFile(part) as source:
                    for row in source.infolist():
                        if row.is_dir():
                            continue
                        # Packed as it was: pictures are packed by themselves.
                        entry = zipfile.ZipInfo(f"{folder}/{row.filename}")
                        entry.compress_type = row.compress_type
                        with source.open(row) as stream, archive.open(entry, "w", force_zip64=True) as sink:
                            shutil.copyfileobj(stream, sink, 1 << 20)
        draft.replace(target)
        return target

    def write_losses(self, target: Path, more: Iterable[Row]) -> int:
        """Write what was noted here and what the service noted as one CSV for spreadsheets; return how many rows."""
        rows = [*({**row, "step": "taking"} for row in self.losses), *({**row, "step": "importing"} for row in more)]
        with target.open("w", encoding="utf-8-sig", newline="") as sink:
            writer = csv.writer(sink)
            writer.writerow(["step", "where", "code", "reason"])
            for row in rows:
                writer.writerow([row["step"], _harmless(row["where"]), row["code"], _harmless(row["reason"])])
        return len(rows)

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.place, ignore_errors=True)


def _plain(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name).lstrip(".") or "file"
    stem, dot, ending = kept.rpartition(".")
    return kept if len(kept.encode()) <= 120 else _cut(stem or ending, 100) + (dot + ending[:12] if stem else "")


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _rows(path: Path) -> Iterator[Row]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                # The last line of a list that is added to may be cut off; what it said is noted again.
                continue


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as sink:
        sink.write(text)
        _to_disk(sink)
    draft.replace(path)


def _to_disk(sink: IO[str]) -> None:
    sink.flush()
    os.fsync(sink.fileno())
