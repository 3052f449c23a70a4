"""A bucket read through the guard: what is meant, what is refused in which words, and that there is no other door."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from curation.engine.bucket import Bucket, BucketRefused, Keys, Listed, Place, check_place
from tests.curation.places import rebinding, s3_service, web_server

KEYS = Keys("AKIDTEST", "secret-of-the-test")


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Any]]:
    with s3_service() as made:
        yield made


@pytest.fixture
def bucket_name(service: tuple[str, Any], request: pytest.FixtureRequest) -> str:
    name = f"test-{abs(hash(request.node.nodeid)) % 10**12}"
    service[1].create_bucket(Bucket=name)
    return name


def opened(service: tuple[str, Any], name: str, keys: Keys | None = KEYS, **place: str) -> Any:
    host = service[0].removeprefix("http://")
    return closing(Bucket(Place(service[0], name, **place), keys, allowed={host}, seconds=30))


def keys_of(service: tuple[str, Any], name: str, **place: str) -> list[str]:
    with opened(service, name, **place) as bucket:
        return [listed.key for page in bucket.pages() for listed in page.objects]


def test_objects_are_listed_in_pages_and_read(service: tuple[str, Any], bucket_name: str) -> None:
    # Put where the service of this process keeps them: by a request each they take ten seconds.
    kept = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(1_203):
        kept.put_object(bucket_name, f"many/{number:05d}.txt", b"x")
    service[1].put_object(Bucket=bucket_name, Key="文本/评论 一.csv", Body="text\n好 😀\n".encode())
    with opened(service, bucket_name) as bucket:
        pages = list(bucket.pages())
        assert [page.seen for page in pages] == [1_000, 204]
        last = pages[-1].objects[-1]
        assert (last.key, last.size) == ("文本/评论 一.csv", 14)
        sink, told = io.BytesIO(), []
        bucket.fetch(last, sink, told.append)
    assert (sink.getvalue().decode(), told) == ("text\n好 😀\n", [14])


def test_prefix_and_pattern_say_which_objects_are_meant(service: tuple[str, Any], bucket_name: str) -> None:
    for key in ("a/1.csv", "a/2.JSONL", "a/deep/3.csv", "ab/4.csv", "a/", "5.csv"):
        service[1].put_object(Bucket=bucket_name, Key=key, Body=b"x")
    assert keys_of(service, bucket_name) == ["5.csv", "a/1.csv", "a/2.JSONL", "a/deep/3.csv", "ab/4.csv"]
    assert keys_of(service, bucket_name, prefix="a/") == ["a/1.csv", "a/2.JSONL", "a/deep/3.csv"]
    assert keys_of(service, bucket_name, prefix="a") == ["a/1.csv", "a/2.JSONL", "a/deep/3.csv", "ab/4.csv"]
    assert keys_of(service, bucket_name, prefix="a/", pattern="*.jsonl") == ["a/2.JSONL"]
    assert keys_of(service, bucket_name, prefix="a/", pattern="*.csv") == ["a/1.csv", "a/deep/3.csv"]
    assert keys_of(service, bucket_name, prefix="a/", pattern="deep/*.csv") == ["a/deep/3.csv"]


def test_an_object_that_is_another_one_by_now_is_not_taken(service: tuple[str, Any], bucket_name: str) -> None:
    service[1].put_object(Bucket=bucket_name, Key="a.csv", Body=b"text\nold\n")
    with opened(service, bucket_name) as bucket:
        listed = next(bucket.pages()).objects[0]
        service[1].put_object(Bucket=bucket_name, Key="a.csv", Body=b"text\nnew\n")
        with pytest.raises(BucketRefused) as caught:
            bucket.fetch(listed, io.BytesIO(), lambda _length: None)
        assert (caught.value.code, caught.value.transient) == ("object_changed", True)
        service[1].delete_object(Bucket=bucket_name, Key="a.csv")
        with pytest.raises(BucketRefused) as caught:
            bucket.fetch(listed, io.BytesIO(), lambda _length: None)
        assert (caught.value.code, caught.value.transient) == ("object_gone", True)


def test_a_bucket_that_is_not_there(service: tuple[str, Any]) -> None:
    with opened(service, "no-such-bucket") as bucket, pytest.raises(BucketRefused) as caught:
        next(bucket.pages())
    assert caught.value.code == "bucket_missing"
    assert caught.value.message.startswith("There is no bucket no-such-bucket at 127.0.0.1.")


def error(code: str, **more: str) -> bytes:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in {"Code": code, "Message": "x", **more}.items())
    return f"<?xml version='1.0'?><Error>{inner}</Error>".encode()


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (403, error("InvalidAccessKeyId"), "keys_unknown", "does not know the access key"),
        (403, error("SignatureDoesNotMatch"), "keys_wrong", "does not fit"),
        (403, error("AccessDenied"), "access_denied", "s3:ListBucket"),
        (400, error("ExpiredToken"), "keys_expired", "expired"),
        (403, error("RequestTimeTooSkewed"), "clock_wrong", "clocks"),
        (400, error("AuthorizationHeaderMalformed", Region="eu-central-1"), "region_wrong", "in eu-central-1"),
        (400, error("Nonsense"), "bucket_failed", "Nonsense (400)"),
        (200, b"<html><body>Welcome to the console<br></body>", "endpoint_invalid", "does not answer as S3 does"),
        (200, b"<html><body>Welcome to the console</body></html>", "endpoint_invalid", "not its web console"),
    ],
)
def test_each_failure_says_what_to_do(status: int, body: bytes, code: str, words: str) -> None:
    with (
        answering(status, body) as (endpoint, _asked),
        opened((endpoint, None), "reviews") as bucket,
        pytest.raises(BucketRefused) as caught,
    ):
        next(bucket.pages())
    assert caught.value.code == code
    assert words in caught.value.message
    assert "secret-of-the-test" not in caught.value.message


def test_throttling_is_waited_for_a_little_and_then_left_to_the_next_sync() -> None:
    with (
        answering(503, error("SlowDown")) as (endpoint, asked),
        opened((endpoint, None), "reviews") as bucket,
        pytest.raises(BucketRefused) as caught,
    ):
        next(bucket.pages())
    assert (caught.value.code, caught.value.transient, len(asked)) == ("bucket_throttled", True, 4)


class answering:  # noqa: N801  (reads as what it does)
    """A service that gives the same answer to everything; `asked` keeps the requests' heads."""

    def __init__(self, status: int, body: bytes, location: str = "") -> None:
        import threading
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> tuple[str, list]:
        return f"http://127.0.0.1:{self.server.server_port}", self.asked

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


EMPTY = b"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


def test_without_keys_nothing_is_signed_and_those_of_this_machine_are_never_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=AKIDMACHINE\naws_secret_access_key=machine\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with answering(200, EMPTY) as (endpoint, asked):
        with opened((endpoint, None), "public", None) as bucket:
            assert [page.seen for page in bucket.pages()] == [0]
        with opened((endpoint, None), "private") as bucket:
            list(bucket.pages())
    assert "Authorization" not in asked[0][1]
    assert "Credential=AKIDTEST/" in asked[1][1]["Authorization"]
    assert "MACHINE" not in json.dumps(asked)


def test_one_connection_serves_many_requests() -> None:
    with answering(200, EMPTY) as (endpoint, asked), opened((endpoint, None), "public", None) as bucket:
        list(bucket.pages())
        first = bucket._door._held
        list(bucket.pages())
        assert bucket._door._held is first
        assert len(asked) == 2


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "http://169.254.169.254", "http://[::1]:9000"]
)
def test_a_service_inside_is_refused_unless_an_operator_allows_it(endpoint: str) -> None:
    with pytest.raises(BucketRefused) as caught, closing(Bucket(Place(endpoint, "reviews"), KEYS)) as bucket:
        next(bucket.pages())
    assert caught.value.code == "host_not_public"


def test_an_allowed_port_allows_no_other() -> None:
    with answering(200, EMPTY) as (endpoint, asked), pytest.raises(BucketRefused) as caught:
        Bucket(Place(endpoint, "reviews"), KEYS, allowed={"127.0.0.1:9"})
    assert (caught.value.code, asked) == ("host_not_public", [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_service_that_sends_on_is_not_followed_inside(status: int) -> None:
    with web_server() as inside:
        inside.files["secret"] = b"<ListBucketResult/>"
        with (
            answering(status, b"", f"{inside.url}/secret") as (endpoint, _asked),
            opened((endpoint, None), "reviews") as bucket,
            pytest.raises(BucketRefused),
        ):
            next(bucket.pages())
        assert inside.asked == []


def test_a_name_that_changes_its_address_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rebinding(monkeypatch)
    with answering(200, EMPTY) as (endpoint, requests):
        place = Place(endpoint.replace("127.0.0.1", "rebinding.test"), "reviews")
        with pytest.raises(BucketRefused) as caught, closing(Bucket(place, KEYS)) as bucket:
            next(bucket.pages())
        assert (caught.value.code, requests) == ("host_not_public", [])
        asked.clear()
        with closing(Bucket(place, KEYS, allowed={"rebinding.test"})) as bucket:
            list(bucket.pages())
            list(bucket.pages())
    assert (asked.count("rebinding.test"), len(requests)) == (1, 2)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place("https://s3.console.aws.amazon.com", "b-1"), "endpoint_invalid"),
        (Place("http://my-bucket.s3-website.eu-central-1.amazonaws.com", "b-1"), "endpoint_invalid"),
        (Place("https://s3.example.com/bucket", "b-1"), "endpoint_invalid"),
        (Place("s3://bucket", "b-1"), "url_scheme"),
        (Place("https://me:pw@s3.example.com", "b-1"), "url_credentials"),
        (Place("https://s3.example.com", "s3://b"), "bucket_invalid"),
        (Place("https://s3.example.com", "a/b"), "bucket_invalid"),
        (Place("https://s3.example.com", "b-1", region="EU (Frankfurt)"), "region_invalid"),
    ],
)
def test_what_is_wrong_at_first_sight(place: Place, code: str) -> None:
    with pytest.raises(BucketRefused) as caught:
        check_place(place)
    assert caught.value.code == code


def test_keys_hide_themselves() -> None:
    assert repr(Keys("AKID", "secret", "token")) == "Keys()"


def test_a_cut_off_object_is_not_taken_for_whole(service: tuple[str, Any], bucket_name: str) -> None:
    service[1].put_object(Bucket=bucket_name, Key="a.csv", Body=b"text\nlong enough\n")
    with opened(service, bucket_name) as bucket:
        listed = next(bucket.pages()).objects[0]
        with pytest.raises(BucketRefused) as caught:
            bucket.fetch(Listed(listed.key, listed.etag, 400), io.BytesIO(), lambda _length: None)
    assert caught.value.code == "object_changed"
