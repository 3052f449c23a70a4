"""The service's signature on its bundles."""

from pathlib import Path

import pytest

from core.errors import DomainError
from modeling.engine.bundle.signature import new_key, public_key_of, read_public_key, signature_of
from modeling.services.signing import KEY_FILE, public_key, signature_state, signing_key


@pytest.fixture(autouse=True)
def keys(settings, tmp_path: Path) -> Path:
    settings.ASSAY_KEYS = tmp_path / "keys"
    return settings.ASSAY_KEYS


def test_the_key_is_made_once_and_only_its_owner_reads_it(keys: Path) -> None:
    first = signing_key()
    assert signing_key() == first
    assert (keys / KEY_FILE).stat().st_mode & 0o777 == 0o600
    said = public_key()
    assert read_public_key(said["pem"].encode()) == read_public_key(said["key"].encode()) == public_key_of(first)


def test_a_damaged_key_is_said(keys: Path) -> None:
    keys.mkdir()
    (keys / KEY_FILE).write_bytes(b"half a key")
    with pytest.raises(DomainError) as refusal:
        signing_key()
    assert (refusal.value.code, refusal.value.status) == ("key_unusable", 503)


def test_whose_signature_it_is(keys: Path) -> None:
    manifest = b"{}"
    ours = {"manifest.json": manifest, "signature.json": signature_of(manifest, signing_key())}
    other = {"manifest.json": manifest, "signature.json": signature_of(manifest, new_key())}
    assert signature_state(ours) == {"state": "ours", "fingerprint": public_key()["fingerprint"]}
    assert signature_state(other)["state"] == "other"
    assert signature_state({**ours, "manifest.json": b"[]"}) == {"state": "broken", "fingerprint": None}
    assert signature_state({"manifest.json": manifest}) == {"state": "none", "fingerprint": None}
