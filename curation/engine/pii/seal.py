"""Sealed records: what only the holder of a key can read, and nobody can change unseen.

Each record is nonce (12 bytes), length (4, big-endian) and AES-256-GCM over the text, with the length as associated
data (NIST SP 800-38D; the implementation is that of the package cryptography). A nonce is drawn at random: NIST allows
2^32 records under one key, and a dataset has a key of its own.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from curation.engine.pii.pseudonyms import derive

_NONCE, _TAG, _LENGTH = 12, 16, 4
LONGEST = 64 << 20


class SealError(ValueError):
    """A sealed file that this key does not open, or that was changed."""


def seal(key: bytes, text: bytes) -> bytes:
    """Return one sealed record."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(text) > LONGEST:
        raise ValueError(f"A sealed record has at most {LONGEST} bytes.")
    nonce, length = os.urandom(_NONCE), (len(text) + _TAG).to_bytes(_LENGTH, "big")
    return nonce + length + AESGCM(derive(key, "seal")).encrypt(nonce, text, length)


def unseal(key: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Give the texts of all records of a stream.

    Raises:
        SealError: The key is another one, or a byte was changed or lost.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(derive(key, "seal"))
    while head := stream.read(_NONCE + _LENGTH):
        nonce, length = head[:_NONCE], head[_NONCE:]
        size = int.from_bytes(length, "big")
        hidden = stream.read(size) if len(length) == _LENGTH and size <= LONGEST + _TAG else b""
        try:
            # Of a record that was cut off the tag no longer fits either.
            text = cipher.decrypt(nonce, hidden if len(hidden) == size >= _TAG else bytes(_TAG), length)
        except InvalidTag:
            raise SealError("The sealed file does not open with this key, or it was changed.") from None
        yield text
