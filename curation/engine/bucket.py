"""Objects of an S3-compatible bucket, listed and fetched through the guard: no request leaves by another door.

botocore signs the requests, reads the answers and repeats what may be repeated; it never opens a connection. Each
request is handed to `_Door`, which resolves and checks the host as `url_guard` does, also when another region is asked.
"""

import fnmatch
import http.client
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from curation.engine.url_guard import (
    PinnedConnection,
    SinkFailed,
    UrlRefused,
    check_form,
    check_url,
    parse_url,
    target_of,
    unanswered,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_CHUNK = 1 << 17
# How often botocore sends a request that was throttled or lost; it waits up to 1, 2, 4 seconds in between.
_ATTEMPTS = 4
PAGE = 1_000
# A page of the list with keys of full length is 2 MB.
_ANSWER_LIMIT = 32 << 20


class BucketRefused(Exception):
    """A bucket or object that does not give what is asked.

    Args:
        code: Stable name, snake_case.
        message: What is wrong and how to mend it.
        transient: Whether the same may work another time without a change.
    """

    def __init__(self, code: str, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Keys:
    """What requests are signed with; never shown, so its text form hides it."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is and which of its objects are meant.

    Attributes:
        endpoint: Address of the service, without the bucket.
        bucket: Its name.
        prefix: Keys begin with it, letter by letter; "" for all.
        pattern: What follows the last "/" fits it, or the whole rest behind the prefix when it holds a "/"; "" for all.
        region: As the service calls it; "" for us-east-1.
    """

    endpoint: str
    bucket: str
    prefix: str = ""
    pattern: str = ""
    region: str = ""

    def takes(self, key: str) -> bool:
        """Tell whether an object is meant; names that end in "/" stand for folders and hold nothing."""
        if key.endswith("/") or not key.startswith(self.prefix):
            return False
        rest = key[len(self.prefix) :] if "/" in self.pattern else key.rpartition("/")[2]
        return not self.pattern or fnmatch.fnmatchcase(rest.lower(), self.pattern.lower())


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as the list of a bucket names it."""

    key: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a bucket's list: the objects that are meant, and how many it named in all."""

    objects: list[Listed]
    seen: int


def check_place(place: Place, allowed: Collection[str] = ()) -> None:
    """Refuse what can be seen to be wrong without asking anybody.

    Raises:
        BucketRefused: ``endpoint_invalid``, ``bucket_invalid``, ``region_invalid``, or what `check_form` raises.
    """
    try:
        check_form(place.endpoint, allowed)
        parts, host, _port = parse_url(place.endpoint)
    except UrlRefused as error:
        raise BucketRefused(error.code, error.message) from None
    if host.startswith("s3-website") or ".s3-website" in host or host.endswith("console.aws.amazon.com"):
        raise BucketRefused(
            "endpoint_invalid",
            "This is the address of a web page or console, which gives pages and no objects. The endpoint of Amazon S3 "
            "is https://s3.REGION.amazonaws.com; for other services it stands in their documentation.",
        )
    if parts.query or parts.fragment or parts.path.strip("/"):
        raise BucketRefused(
            "endpoint_invalid", "The endpoint ends behind the host. Bucket and prefix have fields of their own."
        )
    if not _NAME.fullmatch(place.bucket) or ".." in place.bucket:
        raise BucketRefused(
            "bucket_invalid", "The name of a bucket has 3 to 63 letters, digits, dots and hyphens, without s3:// or /."
        )
    if place.region and not _REGION.fullmatch(place.region):
        raise BucketRefused("region_invalid", "A region is written like eu-central-1.")


class Bucket:
    """A bucket, read only. Close it when done.

    Args:
        place: Where it is; see `check_place`.
        keys: What to sign with; None asks as anybody may, which works for public buckets.
        allowed: Hosts that an operator trusts although they are not public.
        seconds: For one request, from the look-up of its host to its last byte.
    """

    def __init__(
        self, place: Place, keys: Keys | None = None, *, allowed: Collection[str] = (), seconds: float = 3600.0
    ) -> None:
        check_place(place, allowed)
        self.place = place
        self._door = _Door(allowed, seconds)
        self._client = _client(place, keys, self._door)
        self._signed = keys is not None

    def close(self) -> None:
        """Close the connection."""
        self._door.close()

    def pages(self) -> Iterator[Page]:
        """Give the objects that are meant in the order of their keys, one page of the bucket's list at a time.

        A page may hold none of the up to 1,000 objects that it names.

        Raises:
            BucketRefused: See `_refusal`.
        """
        after: dict[str, str] = {}
        while True:
            with _told(self.place, signed=self._signed):
                answer = self._client.list_objects_v2(
                    Bucket=self.place.bucket, Prefix=self.place.prefix, MaxKeys=PAGE, **after
                )
            if "IsTruncated" not in answer:
                # Any well-formed page reads as a list of nothing; a real one says whether it goes on.
                raise _no_s3(self.place)
            named = answer.get("Contents", [])
            found = [
                Listed(str(row["Key"]), str(row.get("ETag", "")).strip('"'), int(row["Size"]))
                for row in named
                if self.place.takes(str(row["Key"]))
            ]
            yield Page(found, len(named))
            if not answer.get("IsTruncated") or not answer.get("NextContinuationToken"):
                return
            after = {"ContinuationToken": str(answer["NextContinuationToken"])}

    def fetch(self, listed: Listed, sink: BinaryIO, on_length: Callable[[int | None], None]) -> None:
        """Write an object's bytes, exactly those that the list told of.

        Args:
            listed: From `pages`.
            sink: Takes the bytes; what was written before an error is to be thrown away.
            on_length: Called with its size before the first byte.

        Raises:
            BucketRefused: ``object_gone``, ``object_changed``, and the others of `_refusal`.
            SinkFailed: Writing failed, as on a full disk.
        """
        # An object that was replaced since it was listed is another one, which the next sync finds.
        same = {"IfMatch": f'"{listed.etag}"'} if listed.etag else {}
        with _told(self.place, listed.key, signed=self._signed):
            answer = self._client.get_object(Bucket=self.place.bucket, Key=listed.key, **same)
            on_length(int(answer["ContentLength"]))
            size = 0
            while chunk := answer["Body"].read(_CHUNK):
                size += len(chunk)
                if size > listed.size:
                    break
                try:
                    sink.write(chunk)
                except OSError as error:
                    raise SinkFailed from error
        if size != listed.size:
            raise BucketRefused(
                "object_changed",
                "The object is not as large as the list says. The next sync looks again.",
                transient=True,
            )


def _client(place: Place, keys: Keys | None, door: "_Door") -> Any:
    """Return a botocore client that knows nothing of this machine: no profile, no environment, no metadata service."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config

    session = botocore.session.Session()
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    amazon = (urlsplit(place.endpoint).hostname or "").endswith(".amazonaws.com")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # Other services have no name for every bucket.
        s3={"addressing_style": "auto" if amazon else "path"},
        proxies={},
        user_agent="assay",
        ignore_configured_endpoint_urls=True,
        response_checksum_validation="when_required",
        request_checksum_calculation="when_required",
        **({} if keys else {"signature_version": UNSIGNED}),
    )
    client = session.create_client(
        "s3",
        region_name=place.region or "us-east-1",
        endpoint_url=place.endpoint,
        config=config,
        # Without keys of its own it would look for those of this machine, even where it does not sign.
        aws_access_key_id=keys.access_key if keys else "none",
        aws_secret_access_key=keys.secret_key if keys else "none",
        aws_session_token=(keys.session_token or None) if keys else None,
    )
    client.meta.events.register("before-send.s3", door)
    return client


class _Door:
    """Sends what botocore prepared over a connection that the guard has checked, and keeps it for the next request."""

    def __init__(self, allowed: Collection[str], seconds: float) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._held: tuple[tuple[str, str, int], PinnedConnection] | None = None
        self._reading: http.client.HTTPResponse | None = None

    def __call__(self, request: Any, event_name: str, **_event: Any) -> Any:
        """Answer botocore's event before it would send a request itself."""
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import EndpointConnectionError

        if event_name.endswith(".HeadBucket"):
            # Asked when a service sends on without saying where to; one that sends on here too would be asked for ever.
            raise UrlRefused(
                "region_wrong", "The service sends on to another one and does not say which. Is the endpoint right?"
            )
        url = str(request.url)
        parts, host, port = parse_url(url)
        headers = {name: _text(value) for name, value in request.headers.items()}
        try:
            response = self._send(url, (parts.scheme, host, port), str(request.method), target_of(parts), headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # What botocore calls it when it may ask again.
            reason = unanswered(parts, error).message
            raise EndpointConnectionError(endpoint_url=f"{parts.scheme}://{parts.netloc}", error=reason) from error
        self._reading = response
        body = _Body(response, time.monotonic() + self._seconds)
        return AWSResponse(url, response.status, _headers(response), body)

    def _send(
        self, url: str, host: tuple[str, str, int], method: str, target: str, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        deadline = time.monotonic() + self._seconds
        # A connection is used again once the answer before was read to its end; where it goes to was checked.
        idle = self._reading is None or self._reading.isclosed()
        if self._held and self._held[0] == host and idle:
            with suppress(OSError, http.client.HTTPException):
                return self._held[1].send(method, target, headers)
        self.close()
        parts, addresses = check_url(url, self._allowed)
        connection = PinnedConnection(parts, addresses, deadline)
        self._held = (host, connection)
        return connection.send(method, target, headers)

    def close(self) -> None:
        """Close the connection."""
        if self._held is not None:
            self._held[1].close()
        self._held = self._reading = None


def _text(value: Any) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def _headers(response: http.client.HTTPResponse) -> Any:
    from botocore.awsrequest import HeadersDict

    return HeadersDict(response.getheaders())


class _Body:
    """An answer's body in the way botocore reads one: objects by `read`, everything else whole by `stream`."""

    def __init__(self, response: http.client.HTTPResponse, deadline: float) -> None:
        self._response = response
        self._deadline = deadline

    def read(self, amt: int | None = None, **_options: Any) -> bytes:
        """Return the next bytes."""
        if time.monotonic() > self._deadline:
            raise TimeoutError
        return self._response.read(amt)

    def stream(self, amt: int = _CHUNK, **_options: Any) -> Iterator[bytes]:
        """Give all bytes."""
        size = 0
        while chunk := self.read(amt):
            size += len(chunk)
            if size > _ANSWER_LIMIT:
                raise UrlRefused("url_too_large", f"The answer is larger than {_ANSWER_LIMIT >> 20} MB.")
            yield chunk

    def close(self) -> None:
        """Give up the rest."""
        self._response.close()


@contextmanager
def _told(place: Place, key: str = "", *, signed: bool) -> Iterator[None]:
    """Turn what goes wrong in the block into a `BucketRefused`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except UrlRefused as error:
        raise BucketRefused(error.code, error.message, transient=error.transient) from None
    except ClientError as error:
        raise _refusal(error.response, place, key, signed) from None
    except BotoCoreError as error:
        raise _unusable(error, place) from None
    except (OSError, http.client.HTTPException) as error:
        refused = unanswered(urlsplit(place.endpoint), error)
        raise BucketRefused("bucket_unreachable", refused.message, transient=True) from None


def _unusable(error: Exception, place: Place) -> BucketRefused:
    from botocore.exceptions import EndpointConnectionError, ParamValidationError
    from botocore.parsers import ResponseParserError

    host = urlsplit(place.endpoint).hostname
    if isinstance(error, EndpointConnectionError):
        detail = f"The host {host} does not answer. Is the endpoint right, and does the service run?"
        return BucketRefused("bucket_unreachable", detail, transient=True)
    if isinstance(error, ParamValidationError):
        return BucketRefused("bucket_invalid", "This can be no bucket, prefix or key of S3.")
    if isinstance(error, ResponseParserError):
        return _no_s3(place)
    return BucketRefused("bucket_failed", f"The host {host} broke off the answer.", transient=True)


def _no_s3(place: Place) -> BucketRefused:
    host = urlsplit(place.endpoint).hostname
    detail = f"The host {host} does not answer as S3 does. Give the endpoint of the service, not its web console."
    return BucketRefused("endpoint_invalid", detail)


# Codes of S3's error answers. Source: the list of error responses in Amazon's S3 API reference.
_GONE = {"NoSuchKey", "404", "NotFound"}
_THROTTLED = {
    "SlowDown",
    "ServiceUnavailable",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "503",
    "429",
}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"}
_OLD_KEYS = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}


def _refusal(response: Mapping[str, Any], place: Place, key: str, signed: bool) -> BucketRefused:
    """Return what an error answer means, in a sentence that says what to do.

    Codes: ``object_gone``, ``object_changed``, ``bucket_missing``, ``keys_unknown``, ``keys_wrong``, ``keys_expired``,
    ``access_denied``, ``bucket_throttled``, ``region_wrong``, ``clock_wrong``, ``bucket_failed``.
    """
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    name, host = place.bucket, urlsplit(place.endpoint).hostname
    if code == "NoSuchBucket" or (code in _GONE and not key):
        return BucketRefused("bucket_missing", f"There is no bucket {name} at {host}. Was it removed or renamed?")
    if code in _GONE:
        return BucketRefused("object_gone", "The object was removed after it was listed.", transient=True)
    if code == "PreconditionFailed" or status == 412:
        detail = "The object was replaced after it was listed. The next sync takes the new one."
        return BucketRefused("object_changed", detail, transient=True)
    if code == "InvalidAccessKeyId":
        return BucketRefused("keys_unknown", f"{host} does not know the access key. Has it been removed or replaced?")
    if code == "SignatureDoesNotMatch":
        return BucketRefused("keys_wrong", f"The secret key does not fit the access key, says {host}.")
    if code in _OLD_KEYS:
        return BucketRefused("keys_expired", f"The keys for {host} have expired. An operator must renew them.")
    if code == "RequestTimeTooSkewed":
        return BucketRefused("clock_wrong", f"The clocks of this server and of {host} differ by more than 15 minutes.")
    if code in _THROTTLED or status in {429, 503}:
        detail = f"{host} asks for patience: too many requests. The next sync goes on where this one stopped."
        return BucketRefused("bucket_throttled", detail, transient=True)
    if code in _ELSEWHERE:
        where = error.get("Region") or response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(
            "x-amz-bucket-region"
        )
        hint = f"It is in {where}: put that into the region." if where else "Put its region into the source."
        return BucketRefused("region_wrong", f"The bucket {name} is in another region. {hint}")
    if code == "500":
        # What botocore makes of an answer that is no XML of S3.
        return _no_s3(place)
    if code == "AccessDenied" or status in {401, 403}:
        return _denied(place, key, signed)
    detail = f"{host} answered with {code or 'an error'} ({status})."
    return BucketRefused("bucket_failed", detail, transient=status >= 500)


def _denied(place: Place, key: str, signed: bool) -> BucketRefused:
    may = f"read {key}" if key else f"list the bucket {place.bucket}"
    need = "s3:GetObject" if key else "s3:ListBucket"
    detail = f"These keys may not {may}. They need the permission {need}."
    if not signed:
        detail = f"Without keys nobody may {may}. Name keys that have the permission {need}."
    return BucketRefused("access_denied", detail, transient=bool(key))
