"""What is to be predicted: the texts, rows, pairs or pictures of a file or folder, each with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.data import Pair
from modeling.engine.errors import BadData
from modeling.engine.reading.tables import need_columns, read_rows

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def read_inputs(path: Path, kind: str, text: str, notes: list[str]) -> tuple[list[str], list[Any]]:
    """Return names and inputs of a kind: `text`, `picture`, `row` or `pair`.

    Rows are named by their column `id`, else by their number; pictures by their path in the folder.

    Raises:
        BadData: the file cannot be read as this kind.
    """
    if kind == "picture":
        if not path.is_dir():
            raise BadData(f"{path} is not a folder; pictures are predicted by folder.")
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES)
        return [file.relative_to(path).as_posix() for file in files], list(files)
    rows = read_rows(path, notes)
    names = [str(row.get("id", number)) for number, row in enumerate(rows)]
    if kind == "row":
        return names, list(rows)
    if kind == "pair":
        need_columns(path, rows, ("prompt", "first", "second"))
        return names, [Pair(str(row["prompt"]), str(row["first"]), str(row["second"])) for row in rows]
    need_columns(path, rows, (text,))
    kept = [(name, row[text]) for name, row in zip(names, rows, strict=True) if isinstance(row.get(text), str)]
    return [name for name, _ in kept], [value for _, value in kept]
