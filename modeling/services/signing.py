"""The key by which this service signs its bundles, and what it finds of a bundle's signature."""

import base64
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import DomainError
from curation.services.key_file import kept_key
from modeling.engine.errors import BundleInvalid, EngineError

# An operator may put a key of their own there before the first start: PEM, Ed25519.
KEY_FILE = "bundle-signing.pem"


def signing_key() -> bytes:
    """Return the private key in PEM, made at its first use.

    Raises:
        DomainError: ``key_unusable``: the file is no Ed25519 key.
    """
    from modeling.engine.bundle.signature import new_key, read_private_key

    private = kept_key(KEY_FILE, new_key)
    try:
        read_private_key(private)
    except EngineError:
        detail = _("The key that signs bundles is damaged. Restore keys/%(name)s from its copy.")
        raise DomainError("key_unusable", detail % {"name": KEY_FILE}, status=503) from None
    return private


def public_key() -> dict[str, str]:
    """Return the public key: ``algorithm``, ``key`` (32 bytes in base64), ``pem`` and ``fingerprint``."""
    from modeling.engine.bundle.signature import ALGORITHM, fingerprint_of, public_key_of, public_pem

    raw = public_key_of(signing_key())
    return {
        "algorithm": ALGORITHM,
        "key": base64.b64encode(raw).decode("ascii"),
        "pem": public_pem(raw).decode("ascii"),
        "fingerprint": fingerprint_of(raw),
    }


def signature_state(members: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what a bundle's signature is worth.

    Args:
        members: The bundle's manifest.json and, where it has one, its signature.json.

    Returns:
        ``state``: ``ours``, ``other`` (it holds, by another key: of another service, or ours before it was changed),
        ``broken`` or ``none``; ``fingerprint`` of the key that signed, None for the last two.
    """
    from modeling.engine.bundle.signature import checked_signature, public_key_of

    try:
        found = checked_signature(members)
    except BundleInvalid:
        return {"state": "broken", "fingerprint": None}
    if found is None:
        return {"state": "none", "fingerprint": None}
    ours = found.key == public_key_of(signing_key())
    return {"state": "ours" if ours else "other", "fingerprint": found.fingerprint}
