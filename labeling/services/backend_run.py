"""Asking a project's server for suggestions, by Label Studio's ML backend protocol."""

import base64
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core import objects
from core.errors import DomainError
from curation.engine.url_guard import Limits, UrlRefused, exchange
from curation.services.media import copy_key
from labeling.engine.label_studio.results import ResultError, read_prediction
from labeling.engine.label_studio.tags import labeling_config
from labeling.engine.schema import AnswerError, Schema, parse_schema, validate_answer
from labeling.models import Backend, BackendState, Project, Task
from labeling.services.backend import backend_of_job, password_of, problem_of
from labeling.services.suggestion import LONGEST_SOURCE, Suggested, store_suggestions
from workers.context import JobContext

# Tasks of one request: enough for a model to work in a batch, few enough to be computed within its time.
BATCH = 25
# Label Studio's own time limits are 1 s for health, 3 s for setup and 100 s for predict; the first two are short for a
# server that wakes up.
SHORT, LONG = 15.0, 100.0
# A prediction of 10,000 polygons is some 5 MB.
MOST_BYTES = 64 << 20
# Pauses in seconds before a request is sent again.
PAUSES = (1.0, 4.0)
# The job's result names this many answers that do not fit.
NAMED = 20

# Known answers are asked for too: where suggestions are shown, a task without one would stand out.
_WAITING = """
WITH fresh AS (
  SELECT t.id FROM labeling_task t
  WHERE t.project_id = %(project)s AND t.open_slots > 0 AND t.returned_at IS NULL
    AND NOT EXISTS (SELECT FROM labeling_suggestion s WHERE s.task_id = t.id AND s.source = %(source)s)
  ORDER BY t.rank, t.id LIMIT %(most)s),
others AS (
  SELECT t.id FROM labeling_task t
  WHERE t.project_id = %(project)s AND (t.is_gold OR (t.open_slots > 0 AND t.returned_at IS NOT NULL))
    AND NOT EXISTS (SELECT FROM labeling_suggestion s WHERE s.task_id = t.id AND s.source = %(source)s)
  ORDER BY t.id LIMIT %(most)s)
SELECT id FROM others UNION ALL SELECT id FROM fresh
"""


@dataclass(slots=True)
class _Asked:
    """What a run came to so far."""

    asked: int = 0
    stored: int = 0
    nothing: int = 0
    misfits: int = 0
    named: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Server:
    """Where requests go, and what every one of them says of the project."""

    url: str
    headers: dict[str, str]
    project: str
    config: str
    job: JobContext

    def get(self, path: str) -> Any:
        return self._call("GET", path, None, SHORT)

    def post(self, path: str, body: dict[str, Any], seconds: float) -> Any:
        return self._call("POST", path, orjson.dumps(body), seconds)

    def _call(self, method: str, path: str, body: bytes | None, seconds: float) -> Any:
        for pause in (*PAUSES, None):
            self.job.check()
            try:
                return self._once(method, path, body, seconds)
            except UrlRefused as error:
                if not error.transient or pause is None:
                    raise
                threading.Event().wait(pause)
        raise AssertionError

    def _once(self, method: str, path: str, body: bytes | None, seconds: float) -> Any:
        status, answer = exchange(
            f"{self.url}/{path}",
            method=method,
            body=body,
            headers={**self.headers, **({"Content-Type": "application/json"} if body is not None else {})},
            limits=Limits(MOST_BYTES, seconds),
            allowed=settings.ASSAY_FETCH_ALLOWED_HOSTS,
        )
        if not 200 <= status < 300:
            said = answer[:200].decode("utf-8", "replace").strip()
            detail = _("It answered %(path)s with status %(status)s. %(said)s")
            values = {"status": status, "path": path, "said": said}
            raise UrlRefused("backend_status", (detail % values).strip(), transient=status in {429, 502, 503, 504})
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError:
            detail = _("Its answer to %(path)s is not JSON.") % {"path": path}
            raise UrlRefused("backend_answer", detail) from None


def run_ask(*, job: JobContext, project_id: int, tasks: int, only_check: bool = False) -> dict[str, Any]:
    """Ask the project's server and store what it suggests.

    What came is stored batch by batch: a job that is cut off goes on with the tasks that have nothing yet.

    Returns:
        ``model_version`` and ``source``; ``asked`` tasks, ``suggestions`` stored, ``nothing`` (the server had none) and
        ``misfits`` (its answer is none to the project's questions), some of which ``named`` lists with item and reason.

    Raises:
        DomainError: ``backend_down`` with what went wrong; what came before it stays.
    """
    backend = backend_of_job(project_id=project_id, organization_id=job.organization_id)
    project = backend.project
    schema = parse_schema(project.schema)
    job.progress(0, None, _("asking the server"))
    try:
        server = _server(job, backend, schema)
        version = _set_up(server)
        _note(backend, BackendState.UP, version=version)
        asked = _ask(job, server, project, schema, _source(backend, version), 1 if only_check else tasks)
    except UrlRefused as error:
        detail = _("The server at %(url)s cannot be used: %(problem)s")
        said = detail % {"url": backend.url, "problem": problem_of(error)}
        _note(backend, BackendState.DOWN, problem=said)
        raise DomainError("backend_down", said, status=502) from None
    return {
        "model_version": version,
        "source": _source(backend, version),
        "only_check": only_check,
        "asked": asked.asked,
        "suggestions": asked.stored,
        "nothing": asked.nothing,
        "misfits": asked.misfits,
        "named": asked.named,
    }


def _server(job: JobContext, backend: Backend, schema: Schema) -> _Server:
    headers = {}
    if backend.user:
        pair = f"{backend.user}:{password_of(backend, job.organization_id)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    # Label Studio's servers tell projects apart by number and time of making.
    name = f"{backend.project_id}.{int(backend.project.created_at.timestamp())}"
    return _Server(backend.url, headers, name, labeling_config(schema), job)


def _set_up(server: _Server) -> str:
    """Return the version of the model that the server has for the project."""
    server.get("health")
    body = {
        "project": server.project,
        "schema": server.config,
        "hostname": settings.ASSAY_BASE_URL,
        "access_token": "",
        "extra_params": {},
    }
    answer = server.post("setup", body, SHORT)
    version = answer.get("model_version") if isinstance(answer, dict) else None
    return "" if version is None else str(version)[:100]


def _source(backend: Backend, version: str) -> str:
    host = urlsplit(backend.url).netloc
    return f"{host} {version}".strip()[:LONGEST_SOURCE]


def _note(backend: Backend, state: BackendState, *, version: str | None = None, problem: str = "") -> None:
    fields: dict[str, Any] = {"state": state, "problem": problem[:500], "asked_at": timezone.now()}
    Backend.objects.filter(pk=backend.pk).update(**fields, **({} if version is None else {"model_version": version}))


def _ask(job: JobContext, server: _Server, project: Project, schema: Schema, source: str, most: int) -> _Asked:
    asked = _Asked()
    waiting = _waiting(project, source, most)
    for start in range(0, len(waiting), BATCH):
        job.progress(start, len(waiting), _("asking the server"), rows_done=asked.stored)
        rows = list(Task.objects.filter(pk__in=waiting[start : start + BATCH]).order_by("pk"))
        answer = server.post("predict", _request(server, project, schema, rows), LONG)
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list) or len(found) != len(rows):
            count = len(found) if isinstance(found, list) else 0
            said = _("%(sent)s tasks were sent and %(count)s results came. It must give one for each task, in order.")
            raise UrlRefused("backend_answer", said % {"sent": len(rows), "count": count})
        fitting = list(_fitting(schema, rows, found, asked))
        asked.asked += len(rows)
        asked.stored += store_suggestions(
            actor=job.actor, project_id=project.pk, source=source, rows=fitting, partial=True
        )
    return asked


def _waiting(project: Project, source: str, most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"project": project.pk, "source": source, "most": most})
        return [number for (number,) in cursor.fetchall()][:most]


def _request(server: _Server, project: Project, schema: Schema, rows: Sequence[Task]) -> dict[str, Any]:
    pictures = [display.field for display in schema.display if display.type == "image"]
    tasks = [
        {
            "id": row.pk,
            "data": {**row.data, **{name: _picture(project, row.data.get(name)) for name in pictures}},
            "meta": {"item": row.item_id},
            "project": project.pk,
            "annotations": [],
            "predictions": [],
        }
        for row in rows
    ]
    params = {"login": "", "password": "", "context": None}
    return {"tasks": tasks, "project": server.project, "label_config": server.config, "params": params}


def _picture(project: Project, sha256: Any) -> str:
    """Return an address at which the server can get a picture for an hour, without what its metadata tells."""
    if not isinstance(sha256, str) or not sha256:
        return ""
    url = objects.signed_url(copy_key(project.organization_id, sha256, "view"), f"{sha256[:16]}.jpg")
    return url if url.startswith("http") else f"{settings.ASSAY_BASE_URL}{url}"


def _fitting(schema: Schema, rows: Sequence[Task], found: Sequence[Any], asked: _Asked) -> Iterator[Suggested]:
    """Give (item_id, answer, confidence) of the predictions that answer what is asked; count the others."""
    for row, prediction in zip(rows, found, strict=True):
        best = _best(prediction)
        if not best:
            asked.nothing += 1
            continue
        try:
            read = read_prediction(schema, best, row.data)
            answer = validate_answer(schema, read.answer, row.data, draft=True)
        except (ResultError, AnswerError) as error:
            asked.misfits += 1
            if len(asked.named) < NAMED:
                asked.named.append({"item": row.item_id, "reason": str(error)[:300]})
            continue
        if not answer:
            asked.nothing += 1
            continue
        yield row.item_id, answer, read.confidence


def _best(prediction: Any) -> Any:
    """Return the prediction, of several the one with the highest score; something empty for none."""
    if isinstance(prediction, list) and prediction and all(isinstance(each, dict) for each in prediction):
        several = [each for each in prediction if "result" in each]
        if several:
            return max(several, key=lambda each: each["score"] if isinstance(each.get("score"), int | float) else 0.0)
    if isinstance(prediction, dict) and not prediction.get("result"):
        return None
    return prediction
