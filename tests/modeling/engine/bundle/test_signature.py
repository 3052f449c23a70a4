"""Signatures over bundles: what holds, what does not, and what is said of each."""

import base64
import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from modeling.engine.__main__ import main
from modeling.engine.bundle import verify_bundle
from modeling.engine.bundle.signature import (
    CONTEXT,
    fingerprint_of,
    new_key,
    public_key_of,
    public_pem,
    read_private_key,
    read_public_key,
    sign_bundle,
)
from modeling.engine.errors import BundleInvalid, EngineError
from tests.modeling.engine.small_bundle import members_of, small_bundle

KEY = new_key()


@pytest.fixture
def signed(tmp_path):
    path = small_bundle(tmp_path / "b.zip")
    path.write_bytes(sign_bundle(path.read_bytes(), KEY))
    return path


def replaced(path, **members: bytes):
    """Write members of a bundle anew, signature and all as given."""
    import zipfile

    whole = {**members_of(path.read_bytes()), **{name.replace("_", "."): content for name, content in members.items()}}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in whole.items():
            archive.writestr(name, content)
    return path


def test_who_signed_is_said(signed):
    assert verify_bundle(signed).signature.fingerprint == fingerprint_of(public_key_of(KEY))
    assert (
        verify_bundle(signed).signature.trusted,
        verify_bundle(signed, key=public_key_of(KEY)).signature.trusted,
    ) == (
        False,
        True,
    )
    other = public_key_of(new_key())
    with pytest.raises(BundleInvalid, match=r"is signed by SHA256:.*, not by SHA256:"):
        verify_bundle(signed, key=other)


def test_an_unsigned_bundle_is_taken_only_where_no_key_is_asked_for(tmp_path):
    path = small_bundle(tmp_path / "b.zip")
    assert verify_bundle(path).signature is None
    with pytest.raises(BundleInvalid, match="is not signed"):
        verify_bundle(path, key=public_key_of(KEY))


def test_an_altered_manifest_breaks_the_signature(signed):
    manifest = members_of(signed.read_bytes())["manifest.json"]
    with pytest.raises(BundleInvalid, match="signature does not hold"):
        verify_bundle(replaced(signed, manifest_json=manifest + b" "))


def test_a_signature_of_another_bundle_does_not_hold(signed, tmp_path):
    other = small_bundle(tmp_path / "o.zip", labels=("good", "bad"))
    with pytest.raises(BundleInvalid, match="signature does not hold"):
        verify_bundle(replaced(other, signature_json=members_of(signed.read_bytes())["signature.json"]))


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "none"},
        {"of": "README.md"},
        {"key": "AAAA"},
        {"key": 5},
        {"signature": ""},
        {"signature": None},
        {"key": "\u4f60"},
    ],
)
def test_a_signature_that_says_something_else_is_refused(signed, change):
    said = json.loads(members_of(signed.read_bytes())["signature.json"])
    with pytest.raises(BundleInvalid, match=r"signature"):
        verify_bundle(replaced(signed, signature_json=json.dumps({**said, **change}).encode()))


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_signature_that_is_none_is_refused(signed, content):
    with pytest.raises(BundleInvalid, match=r"signature\.json cannot be read"):
        verify_bundle(replaced(signed, signature_json=content))


def test_signing_again_replaces_and_equal_bundles_get_equal_bytes(signed, tmp_path):
    other = new_key()
    twice = sign_bundle(signed.read_bytes(), other)
    signed.write_bytes(twice)
    assert verify_bundle(signed).signature.key == public_key_of(other)
    plain = small_bundle(tmp_path / "p.zip").read_bytes()
    assert sign_bundle(plain, KEY) == sign_bundle(plain, KEY)
    assert members_of(sign_bundle(plain, KEY)).keys() - members_of(plain).keys() == {"signature.json"}


def test_a_signature_over_the_bare_manifest_is_none(signed):
    """What another program signs with the same key never passes for a signature of ours."""
    manifest = members_of(signed.read_bytes())["manifest.json"]
    said = json.loads(members_of(signed.read_bytes())["signature.json"])
    said["signature"] = base64.b64encode(read_private_key(KEY).sign(manifest)).decode()
    with pytest.raises(BundleInvalid, match="does not hold"):
        verify_bundle(replaced(signed, signature_json=json.dumps(said).encode()))
    said["signature"] = base64.b64encode(read_private_key(KEY).sign(CONTEXT + manifest)).decode()
    assert verify_bundle(replaced(signed, signature_json=json.dumps(said).encode())).signature


def test_keys_are_read_in_the_forms_that_people_have():
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    ssh = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    assert public_key_of(ssh) == raw
    ssh_public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    for form in (public_pem(raw), ssh_public, raw.hex().encode(), base64.b64encode(raw) + b"\n"):
        assert read_public_key(form) == raw


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN PUBLIC KEY-----", b"ssh-rsa AAAA", b"ff" * 31, b"\xff"])
def test_what_is_no_key_is_refused(content):
    with pytest.raises(EngineError) as refused:
        read_public_key(content)
    assert refused.value.code == "bad_key"
    with pytest.raises(EngineError) as refused:
        read_private_key(content)
    assert refused.value.code == "bad_key"


def test_keys_of_another_kind_are_refused():
    other = generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(EngineError, match="Ed25519"):
        read_private_key(other)


def test_verify_says_who_signed_and_refuses_who_did_not(signed, tmp_path, capsys):
    (tmp_path / "ours.pub").write_bytes(public_pem(public_key_of(KEY)))
    (tmp_path / "other.pub").write_bytes(public_pem(public_key_of(new_key())))
    assert main(["verify", str(signed), "--key", str(tmp_path / "ours.pub")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trusted"], found["signed_by"]) == (True, fingerprint_of(public_key_of(KEY)))
    assert main(["verify", str(signed), "--key", str(tmp_path / "other.pub")]) == 1
    assert "not by SHA256:" in capsys.readouterr().err
    assert main(["verify", str(small_bundle(tmp_path / "u.zip"))]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["signed_by"] is None
    assert "is not signed" in said.err


def test_verify_judges_again_on_rows(signed, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"free {i},spam\nhome {i},ham\n" for i in range(8)), encoding="utf-8")
    # The small bundle states no float figure, so there is nothing to compare with.
    assert main(["verify", str(signed), "--parity", str(rows)]) == 1
    assert "does not state the float model's macro_f1" in capsys.readouterr().err


def test_a_real_bundle_is_judged_again_beside_its_float_model(exported, trained, sms):
    from modeling.engine.bundle.again import judge_again
    from modeling.engine.serving import Predictor

    found = judge_again(Predictor(exported.path), sms.part("test"), 5.0, trained, sms)
    assert found["rows"] == len(sms.part("test").inputs)
    recorded = exported.metrics
    assert found["figures"]["macro_f1"] == recorded["bundle"]["macro_f1"]
    assert found["gate"]["float_figure"] == recorded["float"]["macro_f1"]
    assert found["parity"]["same_answer"] == recorded["rungs"][-1]["same_answer"]
    stated = judge_again(Predictor(exported.path), sms.part("test"), 5.0)
    assert (stated["parity"], stated["gate"]["loss_points"]) == (None, found["gate"]["loss_points"])


def test_looking_at_a_signature_loads_neither_torch_nor_onnxruntime():
    code = (
        "import sys, modeling.engine.bundle.signature\n"
        "print(sorted({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
