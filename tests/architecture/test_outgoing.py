"""Who may open a connection, and what every place that takes an address does with one that leads inside."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from curation.models import Fetch
from curation.tasks import import_addresses, sync_source
from labeling.tasks import ask_backend
from tests import factories
from tests.architecture.test_sizes import PYTHON, ROOT
from tests.curation.places import Web, web_server
from tests.labeling.versions import numbered
from workers.models import Job

# Everything that can connect; the second part lists who may, with the reason.
CONNECTING = {"socket", "http.client", "urllib.request", "urllib3", "requests", "httpx", "aiohttp", "ftplib", "smtplib"}
CONNECTING |= {"asyncio.open_connection", "websockets", "paramiko", "boto3", "s3fs", "huggingface_hub"}
MAY = {
    "curation/engine/url_guard.py": "is the guard",
    "curation/engine/bucket.py": "reads types of answers; its connections are the guard's",
    "curation/engine/embedding/hub.py": "fetches encoders that the operator named, where the operator allows it",
}
# They are programs of their own: the client that people run, the runner that starts the service, tests and benchmarks.
OUTSIDE = {"client", "runner", "tests", "bench"}
# Names of fields that hold an address, and what becomes of it.
ADDRESS_WORDS = ("url", "uri", "endpoint", "address", "host", "webhook", "callback")
PROBES = {("FetchInputRequest", "urls"): "fetch", ("SourceInputRequest", "endpoint"): "source"}
PROBES |= {("PatchedSourceInputRequest", "endpoint"): "source", ("BackendInputRequest", "url"): "backend"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_the_guard_opens_connections() -> None:
    found = {}
    for path in PYTHON:
        name = path.relative_to(ROOT)
        if name.parts[0] in OUTSIDE or str(name) in MAY:
            continue
        named = {entry for entry in imports(ast.parse(path.read_text())) if entry in CONNECTING}
        if named:
            found[str(name)] = sorted(named)
    assert found == {}


def address_fields() -> list[tuple[str, str]]:
    """Return every field of a request body, in the whole API, whose name says that it holds an address."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    found = []
    for name, component in schema["components"]["schemas"].items():
        if not name.endswith("Request"):
            continue
        for field, facts in component.get("properties", {}).items():
            is_address = facts.get("format") in {"uri", "url"} or (
                facts.get("items", {}).get("format") in {"uri", "url"}
            )
            if is_address or any(word in field.lower() for word in ADDRESS_WORDS):
                found.append((name, field))
    return found


def test_every_field_that_takes_an_address_is_tried_below() -> None:
    assert sorted(address_fields()) == sorted(PROBES)


@pytest.fixture
def inside() -> Iterator[Web]:
    """A server on this machine that must never be asked."""
    with web_server() as made:
        made.files["secret.csv"] = b"text\nsecret\n"
        yield made


def places(inside: Web) -> list[str]:
    port = inside.url.rpartition(":")[2]
    hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
    return [f"http://{host}:{port}" for host in hosts]


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(8))
def test_an_address_inside_is_never_asked(number: int, inside: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.services.fetch.PAUSES", (0.0,))
    monkeypatch.setattr("labeling.services.backend_run.PAUSES", (0.0,))
    place = places(inside)[number]
    actor = factories.owner()
    dataset = factories.dataset(actor)
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}

    def post(path: str, body: dict[str, Any]) -> Any:
        return Client().post(path, body, content_type="application/json", headers=headers)

    def put(path: str, body: dict[str, Any]) -> Any:
        return Client().put(path, body, content_type="application/json", headers=headers)

    sent = post(f"/api/v1/datasets/{dataset.pk}/fetches/", {"urls": [f"{place}/secret.csv"]})
    if sent.status_code == 202:
        import_addresses(job_id=sent.json()["id"])
        assert Job.objects.get(pk=sent.json()["id"]).error["code"] == "nothing_fetched"
        assert Fetch.objects.get().code in {"host_not_public", "host_unknown"}
    else:
        assert (sent.status_code, sent.json()["code"]) == (400, "host_not_public")
    body = {"name": "x", "endpoint": place, "bucket": "secret"}
    made = post(f"/api/v1/datasets/{dataset.pk}/sources/", body)
    if made.status_code == 201:
        job = post(f"/api/v1/sources/{made.json()['id']}/sync/", {}).json()["id"]
        sync_source(job_id=job)
        assert Job.objects.get(pk=job).error["code"] in {"host_not_public", "host_unknown"}
    else:
        assert (made.status_code, made.json()["code"]) == (400, "host_not_public")
    project = numbered(actor, 1)
    named = put(f"/api/v1/projects/{project.pk}/backend/", {"url": place})
    if named.status_code == 200:
        job = post(f"/api/v1/projects/{project.pk}/backend/ask/", {}).json()["id"]
        ask_backend(job_id=job)
        assert Job.objects.get(pk=job).error["code"] == "backend_down"
    else:
        assert (named.status_code, named.json()["code"]) == (400, "host_not_public")
    assert inside.asked == []
