"""What a version consists of, in a form that fits a JSON column."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a version.

    Attributes:
        name: File name inside the folder it was written to.
        sha256: Hash of the file's bytes; its name in an object store.
        rows: Rows in the file.
        bytes: Size of the file.
        groups: For each row group its row count and, when there is a label column with few labels, rows per label.
    """

    name: str
    sha256: str
    rows: int
    bytes: int
    groups: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class VersionManifest:
    """Parts, columns, roles and computed figures of a version.

    Attributes:
        parts: Files in row order.
        columns: Name and type of each column, in order; ``item_id`` is first.
        roles: Which column is the ``text``, the ``label``, the ``id``, the ``image`` (SHA-256 of the original bytes);
            a role that nothing plays is left out.
        content_hash: SHA-256 over columns, values and order; the same whatever the parts.
        row_count: Rows in all parts.
        stats: ``nulls`` per column; ``labels`` as [[label, rows], …], most frequent first, at most 1,000;
            ``text_length`` as {edges, counts}, in code points.
        encoders: What `curation.engine.encoders.apply_encoders` needs to bring new rows to the form of this version;
            part of the content hash when there are any.
    """

    parts: tuple[Part, ...]
    columns: tuple[tuple[str, str], ...]
    roles: dict[str, str]
    content_hash: str
    row_count: int
    stats: dict[str, Any] = field(default_factory=dict)
    encoders: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and dicts."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        parts = tuple(Part(**{**part, "groups": tuple(part.get("groups", ()))}) for part in data["parts"])
        columns = tuple((name, kind) for name, kind in data["columns"])
        hashed = data["content_hash"], data["row_count"], data["stats"]
        return cls(parts, columns, dict(data["roles"]), *hashed, tuple(data.get("encoders", ())))
