import httpx
import pytest

from assay_client import (
    Client,
    Conflict,
    ConnectionFailed,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RequestRefused,
    ServerFailed,
    TimedOut,
    TooManyRequests,
    UnexpectedAnswer,
)
from tests.client.scripted import Script, ok, problem

DATASET = {"id": 3, "name": "SMS", "description": "", "created_at": "2026-11-23T00:00:00Z"}


def test_a_request_carries_the_token_and_the_prefix():
    script = Script(ok(DATASET))

    dataset = script.client().datasets.get(3)

    assert (dataset.id, dataset.name) == (3, "SMS")
    assert str(script.requests[0].url) == "http://assay.test/api/v1/datasets/3/"
    assert script.requests[0].headers["Authorization"] == "Bearer assay_secret"


def test_the_address_may_name_the_api_itself():
    assert Client("https://assay.test/api/v1/").base_url == "https://assay.test"


def test_an_address_without_a_scheme_is_refused():
    with pytest.raises(ValueError, match="must begin with http"):
        Client("assay.test")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, NotAuthenticated),
        (403, NotAllowed),
        (404, NotFound),
        (409, Conflict),
        (412, Conflict),
        (413, InvalidRequest),
        (500, ServerFailed),
    ],
)
def test_each_status_has_its_exception(status: int, kind: type[RequestRefused]):
    script = Script(problem(status, "some_code", "It went wrong."))

    with pytest.raises(kind) as caught:
        script.client().datasets.get(3)

    assert (caught.value.status, caught.value.code, caught.value.detail) == (status, "some_code", "It went wrong.")
    assert str(caught.value) == "It went wrong."


def test_wrong_fields_are_named_in_the_sentence():
    rows = [{"field": "name", "code": "required", "message": "This field is required."}]
    script = Script(problem(400, "invalid", "Some fields are wrong.", errors=rows))

    with pytest.raises(InvalidRequest) as caught:
        script.client().datasets.create("")

    assert caught.value.errors == rows
    assert str(caught.value) == "Some fields are wrong. name: This field is required."


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_reading_request_is_sent_again_with_doubling_pauses(status: int):
    script = Script(httpx.Response(status), httpx.Response(status), ok(DATASET))

    assert script.client().datasets.get(3).id == 3

    assert len(script.requests) == 3
    first, second = script.pauses
    assert 0.18 < first < 0.32
    assert 0.37 < second < 0.63


def test_the_retries_end_with_the_last_answer():
    script = Script(*(problem(503, "starting", "Not ready.") for _ in range(3)))

    with pytest.raises(ServerFailed, match="Not ready"):
        script.client(retries=2).datasets.get(3)

    assert len(script.requests) == 3


def test_a_write_is_not_sent_again_after_it_may_have_been_done():
    script = Script(httpx.Response(502, text="bad gateway"))

    with pytest.raises(ServerFailed):
        script.client().datasets.create("SMS")

    assert len(script.requests) == 1


def test_a_write_is_not_sent_again_when_the_answer_is_lost():
    script = Script(httpx.ReadTimeout("too slow"))

    with pytest.raises(TimedOut):
        script.client().datasets.create("SMS")

    assert len(script.requests) == 1


def test_a_write_that_never_arrived_is_sent_again():
    script = Script(httpx.ConnectError("refused"), ok(DATASET, 201))

    assert script.client().datasets.create("SMS").id == 3


def test_nobody_there_is_one_sentence():
    script = Script(*(httpx.ConnectError("refused") for _ in range(5)))

    with pytest.raises(ConnectionFailed, match=r"^Nobody answers at http://assay\.test\."):
        script.client().datasets.get(3)


def test_answers_carry_keys_so_they_are_sent_again():
    script = Script(httpx.ReadError("broken"), ok({"results": [], "progress": {}}))

    assert script.client().annotations.answer(7, [{"client_key": "k"}]) == {"results": [], "progress": {}}

    assert script.requests[0].content == script.requests[1].content == b'{"answers":[{"client_key":"k"}]}'


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (problem(429, "too_busy", "Later.", headers={"Retry-After": "3"}), 3.0),
        (problem(429, "too_busy", "Later.", retry_after=1), 1.0),
        (problem(429, "too_busy", "Later.", headers={"Retry-After": "86400"}), 30.0),
    ],
    ids=["header", "body", "capped"],
)
def test_a_limit_says_how_long_to_wait(answer: httpx.Response, pause: float):
    script = Script(answer, ok(DATASET, 201))

    script.client().datasets.create("SMS")

    assert script.pauses == [pause]


def test_a_limit_that_stays_is_raised_with_its_seconds():
    script = Script(*(problem(429, "too_busy", "Later.", retry_after=2) for _ in range(2)))

    with pytest.raises(TooManyRequests) as caught:
        script.client(retries=1).deployments.predict("spam", ["hello"])

    assert caught.value.retry_after == 2.0


def test_another_kind_of_page_is_no_assay_service():
    script = Script(httpx.Response(200, text="<html>It works!</html>"))

    with pytest.raises(UnexpectedAnswer, match="no Assay service"):
        script.client().datasets.get(3)


def test_an_answer_without_its_fields_is_unexpected():
    script = Script(ok({"id": 3}))

    with pytest.raises(UnexpectedAnswer, match="a Dataset without name"):
        script.client().datasets.get(3)


def test_an_error_page_that_is_no_problem_still_has_a_sentence():
    script = Script(httpx.Response(500, text="<h1>Oops</h1>"))

    with pytest.raises(ServerFailed, match="The server answered 500 Internal Server Error"):
        script.client().datasets.get(3)


def test_the_token_is_not_sent_to_a_signed_address(tmp_path):
    script = Script(
        ok({"url": "https://bucket.test/v3.csv?signature=x", "job": None}), httpx.Response(200, content=b"a,b\n")
    )

    size = script.client().versions.download(3, tmp_path / "v3.csv", file_format="csv")

    assert size == 4
    assert (tmp_path / "v3.csv").read_bytes() == b"a,b\n"
    assert script.requests[1].url.host == "bucket.test"
    assert "Authorization" not in script.requests[1].headers


def test_a_download_that_fails_leaves_no_file(tmp_path):
    script = Script(ok({"url": "/objects/x", "job": None}), httpx.Response(404))

    with pytest.raises(NotFound):
        script.client().versions.download(3, tmp_path / "v3.csv", file_format="csv")

    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_is_not_kept(tmp_path):
    body = {"url": "/objects/x", "sha256": "0" * 64, "byte_count": 5}
    script = Script(ok(body), httpx.Response(200, content=b"wrong"))

    with pytest.raises(UnexpectedAnswer, match="arrived damaged"):
        script.client().bundles.download(3, tmp_path / "bundle.zip")

    assert list(tmp_path.iterdir()) == []
