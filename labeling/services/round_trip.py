"""Several statements in one round trip and one transaction, planned once for each connection."""

from typing import Any

import psycopg
import structlog
from django.db import OperationalError, connection

log = structlog.get_logger(__name__)

Statement = tuple[str, dict[str, Any]]
# The database ends one of those who wait for each other; all that one did is undone, so it is done again.
TRIES = 4


def in_one_trip(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Run statements one after the other and return the rows of each.

    Outside a transaction they are one of their own: all take effect or none does. The server keeps their plans, since
    planning the long ones costs it more than running them.

    Raises:
        django.db.Error: A statement failed; nothing of the trip stays.
    """
    for _try in range(TRIES - 1):
        try:
            return _trip(statements)
        except OperationalError as error:
            if not may_try_again(error):
                raise
            log.warning("deadlock", statements=len(statements))
    return _trip(statements)


def may_try_again(error: OperationalError) -> bool:
    """Tell whether the database ended us in a deadlock, and nothing else was done in the same transaction."""
    return not connection.in_atomic_block and isinstance(error.__cause__, psycopg.errors.DeadlockDetected)


def _trip(statements: tuple[Statement, ...]) -> list[list[tuple[Any, ...]]]:
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0
    if connection.queries_logged:
        connection.queries_log.append({"sql": ";".join(sql for sql, _values in statements), "time": "0"})
    with connection.wrap_database_errors, raw.pipeline():
        cursors = [psycopg.Cursor(raw).execute(sql, values) for sql, values in statements]
        return [cursor.fetchall() for cursor in cursors]
