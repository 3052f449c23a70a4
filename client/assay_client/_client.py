"""The client: one connection to one service with one token."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

from assay_client._records import Me
from assay_client._resources.annotation import Annotations
from assay_client._resources.assignment import Assignments
from assay_client._resources.bulk import Bulks
from assay_client._resources.bundle import Bundles
from assay_client._resources.check import Checks
from assay_client._resources.comment import Comments, Reviews
from assay_client._resources.compression import Compressions
from assay_client._resources.dataset import Datasets
from assay_client._resources.deployment import Deployments
from assay_client._resources.erasure import Erasures
from assay_client._resources.export import Exports
from assay_client._resources.gold import Golds
from assay_client._resources.job import Jobs
from assay_client._resources.project import Projects
from assay_client._resources.quality import Quality, Rules
from assay_client._resources.run import Runs
from assay_client._resources.source import Sources
from assay_client._resources.suggestion import Suggestions
from assay_client._resources.training import Trainings
from assay_client._resources.upload import Uploads
from assay_client._resources.version import Versions
from assay_client._transport import Transport


class Client:
    """Talks to an Assay service.

    Requests that can be done twice are sent again after a broken connection and after 502, 503 and 504; any request is
    sent again when nobody answered or after 429. Pauses double and honour Retry-After.

    Args:
        base_url: Address of the service, such as ``https://assay.example.com``.
        token: An API token, made in the profile page.
        timeout: Seconds for an answer to begin.
        retries: How often a request is sent again.
        sleep: How to pause; for tests and event loops.
        transport: Another httpx transport, such as one with a proxy or its own certificates.

    Attributes:
        datasets, uploads, sources, erasures, versions, runs, projects, assignments, golds, suggestions, exports,
            quality, rules, bulks, annotations, comments, reviews, jobs, trainings, checks, compressions, bundles,
            deployments: one for each noun of the service.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        timeout: float = 30.0,
        retries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(base_url, token, timeout=timeout, retries=retries, sleep=sleep, transport=transport)
        self.base_url = self._transport.root
        self.jobs = Jobs(self._transport, sleep)
        self.datasets = Datasets(self._transport)
        self.uploads = Uploads(self._transport)
        self.sources = Sources(self._transport)
        self.erasures = Erasures(self._transport)
        self.versions = Versions(self._transport, self.jobs)
        self.runs = Runs(self._transport)
        self.projects = Projects(self._transport)
        self.assignments = Assignments(self._transport)
        self.golds = Golds(self._transport)
        self.suggestions = Suggestions(self._transport)
        self.exports = Exports(self._transport, self.jobs)
        self.quality = Quality(self._transport)
        self.rules = Rules(self._transport)
        self.bulks = Bulks(self._transport)
        self.annotations = Annotations(self._transport)
        self.comments = Comments(self._transport)
        self.reviews = Reviews(self._transport)
        self.trainings = Trainings(self._transport)
        self.compressions = Compressions(self._transport)
        self.checks = Checks(self._transport)
        self.bundles = Bundles(self._transport)
        self.deployments = Deployments(self._transport)

    def me(self) -> Me:
        """Return who the token acts for."""
        return Me.parse(self._transport.json("GET", "me/"))

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None) -> Any:
        """Send any request below `/api/v1/` and return its JSON, for routes that have no method here."""
        return self._transport.json(method, path, params=params, body=body)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
