"""What a server of bundles answers, and what it turns away."""

import base64
import json
import math
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.modeling.engine.server.running import Running, read_all, running
from tests.modeling.engine.small_bundle import small_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("bundle") / "spam.zip")


@pytest.fixture(scope="module")
def served(bundle):
    with running(("spam", bundle), largest_body=100_000) as one:
        yield one


def test_one_and_many_are_answered_in_order(served: Running):
    many = served.ask("free prize", "hello home")
    assert [one["label"] for one in many.json()["predictions"]] == ["spam", "ham"]
    one = served.client.post("/predict/spam", json={"input": "free prize"})
    assert one.json()["prediction"] == many.json()["predictions"][0]
    assert served.client.post("/predict", json={"texts": ["free prize"]}).json()["predictions"] == [
        one.json()["prediction"]
    ]


def test_answers_are_those_of_the_predictor(served: Running, bundle):
    from modeling.engine.serving import Predictor

    texts = ["call home", "free free", "", "\u4f60\u597d", "hello"]
    assert served.ask(*texts).json()["predictions"] == Predictor(bundle).predict(texts)


def test_what_is_served_is_described(served: Running):
    (row,) = served.client.get("/bundles").json()["bundles"]
    assert (row["name"], row["labels"], row["figure"], row["value"]) == ("spam", ["ham", "spam"], "macro_f1", 1.0)
    assert (row["signed_by"], row["refused_reload"]) == (None, None)
    assert row["sha256"] == served.ask("hello").json()["bundle"]
    assert served.client.get("/healthz").json() == {"status": "alive"}
    assert served.client.get("/readyz").json() == {"status": "ready"}


BAD = [
    (b"", "not_json"),
    (b"\xff\xfe{}", "not_utf8"),
    ('{"input": "x"}'.encode("utf-16"), "not_utf8"),
    (b'{"input": NaN}', "number_invalid"),
    (b'{"input": -Infinity}', "number_invalid"),
    (b'{"input": 1e999}', "number_invalid"),
    (b'{"input": ' + b"9" * 5000 + b"}", "number_invalid"),
    (b'{"input": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "too_deep"),
    (b'{"inputs": []}', "inputs_missing"),
    (b'{"inputs": "text"}', "inputs_missing"),
    (b'{"input": "a", "inputs": ["b"]}', "inputs_missing"),
    (b'["text"]', "inputs_missing"),
    (b"null", "inputs_missing"),
    (b'{"inputs": ["ok", 5]}', "not_a_text"),
    (b'{"inputs": ["ok", {"a": 1}]}', "not_a_text"),
    (json.dumps({"input": "x" * 20_001}).encode(), "text_too_long"),
]


@pytest.mark.parametrize(("body", "code"), BAD)
def test_bad_bodies_are_refused_by_name(served: Running, body, code):
    answer = served.client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Bad Request"


def test_a_refused_input_is_named(served: Running):
    assert served.ask("ok", 5).json()["place"] == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/predict", {"Content-Type": "text/plain"}, 415, "type_unknown"),
        ("POST", "/predict", {"Content-Type": "image/png"}, 415, "type_unknown"),
        ("POST", "/predict", {"Content-Type": "application/json; charset=gbk"}, 415, "charset_unknown"),
        ("POST", "/predict", {"Content-Encoding": "gzip"}, 415, "encoded_body"),
        ("POST", "/predict/ham", {}, 404, "bundle_unknown"),
        ("POST", "/predict/../../etc/passwd", {}, 404, "not_found"),
        ("GET", "/predict", {}, 405, "method_not_allowed"),
        ("DELETE", "/metrics", {}, 405, "method_not_allowed"),
        ("GET", "/page.css/", {}, 404, "not_found"),
    ],
)
def test_other_requests_are_refused(served: Running, method, path, headers, status, code):
    answer = served.client.request(method, path, content=b'{"input": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_many_inputs_are_refused(served: Running):
    assert served.ask(*["x"] * 256).status_code == 200
    refused = served.ask(*["x"] * 257)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_inputs")


def test_a_large_body_is_refused_by_what_it_announces(served: Running):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n"
    # Neither the body nor leave to send it: the refusal is the first thing that comes.
    connection = served.raw(head)
    assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    connection.close()


def test_a_large_body_without_a_length_is_refused_while_it_is_read(served: Running):
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    # No end of the body is ever sent: the refusal cannot have waited for it.
    connection = served.raw(head, *[chunk] * 4)
    answer = connection.recv(65536)
    connection.close()
    assert b"413" in answer.split(b"\r\n")[0]
    assert b"body_too_large" in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", 431),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
def test_what_is_no_http_is_a_problem(served: Running, sent, status):
    answer = read_all(served.raw(sent))
    assert int(answer.split()[1]) == status
    assert b"application/problem+json" in answer


def test_a_connection_serves_several_requests(served: Running):
    body = b'{"input": "hello"}'
    one = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    found = read_all(served.raw(one + one, last))
    assert found.count(b"HTTP/1.1 200 OK") == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["input", "inputs", "texts", "other"])
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(KEYS, JSON, max_size=2).map(lambda value: json.dumps(value).encode()),
    st.lists(st.text(st.characters(), max_size=40), max_size=5).map(
        lambda value: json.dumps({"inputs": value}).encode()
    ),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "",
        "image/png",
        "multipart/form-data; boundary=x",
        "a/b; charset=\u00e9",
        "application/json; charset",
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, kind=TYPES)
def test_no_body_brings_a_server_error(served: Running, body, kind):
    answer = served.client.post("/predict", content=body, headers={"Content-Type": kind.encode("latin-1")})
    assert answer.status_code in {200, 400, 413, 415}
    if answer.status_code == 200:
        found = answer.json()
        for one in found.get("predictions") or [found["prediction"]]:
            assert all(math.isfinite(chance) for chance in one["probabilities"].values())
    else:
        assert answer.json()["code"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=300), body=st.booleans())
def test_no_bytes_stop_the_server(served: Running, sent, body):
    connection = served.raw((b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n" if body else b"") + sent)
    connection.shutdown(1)
    answer = read_all(connection)
    assert not answer or answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.1 501"))
    assert served.client.get("/healthz").status_code == 200


def test_several_bundles_stand_side_by_side(bundle, tmp_path):
    other = small_bundle(tmp_path / "o.zip", labels=("good", "bad"))
    with running(("spam", bundle), ("mood", other)) as one:
        assert one.ask("free", name="spam").json()["predictions"][0]["label"] == "spam"
        assert one.ask("free", name="mood").json()["predictions"][0]["label"] == "bad"
        assert one.client.post("/predict?bundle=mood", json={"input": "free"}).json()["name"] == "mood"
        missing = one.ask("free")
        assert (missing.status_code, missing.json()["code"]) == (400, "bundle_missing")
        assert "spam, mood" in missing.json()["detail"]


def test_more_than_there_is_room_for_is_told_to_come_again(bundle):
    with running(("spam", bundle), at_once=1, waiting=0) as one:
        texts = ["free prize " * 400] * 256
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(one.ask(*texts))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] == 200
        assert statuses[-1] == 429
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_busy", "1")
        assert one.ask("free").status_code == 200
        assert 'assay_rejected_total{code="too_busy"}' in one.client.get("/metrics").text


def test_counters_say_what_happened(bundle):
    with running(("spam", bundle)) as one:
        one.ask("free prize", "hello")
        one.ask(5)
        text = one.client.get("/metrics").text
    assert 'assay_requests_total{route="/predict",status="200"} 1' in text
    assert 'assay_answers_total{bundle="spam"} 2' in text
    assert 'assay_errors_total{code="not_a_text"} 1' in text
    assert 'assay_labels_total{bundle="spam",label="ham"} 1' in text
    assert 'assay_request_seconds_count{bundle="spam"} 1' in text
    assert 'assay_request_seconds_bucket{bundle="spam",le="+Inf"} 1' in text
    assert "assay_in_flight 1" in text


def test_the_description_names_the_routes_that_answer(served: Running):
    whole = served.client.get("/openapi.json").json()
    assert whole["openapi"] == "3.1.0"
    for path, verbs in whole["paths"].items():
        (verb,) = verbs
        answer = served.client.request(
            verb, path.replace("{name}", "spam"), json={"input": "x"} if verb == "post" else None
        )
        assert str(answer.status_code) in verbs[verb]["responses"], path
        assert answer.status_code == 200


def test_a_pictures_path_is_never_opened():
    from modeling.engine.server.inputs import _from_json
    from modeling.engine.server.problem import Problem

    found, alone = _from_json(json.dumps({"input": base64.b64encode(b"picture").decode()}).encode(), "picture")
    assert (found, alone) == ([b"picture"], True)
    with pytest.raises(Problem, match="not base64"):
        _from_json(b'{"input": "/etc/passwd.png"}', "picture")


def test_parts_of_a_form_are_pictures_byte_for_byte():
    from modeling.engine.server.inputs import _parts

    content = [bytes(range(256)) + b"\r\n--b", b"", b"\r\n\r\n\r"]
    body = b"--bound\r\nContent-Disposition: form-data; name=note\r\n\r\nno file\r\n"
    for number, one in enumerate(content):
        body += b'--bound\r\nContent-Disposition: form-data; name="p"; filename="%d.png"\r\n\r\n%s\r\n' % (number, one)
    assert _parts(body + b"--bound--\r\n", "bound") == content
