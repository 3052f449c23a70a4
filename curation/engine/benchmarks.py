"""Versions that a plan names beside its input, such as a benchmark that training items must not hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from curation.engine.reader import VersionReader

# In a plan: the content hash of a version; a service also takes the version's number and replaces it by the hash.
CONTENT_HASH = re.compile(r"[0-9a-f]{64}")
VERSION_ID = re.compile(r"[1-9][0-9]{0,17}")


class Benchmarks(Protocol):
    """Where the versions are that a plan names by the hash of their content."""

    def reader(self, content_hash: str) -> VersionReader | None:
        """Return a version, or None when it is not there."""


@dataclass(frozen=True, slots=True)
class OpenedBenchmarks:
    """Versions that were opened before the run.

    Attributes:
        readers: By content hash.
    """

    readers: Mapping[str, VersionReader] = field(default_factory=dict)

    def reader(self, content_hash: str) -> VersionReader | None:
        """Return a version, or None when it is not there."""
        return self.readers.get(content_hash)
