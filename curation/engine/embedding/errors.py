"""The errors that engines above this package raise on purpose; each carries a stable code and a sentence for people."""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """An expected failure: `code` is stable, `detail` says what is wrong and how to mend it, `facts` are JSON-ready."""

    code = "engine_error"

    def __init__(self, detail: str, *, code: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.facts = facts


class Cancelled(EngineError):
    """The caller's `cancelled()` answered true; what was stored so far stays usable."""

    code = "cancelled"


class ModelFolderUnusable(EngineError):
    """A model folder is not what it should be; the sentence says which file, and how to mend it."""

    code = "model_folder_unusable"
