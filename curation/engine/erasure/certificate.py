"""Certificates of erasures: signed JSON that anybody can check, with hashes that prove the rest untouched."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from curation.engine.content_hash import ContentHash
from curation.engine.erasure.rewriting import kept_rows
from curation.engine.pii.pseudonyms import derive

FORMAT = "assay-erasure-certificate-1"
ALGORITHM = "Ed25519"


class CertificateError(ValueError):
    """A certificate that does not hold; the sentence says what is wrong with it."""


def canonical_bytes(body: dict[str, Any]) -> bytes:
    """Return what is signed: JSON with sorted keys, without blanks, as UTF-8, and without the signature itself."""
    bare = {name: value for name, value in body.items() if name != "signature"}
    return json.dumps(bare, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def sign(body: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Return a certificate with its signature (Ed25519, RFC 8032) and the public key that checks it.

    Args:
        body: The certificate; JSON alone.
        key: Secret bytes of the organization; the signing key is derived from them.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(derive(key, "erasure certificates"))
    public = private.public_key().public_bytes_raw().hex()
    signature = {"algorithm": ALGORITHM, "public_key": public, "value": private.sign(canonical_bytes(body)).hex()}
    return {**body, "signature": signature}


def verify(certificate: dict[str, Any], public_key: str = "") -> None:
    """Check the signature of a certificate.

    Args:
        certificate: As `sign` returned it.
        public_key: The organization's key in hexadecimal digits, known from elsewhere; without it only that nothing was
            changed since it was signed is checked, not by whom.

    Raises:
        CertificateError: It is no certificate, was changed, or was signed with another key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if certificate.get("format") != FORMAT or not isinstance(certificate.get("signature"), dict):
        raise CertificateError(f"This is no certificate of an erasure: its format is not {FORMAT}.")
    signature = certificate["signature"]
    if public_key and signature.get("public_key") != public_key.strip().lower():
        raise CertificateError("The certificate was signed with another key than the one given.")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["public_key"]))
        public.verify(bytes.fromhex(signature["value"]), canonical_bytes(certificate))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise CertificateError("The certificate was changed after it was signed.") from None


def rest_of_files(paths: list[Path], items: list[int]) -> str:
    """Return the hash over the rows of Parquet files, in order, without some items.

    Args:
        paths: The parts of a version, or one download of it as Parquet; from before or after the erasure.
        items: The items that were erased.
    """
    gone = np.array(sorted(items), np.int64)
    whole: ContentHash | None = None
    for path in paths:
        for table in kept_rows(path, gone, lambda: None):
            whole = whole or ContentHash(table.schema)
            whole.update(table)
    if whole is None:
        raise CertificateError("The files hold no rows.")
    return whole.hexdigest()
