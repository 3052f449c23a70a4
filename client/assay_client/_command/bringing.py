"""A labeled file on its way into a project: sent, imported, its answers brought, and told what came of it."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay_client._command.session import Session
from assay_client._exceptions import NotFound
from assay_client._records import Job

# What is counted there and here, in the order of telling: our name, theirs, the words.
_COUNTED = (
    ("items", "tasks", "items"),
    ("answers", "answers", "answers"),
    ("skipped", "skipped", "skipped"),
    ("suggestions", "predictions", "predictions"),
    ("people", "people", "people"),
)


@dataclass(frozen=True)
class Brought:
    """What became of a file.

    Attributes:
        name: Of the project.
        upload: Number of the file.
        result: Of the job that made the project, with that of the job that brought the answers as ``answers``.
    """

    name: str
    upload: int
    result: dict[str, Any]

    @property
    def here(self) -> dict[str, int]:
        """How much there is here, by kind."""
        return {
            "items": self.result["items"],
            **{name: self.result["answers"].get(name, 0) for name, _t, _w in _COUNTED[1:]},
        }

    def words(
        self,
        session: Session,
        *,
        there: Mapping[str, int] | None = None,
        lost: Mapping[str, int] | None = None,
        losses: Path | None = None,
        tool: str = "",
    ) -> str:
        """Say what came, beside what there was, and what was left out."""
        here, known = self.here, there or {}
        place = session.link(f"projects/{self.result['project']}/")
        lines = [f"Project {self.result['project']} ({self.name}): {place}"]
        for name, theirs, word in _COUNTED:
            if theirs in known or here[name]:
                counted = f"{here[name]:,}" + (f" of {known[theirs]:,} in {tool}" if theirs in known else "")
                lines.append(f"  {word:<12}{counted}")
        decided = self.result["answers"].get("decided", 0)
        lines += [f"  {'decided':<12}{decided:,}"] if decided else []
        gone = Counter(self.result["losses"]) + Counter(dict(lost or {}))
        if gone:
            codes = ", ".join(f"{code} {count:,}" for code, count in sorted(gone.items()))
            more = "" if losses else "; --losses FILE.csv lists them"
            lines.append(f"Left out or changed: {sum(gone.values()):,} ({codes}){more}")
        if self.result["answers"].get("refused"):
            lines.append(f"Answers that fit no question: {self.result['answers']['refused']:,}")
        return "\n".join(lines)

    def save_losses(self, session: Session, path: Path) -> None:
        """Write the service's list; nothing where it is empty."""
        if self.result["losses"]:
            session.client.uploads.save_refused(self.upload, path)

    def losses(self, session: Session) -> list[dict[str, str]]:
        """Return the service's list of what was left out or changed, and of answers that fit no question."""
        rows = []
        if self.result["losses"]:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "losses.csv"
                try:
                    session.client.uploads.save_refused(self.upload, path)
                except NotFound:
                    return []
                with path.open(encoding="utf-8-sig", newline="") as lines:
                    rows = [
                        {"where": row["raw"], "code": row["code"], "reason": row["reason"]}
                        for row in csv.DictReader(lines)
                    ]
        for row in self.result["answers"].get("named", []):
            rows.append({"where": f"item {row['item']}", "code": "answer_unfit", "reason": str(row["reason"])})
        return rows


def _nothing(**more: Any) -> None:
    """Keep nothing."""


def bring(
    session: Session,
    source: Path | Callable[[], Path],
    name: str,
    *,
    dataset: str = "",
    file_format: str = "",
    state: Mapping[str, Any] | None = None,
    keep: Callable[..., None] = _nothing,
) -> Brought:
    """Send a file, make a project of it and wait for everybody's answers.

    Args:
        session: The call.
        source: File, archive or folder; or what makes it, which is called only when it was not sent yet.
        name: Of the project.
        dataset: Name of the dataset; that of the project by default.
        file_format: As the service names it; found by content when empty.
        state: What an interrupted call had done: ``upload``, ``job``, at which ``service``.
        keep: Notes these for the next call.
    """
    client = session.client
    known = state or {}
    if known.get("service") != client.base_url:
        known = {}
        keep(service=client.base_url, upload=None, job=None)
    upload = known.get("upload")
    if upload is None:
        place = client.datasets.ensure(dataset or name)
        archive = source if isinstance(source, Path) else source()
        with _as_file(archive) as file, session.out.meter(f"Sending {file.name}") as meter:
            upload = client.uploads.send(place.id, file, on_progress=meter.bytes).id
        keep(upload=upload)
    job = client.jobs.get(known["job"]) if known.get("job") else None
    if job is None or (job.state in ("failed", "cancelled")):
        job = client.uploads.start_project(upload, name, file_format=file_format)
        keep(job=job.id)
    made = dict(session.wait(job, "Importing").result or {})
    answers = session.wait(_answers(session, made), "Taking answers").result or {}
    return Brought(name, upload, {**made, "name": name, "answers": answers})


def _answers(session: Session, made: Mapping[str, Any]) -> Job:
    """Return the job that brings the answers; one that failed before is sent again."""
    job = session.client.jobs.get(made["answers_job"])
    return session.client.jobs.retry(job.id) if job.state in ("failed", "cancelled") else job


@contextmanager
def _as_file(source: Path) -> Iterator[Path]:
    """Give a folder as one archive."""
    if source.is_file():
        yield source
        return
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / f"{source.resolve().name or 'folder'}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(source.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    archive.write(path, path.relative_to(source).as_posix())
        yield packed
