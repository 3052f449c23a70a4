"""Several statements in one round trip and one transaction, planned once for each connection."""

from typing import Any

import psycopg
from django.db import connection

Statement = tuple[str, dict[str, Any]]


def in_one_trip(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Run statements one after the other and return the rows of each.

    Outside a transaction they are one of their own: all take effect or none does. The server keeps their plans, since
    planning the long ones costs it more than running them.

    Raises:
        django.db.Error: A statement failed; nothing of the trip stays.
    """
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0
    if connection.queries_logged:
        connection.queries_log.append({"sql": ";".join(sql for sql, _values in statements), "time": "0"})
    with connection.wrap_database_errors, raw.pipeline():
        cursors = [psycopg.Cursor(raw).execute(sql, values) for sql, values in statements]
        return [cursor.fetchall() for cursor in cursors]
