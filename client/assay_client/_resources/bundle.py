"""Bundles: exported, quantized, self-describing models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assay_client._exceptions import UnexpectedAnswer
from assay_client._paging import each
from assay_client._records import Bundle, Job
from assay_client._resources.download import save_url
from assay_client._transport import Transport


class Bundles:
    """Exported models with what their accuracy gate measured."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def export(self, model_id: int, *, limit_points: float | None = None) -> tuple[Bundle, Job]:
        """Send the job that makes an int8 bundle of a model.

        Args:
            model_id: The model, as `Training.model` names it.
            limit_points: How many points of macro-F1 (0 to 100) it may lose against the float model; the service's
                default when left out. The job succeeds also when the gate refuses: look at `Bundle.state`.
        """
        body = {"model": model_id} | ({} if limit_points is None else {"limit_points": limit_points})
        answer = self._transport.json("POST", "bundles/", body=body)
        return Bundle.parse(answer["bundle"]), Job.parse(answer["job"])

    def list(self, *, model: int | None = None, state: str | None = None) -> Iterator[Bundle]:
        """Give the bundles, newest first."""
        return each(self._transport, "bundles/", Bundle, {"model": model, "state": state})

    def get(self, bundle_id: int) -> Bundle:
        """Return one bundle."""
        return Bundle.parse(self._transport.json("GET", f"bundles/{bundle_id}/"))

    def verify(self, bundle_id: int) -> dict[str, Any]:
        """Let the service hash the stored bundle again and return what it found."""
        return dict(self._transport.json("GET", f"bundles/{bundle_id}/verify/"))

    def key(self) -> dict[str, str]:
        """Return the public key by which the service signs: algorithm, key (base64), pem, fingerprint."""
        return dict(self._transport.json("GET", "bundles/key/"))

    def download(
        self, bundle_id: int, path: str | Path, *, on_progress: Callable[[int, int], None] | None = None
    ) -> int:
        """Write an accepted bundle as one zip file and return its bytes.

        Raises:
            UnexpectedAnswer: what arrived does not hash to what the service recorded; the file is removed.
        """
        answer = self._transport.json("GET", f"bundles/{bundle_id}/download/")
        size = save_url(self._transport, answer["url"], path, on_progress)
        with Path(path).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if answer.get("sha256") not in {None, "", digest}:
            Path(path).unlink()
            raise UnexpectedAnswer(f"The bundle arrived damaged: its hash is {digest}, not {answer['sha256']}.")
        return size
