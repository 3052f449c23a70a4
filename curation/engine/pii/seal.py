"""Sealed records: what only the holder of a key can read, and nobody can change unseen.

Each record is nonce (16 bytes), tag (32), length (4, big-endian) and the text, encrypted by the key stream of
SHAKE-256 over key and nonce and authenticated with HMAC-SHA-256 over nonce, length and cipher text, in that order
(encrypt, then authenticate; Bellare and Namprempre 2000). SHAKE-256 with a secret prefix is a pseudorandom function
(Bertoni and others 2011, "On the security of the keyed sponge construction"); both come with Python, so that opening a
file needs nothing installed.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import BinaryIO

from curation.engine.pii.pseudonyms import derive

_NONCE, _TAG, _LENGTH = 16, 32, 4
LONGEST = 64 << 20


class SealError(ValueError):
    """A sealed file that this key does not open, or that was changed."""


def seal(key: bytes, text: bytes) -> bytes:
    """Return one sealed record."""
    if len(text) > LONGEST:
        raise ValueError(f"A sealed record has at most {LONGEST} bytes.")
    nonce = os.urandom(_NONCE)
    hidden = _mix(key, nonce, text)
    length = len(hidden).to_bytes(_LENGTH, "big")
    return nonce + _tag(key, nonce, length, hidden) + length + hidden


def unseal(key: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Give the texts of all records of a stream.

    Raises:
        SealError: The key is another one, or a byte was changed or lost.
    """
    while head := stream.read(_NONCE + _TAG + _LENGTH):
        nonce, tag, length = head[:_NONCE], head[_NONCE : _NONCE + _TAG], head[_NONCE + _TAG :]
        size = int.from_bytes(length, "big")
        hidden = stream.read(size) if len(length) == _LENGTH and size <= LONGEST else b""
        if len(hidden) != size or not hmac.compare_digest(tag, _tag(key, nonce, length, hidden)):
            raise SealError("The sealed file does not open with this key, or it was changed.")
        yield _mix(key, nonce, hidden)


def _tag(key: bytes, nonce: bytes, length: bytes, hidden: bytes) -> bytes:
    return hmac.new(derive(key, "authenticate"), nonce + length + hidden, hashlib.sha256).digest()


def _mix(key: bytes, nonce: bytes, text: bytes) -> bytes:
    stream = hashlib.shake_256(derive(key, "encrypt") + nonce).digest(len(text))
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(text), "big")
