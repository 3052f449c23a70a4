"""Deployments: names that answer predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay_client._paging import each
from assay_client._records import Deployment, Prediction
from assay_client._transport import Transport

# What one request of the service takes.
TEXTS_PER_REQUEST = 256


class Deployments:
    """Names that answer predictions, each with a bundle behind it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, bundle_id: int, name: str) -> Deployment:
        """Put an accepted bundle behind a new name.

        Raises:
            Conflict: the bundle was refused by its gate, or the name is taken.
        """
        return Deployment.parse(self._transport.json("POST", "deployments/", body={"bundle": bundle_id, "name": name}))

    def list(self) -> Iterator[Deployment]:
        """Give the deployments, newest first."""
        return each(self._transport, "deployments/", Deployment)

    def get(self, deployment_id: int) -> Deployment:
        """Return one deployment; `raw` has its revisions and its usage by day."""
        return Deployment.parse(self._transport.json("GET", f"deployments/{deployment_id}/"))

    def switch(self, deployment_id: int, bundle_id: int) -> Deployment:
        """Serve another bundle under the same name."""
        body = {"bundle": bundle_id}
        return Deployment.parse(self._transport.json("PATCH", f"deployments/{deployment_id}/", body=body, again=True))

    def rollback(self, deployment_id: int, *, revision: int | None = None) -> Deployment:
        """Serve an earlier bundle again: that of the revision, or the one before."""
        body = {} if revision is None else {"revision": revision}
        return Deployment.parse(self._transport.json("POST", f"deployments/{deployment_id}/rollback/", body=body))

    def stop(self, deployment_id: int) -> None:
        """Stop answering under this name and set the name free."""
        self._transport.json("DELETE", f"deployments/{deployment_id}/")

    def predict(self, deployment: int | str, texts: Sequence[str]) -> Sequence[Prediction]:
        """Return a prediction for each text, in their order; many texts are sent in parts of 256.

        Args:
            deployment: Its number or its slug.
            texts: At most 20,000 characters each; the empty text is fine.

        Raises:
            NotFound: no live deployment has this number or slug.
            TooManyRequests: all places for predictions stayed taken through the retries.
        """
        found = []
        for start in range(0, len(texts), TEXTS_PER_REQUEST):
            body = {"texts": texts[start : start + TEXTS_PER_REQUEST]}
            # A prediction changes nothing, so it may be asked for twice.
            answer = self._transport.json("POST", f"deployments/{deployment}/predict/", body=body, again=True)
            found += [Prediction.parse({**row, "bundle": answer["bundle"]}) for row in answer["predictions"]]
        return found
