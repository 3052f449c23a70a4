"""Liveness and readiness for load balancers and for the runner."""

from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from kombu import Connection

_migrated = False


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok", "version": settings.ASSAY_VERSION})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    checks = {"database": _database(), "broker": _broker(), "objects": _objects()}
    good = all(value == "ok" for value in checks.values())
    return JsonResponse({"status": "ok" if good else "failing", "checks": checks}, status=200 if good else 503)


def _database() -> str:
    global _migrated  # noqa: PLW0603  (once migrated, a process stays migrated)
    try:
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        else:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok" if _migrated else "migrations are missing: run manage.py migrate"


def _broker() -> str:
    options: dict[str, Any] = {"connect_timeout": 2, "transport_options": {"socket_timeout": 2, "max_retries": 0}}
    try:
        with Connection(settings.ASSAY_BROKER_URL, **options) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # noqa: BLE001  (each transport raises its own classes; all mean the same here)
        return f"unreachable: {type(error).__name__}"
    return "ok"


def _objects() -> str:
    try:
        default_storage.exists("ready")
    except OSError as error:
        return f"unreachable: {error.strerror}"
    return "ok"
