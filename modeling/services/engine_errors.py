"""Expected failures of the engine, turned into those that job rows and REST clients show."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import DomainError
from modeling.engine.errors import Cancelled, EngineError
from workers.context import JobContext


@contextmanager
def engine_errors(job: JobContext | None = None) -> Iterator[None]:
    """Turn an `EngineError` of the block into a `DomainError`, and the engine's stop into the job's own.

    Raises:
        JobCancelled, LeaseLost: The engine stopped because the job was cancelled or handed on.
        DomainError: With the engine's code, sentence and facts.
    """
    try:
        yield
    except Cancelled:
        if job is not None:
            job.check()
        raise
    except EngineError as error:
        raise DomainError(error.code, error.detail, **error.facts) from error
