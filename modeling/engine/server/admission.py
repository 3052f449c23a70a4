"""Who may ask, how much, and how many at one time."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict

from modeling.engine.server.problem import Problem, retry_later

# Addresses and tokens whose quota is remembered; the longest silent one makes room.
MOST_REMEMBERED = 10_000


class Door:
    """Bearer tokens. Only their hashes are held, so comparing takes the same time whatever was sent."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self._tokens = tokens

    def who(self, authorization: str | None, address: str) -> str:
        """Return the name of a token, or without tokens the address that asks.

        Raises:
            Problem: 401 `token_missing` or `token_wrong`.
        """
        if not self._tokens:
            return address
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise _closed("token_missing", "Send the header Authorization: Bearer TOKEN.", "Bearer")
        name = self._tokens.get(hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest())
        if name is None:
            raise _closed("token_wrong", "This token is not known here.", 'Bearer error="invalid_token"')
        return name


def _closed(code: str, detail: str, challenge: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": challenge})


class Quota:
    """Inputs a minute for each who asks: a bucket that holds a minute's worth and fills evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, inputs: int, now: float | None = None) -> None:
        """Take from the bucket of one who asks.

        Raises:
            Problem: 429 `quota_spent`, with the seconds until there is enough; 413 where there never will be.
        """
        if not self._per_minute:
            return
        if inputs > self._per_minute:
            detail = f"{inputs} inputs at once are more than the {self._per_minute} a minute that are allowed."
            raise Problem(413, "quota_too_small", detail + " Send them in parts.")
        now = time.monotonic() if now is None else now
        left, since = self._left.get(who, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        if left < inputs:
            seconds = math.ceil((inputs - left) * 60 / self._per_minute)
            detail = f"The {self._per_minute} inputs a minute are spent. Send this again in {seconds} seconds."
            raise retry_later(429, "quota_spent", detail, seconds)
        self._left[who] = (left - inputs, now)
        self._left.move_to_end(who)
        if len(self._left) > MOST_REMEMBERED:
            self._left.popitem(last=False)


class Places:
    """Places for requests that are computed or wait for it, and for the bytes of bodies that are held."""

    def __init__(self, requests: int, held_bytes: int) -> None:
        self._requests, self._bytes = requests, held_bytes

    def enter(self) -> None:
        """Take a place.

        Raises:
            Problem: 429 `too_busy`.
        """
        if self._requests < 1:
            raise retry_later(429, "too_busy", "All places are taken. Send this again in a second.")
        self._requests -= 1

    def leave(self) -> None:
        """Give a place back."""
        self._requests += 1

    def hold(self, size: int) -> None:
        """Take room for bytes of a body.

        Raises:
            Problem: 503 `bodies_too_many`.
        """
        if size > self._bytes:
            raise retry_later(503, "bodies_too_many", "Too many large requests at once. Send this again in a second.")
        self._bytes -= size

    def release(self, size: int) -> None:
        """Give the room back."""
        self._bytes += size
