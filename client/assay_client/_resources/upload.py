"""Files on their way in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from assay_client._exceptions import UnexpectedAnswer
from assay_client._records import Job, Upload
from assay_client._resources.download import save_url
from assay_client._transport import Transport

# How long the server may take to look at the head of a file once it has all of it.
UPLOAD_TIMEOUT = 600.0
Progress = Callable[[int, int], None]


class Uploads:
    """Files as they came, and what was found in them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(
        self,
        dataset_id: int,
        path: str | Path,
        *,
        licence: str = "",
        source: str = "",
        consent: str = "",
        collected_on: str = "",
        on_progress: Progress | None = None,
    ) -> Upload:
        """Stream a file to the service; memory does not grow with the file.

        Args:
            dataset_id: Where it belongs.
            path: The file.
            licence: Licence of its content.
            source: Where it came from.
            consent: On what ground it may be used.
            collected_on: The day it was collected, as YYYY-MM-DD.
            on_progress: Called with the bytes sent and the bytes in all.

        Returns:
            The upload; `profile` says format, encoding, columns, guessed roles, first rows and warnings. Nothing is
            imported yet.

        Raises:
            InvalidRequest: the file is empty or too large.
        """
        source_path = Path(path)
        said = {"licence": licence, "source": source, "consent": consent, "collected_on": collected_on}
        data = {name: value for name, value in said.items() if value}
        with source_path.open("rb") as stream:
            watched = WatchedFile(stream, source_path.stat().st_size, on_progress)

            def prepare() -> dict[str, Any]:
                watched.seek(0)
                return {"files": {"file": (source_path.name, cast(IO[bytes], watched))}, "data": data}

            answer = self._transport.json(
                "POST", f"datasets/{dataset_id}/uploads/", prepare=prepare, timeout=UPLOAD_TIMEOUT
            )
        return Upload.parse(answer)

    def get(self, upload_id: int) -> Upload:
        """Return one upload."""
        return Upload.parse(self._transport.json("GET", f"uploads/{upload_id}/"))

    def preview(self, upload_id: int, **options: Any) -> dict[str, Any]:
        """Read the first rows again with other options: format, encoding, delimiter, header, sheet, roles."""
        answer = self._transport.json("POST", f"uploads/{upload_id}/preview/", body=options, again=True)
        return dict(answer)

    def start_project(self, upload_id: int, name: str, *, file_format: str = "") -> Job:
        """Send the job that makes a version and a project of a labeled dataset, with everybody's answers.

        The result of the job names ``project``, ``losses`` by code, and ``answers_job``, which brings the answers.

        Args:
            upload_id: A file as another tool exports it; with pictures an archive that holds them too.
            name: Of the project.
            file_format: Such as ``label_studio``; found by content when empty.

        Raises:
            Conflict: There is a project of this name, or the file is being imported.
        """
        body = {"name": name, "format": file_format}
        return Job.parse(self._transport.json("POST", f"uploads/{upload_id}/project/", body=body))

    def start_import(self, upload_id: int, *, append: bool = False, **options: Any) -> Job:
        """Send the job that makes a version of the upload.

        Args:
            upload_id: The upload.
            append: Add its rows to the newest version, instead of making a version of them alone.
            options: What overrides the profile: format, encoding, delimiter, header, sheet, and roles as a mapping of
                ``text``, ``label`` and ``id`` to column names.
        """
        body = {**options, "append": True} if append else options
        return Job.parse(self._transport.json("POST", f"uploads/{upload_id}/import/", body=body))

    def save_refused(self, upload_id: int, path: str | Path) -> int:
        """Write the refused rows, with line and reason, as CSV; return its bytes.

        Raises:
            NotFound: no row was refused.
        """
        answer = self._transport.json("GET", f"uploads/{upload_id}/refused/")
        if not answer or not answer.get("url"):
            raise UnexpectedAnswer("The server gave no address for the refused rows.")
        return save_url(self._transport, answer["url"], path)


class WatchedFile:
    """A file that tells how much of it was read."""

    def __init__(self, stream: IO[bytes], total: int, on_progress: Progress | None) -> None:
        self._stream = stream
        self._total = total
        self._on_progress = on_progress

    def read(self, size: int = -1) -> bytes:
        """Read on, and tell."""
        data = self._stream.read(size)
        if self._on_progress:
            self._on_progress(self._stream.tell(), self._total)
        return data

    def __iter__(self) -> WatchedFile:
        return self

    def __next__(self) -> bytes:
        """Give the next 64 kB; httpx asks for these."""
        data = self.read(1 << 16)
        if not data:
            raise StopIteration
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as a file does."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def fileno(self) -> int:
        """Return the descriptor, from which httpx learns the size."""
        return self._stream.fileno()
