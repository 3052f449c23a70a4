"""Room on the disk for a search whose shingles do not fit memory, and who works there. Loads no compiler."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Bytes for shingles when nobody says otherwise: about 16 million short texts.
MEMORY = 2 << 30


class Shards(Protocol):
    """Whoever does the shards of a stage: this process, or the workers of a service."""

    def run(self, folder: Path, stage: str, count: int) -> None:
        """Return when the shards 0 to `count` - 1 of a stage are done."""


@dataclass(frozen=True, slots=True)
class Space:
    """Where a search may go on when its shingles do not fit memory.

    Attributes:
        folder: For its files; it must stay until the result is not needed any more. A search that was cut off goes on
            from there.
        memory: Bytes for shingles, in this process and in each that does shards.
        shards: Who does the shards; this process, one after the other, when None.
        source: What tells this input from others that may use the folder: with another one a search is begun anew.
        check: Called now and then; raises to stop.
    """

    folder: Path
    memory: int = MEMORY
    shards: Shards | None = None
    source: str = ""
    check: Callable[[], None] = lambda: None

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)
