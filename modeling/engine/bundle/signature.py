"""Who vouches for a bundle: an Ed25519 signature over its manifest, which holds the hash of every other member.

The member signature.json names the public key, so anyone can tell whether the signature holds; whose key it is, only
a key that came by another way can tell.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.pack import SIGNATURE, add_member, to_json
from modeling.engine.errors import BundleInvalid, EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "Ed25519"
# Keeps a signature over a manifest from being passed off as one over something else.
CONTEXT = b"assay bundle manifest, format 2\n"


@dataclass(frozen=True)
class Signature:
    """A signature that holds: the raw public key (32 bytes), its fingerprint, and when a trusted key was named,
    whether this is it."""

    key: bytes
    trusted: bool

    @property
    def fingerprint(self) -> str:
        """Return `SHA256:` and the hash of the key, as OpenSSH writes fingerprints."""
        return fingerprint_of(self.key)


def fingerprint_of(key: bytes) -> str:
    """Return the fingerprint of a raw public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")


def new_key() -> bytes:
    """Return a new private key as PEM (PKCS 8, without a pass phrase)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_private_key(content: bytes) -> Ed25519PrivateKey:
    """Return a private key from PEM or from OpenSSH's form.

    Raises:
        EngineError: code `bad_key`: it is none, has a pass phrase, or is of another kind.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    load = (
        serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in content else serialization.load_pem_private_key
    )
    try:
        key = load(content, password=None)
    except (ValueError, TypeError) as error:
        raise EngineError(
            "The key is no private key that can be read without a pass phrase.", code="bad_key"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EngineError("The key must be of the kind Ed25519: openssl genpkey -algorithm ed25519.", code="bad_key")
    return key


def public_key_of(private: bytes) -> bytes:
    """Return the raw public key (32 bytes) of a private key in PEM."""
    return read_private_key(private).public_key().public_bytes_raw()


def read_public_key(content: bytes) -> bytes:
    """Return a raw public key from PEM, OpenSSH's form, 64 hexadecimal digits or base64.

    Raises:
        EngineError: code `bad_key`.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    content = content.strip()
    try:
        if content.startswith((b"-----BEGIN", b"ssh-")):
            ssh = content.startswith(b"ssh-")
            key = (serialization.load_ssh_public_key if ssh else serialization.load_pem_public_key)(content)
            if isinstance(key, Ed25519PublicKey):
                return key.public_bytes_raw()
        raw = bytes.fromhex(content.decode("ascii")) if len(content) == 64 else base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != 32:
        raise EngineError("This is no Ed25519 public key: PEM, OpenSSH, 64 hex digits or base64.", code="bad_key")
    return raw


def public_pem(key: bytes) -> bytes:
    """Return a raw public key as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(key)
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def signature_of(manifest: bytes, private: bytes) -> bytes:
    """Return the content of signature.json; equal arguments give equal bytes, as Ed25519 takes no chance number."""
    key = read_private_key(private)
    return to_json(
        {
            "algorithm": ALGORITHM,
            "key": _text(key.public_key().public_bytes_raw()),
            "of": "manifest.json",
            "signature": _text(key.sign(CONTEXT + manifest)),
        }
    )


def sign_bundle(content: bytes, private: bytes) -> bytes:
    """Return a bundle's bytes with a signature in it; one that was there is replaced."""
    return add_member(content, SIGNATURE, lambda members: signature_of(members["manifest.json"], private))


def checked_signature(members: Mapping[str, bytes], key: bytes | None = None) -> Signature | None:
    """Return the signature of a bundle's members, None where there is none and none is asked for.

    Args:
        members: By name, at least the manifest.
        key: The raw public key that must have signed.

    Raises:
        BundleInvalid: The signature does not hold, or is not by the key asked for.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if SIGNATURE not in members:
        if key is not None:
            raise BundleInvalid(f"The bundle is not signed; it must be by {fingerprint_of(key)}.")
        return None
    try:
        said = json.loads(members[SIGNATURE])
        known = said["algorithm"] == ALGORITHM and said["of"] == "manifest.json"
        raw, signature = _bytes(said["key"]), _bytes(said["signature"])
        public = Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleInvalid(f"{SIGNATURE} cannot be read.") from error
    if not known:
        raise BundleInvalid(f"{SIGNATURE} is of a kind that this version does not know.")
    try:
        public.verify(signature, CONTEXT + members["manifest.json"])
    except InvalidSignature as error:
        raise BundleInvalid(
            "The signature does not hold: manifest.json was altered after it was signed, or signature.json was."
        ) from error
    if key is not None and raw != key:
        raise BundleInvalid(f"The bundle is signed by {fingerprint_of(raw)}, not by {fingerprint_of(key)}.")
    return Signature(raw, key is not None)


def read_key_file(path: Path) -> bytes:
    """Return the raw public key in a file."""
    return read_public_key(path.read_bytes())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)
