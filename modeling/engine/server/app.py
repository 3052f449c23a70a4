"""What is answered at which address."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.errors import InputRefused
from modeling.engine.server.admission import Door, Quota
from modeling.engine.server.inputs import read_inputs, takes
from modeling.engine.server.openapi import document
from modeling.engine.server.problem import Problem, Response, as_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modeling.engine.server.admission import Places
    from modeling.engine.server.connection import Request
    from modeling.engine.server.fleet import Fleet, Served
    from modeling.engine.server.metrics import Metrics
    from modeling.engine.server.settings import ServerSettings

TURNED_AWAY = {"too_busy", "quota_spent", "quota_too_small", "bodies_too_many"}
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
POLICY += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class App:
    """Answers requests with the bundles of a fleet."""

    def __init__(
        self, fleet: Fleet, settings: ServerSettings, metrics: Metrics, places: Places, say: Callable[[str], None]
    ) -> None:
        self._fleet, self._metrics, self._places, self._say = fleet, metrics, places, say
        self._door, self._quota = Door(settings.tokens), Quota(settings.per_minute)
        self._settings = settings
        self.stopping = False

    async def answer(self, request: Request) -> Response:
        """Return the response to a request, whatever it is."""
        route = request.path if request.path in ROUTES or request.path in FILES else "(other)"
        route = "/predict/NAME" if request.path.startswith("/predict/") else route
        self._metrics.in_flight += 1
        try:
            response = await self._answer(request)
        except Problem as problem:
            kind = "assay_rejected_total" if problem.code in TURNED_AWAY else "assay_errors_total"
            self._metrics.count(kind, code=problem.code)
            response = problem.response()
        finally:
            self._metrics.in_flight -= 1
        self._metrics.count("assay_requests_total", route=route, status=str(response.status))
        return response

    async def _answer(self, request: Request) -> Response:
        if request.path.startswith("/predict/"):
            _only(request, "POST")
            return await self._predict(request, request.path.removeprefix("/predict/"))
        if request.path in FILES:
            _only(request, "GET", "HEAD")
            return _file(*FILES[request.path])
        if request.path not in ROUTES:
            detail = "There is nothing at this address. GET /openapi.json lists what there is."
            raise Problem(404, "not_found", detail)
        methods, handler = ROUTES[request.path]
        _only(request, *methods)
        return await handler(self, request)

    async def _predict(self, request: Request, name: str | None = None) -> Response:
        who = self._door.who(request.headers.get("authorization"), request.address)
        served = self._fleet.one(name if name is not None else request.query.get("bundle"))
        body = await request.body()
        started = time.perf_counter()
        given, alone = read_inputs(request, body, takes(served.predictor.manifest["reading"]))
        del body
        found = await self._computed(served, given, who)
        seconds = time.perf_counter() - started
        self._metrics.count("assay_answers_total", len(found), bundle=served.name)
        self._metrics.answered(served.name, seconds, [label for one in found for label in _labels(one)])
        content = {"prediction": found[0]} if alone else {"predictions": found}
        facts = {"bundle": served.predictor.sha256, "name": served.name, "milliseconds": round(seconds * 1000, 2)}
        return Response(200, as_json({**content, **facts}))

    async def _computed(self, served: Served, given: list[Any], who: str) -> list[dict[str, Any]]:
        self._places.enter()
        try:
            self._quota.take(who, len(given))
        except Problem:
            self._places.leave()
            raise
        try:
            return await self._fleet.answer(served, given, self._places.leave)
        except Problem:
            raise
        except InputRefused as refused:
            raise Problem(400, refused.code, refused.detail, **refused.facts) from None
        except Exception as error:
            # ONNX Runtime raises classes of its own; what they say names tensors, not the sender's mistake.
            self._say(f"{served.name}: {type(error).__name__}: {str(error)[:300]}")
            detail = "The model failed on this input. Whoever runs this server finds more in its log."
            raise Problem(500, "model_failed", detail) from error

    async def _health(self, request: Request) -> Response:
        return Response(200, as_json({"status": "alive"}))

    async def _ready(self, request: Request) -> Response:
        if self.stopping or not self._fleet.ready:
            state = "stopping" if self.stopping else "loading"
            return Response(503, as_json({"status": state}), headers={"Retry-After": "1"})
        return Response(200, as_json({"status": "ready"}))

    async def _bundles(self, request: Request) -> Response:
        self._door.who(request.headers.get("authorization"), request.address)
        return Response(200, as_json({"bundles": [served.to_dict() for served in self._fleet.every()]}))

    async def _metrics_text(self, request: Request) -> Response:
        self._door.who(request.headers.get("authorization"), request.address)
        text = self._metrics.text({served.name: served.predictor.sha256 for served in self._fleet.every()})
        return Response(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")

    async def _openapi(self, request: Request) -> Response:
        names = list(self._settings.bundles)
        return Response(200, as_json(document(names, self._settings.largest_body, bool(self._settings.tokens))))


ROUTES: dict[str, tuple[tuple[str, ...], Callable[[App, Request], Awaitable[Response]]]] = {
    "/predict": (("POST",), App._predict),
    "/bundles": (("GET", "HEAD"), App._bundles),
    "/healthz": (("GET", "HEAD"), App._health),
    "/readyz": (("GET", "HEAD"), App._ready),
    "/metrics": (("GET", "HEAD"), App._metrics_text),
    "/openapi.json": (("GET", "HEAD"), App._openapi),
}


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        allowed = ", ".join(methods)
        detail = f"This address answers {allowed}, not {request.method[:20]}."
        raise Problem(405, "method_not_allowed", detail, headers={"Allow": allowed})


def _labels(answer: dict[str, Any]) -> list[str]:
    """Return the labels that an answer gives, for counting."""
    if "label" in answer:
        return [answer["label"]]
    if "labels" in answer:
        return list(answer["labels"])
    if "better" in answer:
        return [answer["better"]]
    return [one["label"] for key in ("spans", "shapes") for one in answer.get(key, ())]


@cache
def _file(name: str, content_type: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(200, (Path(__file__).parent / "data" / name).read_bytes(), content_type, headers)
