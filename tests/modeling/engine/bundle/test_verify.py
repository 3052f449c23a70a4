"""Bundles that were altered, and what is said of each."""

import hashlib
import json
import zipfile

import onnx
import pytest

from modeling.engine.bundle import verify_bundle
from modeling.engine.errors import BundleInvalid


def members_of(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, members: dict[str, bytes], *, list_again: bool = False):
    """Write a zip; with `list_again` the manifest gets the hashes of what is there."""
    if list_again:
        manifest = json.loads(members["manifest.json"])
        manifest["members"] = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in members.items()
            if name != "manifest.json"
        }
        members = {**members, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_one_changed_byte_is_noticed(exported, tmp_path):
    members = members_of(exported.path)
    members["labels.json"] = members["labels.json"].replace(b"ham", b"eel")
    with pytest.raises(BundleInvalid, match=r"labels\.json does not have the hash"):
        verify_bundle(write(tmp_path / "b.zip", members))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/passwd", "weights.pkl", "LICENSES/../x.txt", "model.onnx.data"])
def test_members_of_other_names_are_refused(exported, tmp_path, name):
    members = {**members_of(exported.path), name: b"x"}
    with pytest.raises(BundleInvalid, match="which no bundle may hold"):
        verify_bundle(write(tmp_path / "b.zip", members, list_again=True))


def test_missing_member_is_named(exported, tmp_path):
    members = members_of(exported.path)
    del members["predict.py"]
    with pytest.raises(BundleInvalid, match=r"lacks predict\.py"):
        verify_bundle(write(tmp_path / "b.zip", members))


def test_unlisted_licence_is_refused(exported, tmp_path):
    members = {**members_of(exported.path), "LICENSES/extra.txt": b"x"}
    with pytest.raises(BundleInvalid, match="exactly the members"):
        verify_bundle(write(tmp_path / "b.zip", members))


def test_data_outside_the_graph_is_refused(exported, tmp_path):
    members = members_of(exported.path)
    model = onnx.load_model_from_string(members["model.onnx"])
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    members["model.onnx"] = model.SerializeToString()
    with pytest.raises(BundleInvalid, match="outside the file"):
        verify_bundle(write(tmp_path / "b.zip", members, list_again=True))


def test_foreign_operators_are_refused(exported, tmp_path):
    members = members_of(exported.path)
    model = onnx.load_model_from_string(members["model.onnx"])
    model.graph.node[0].domain = "evil.example"
    members["model.onnx"] = model.SerializeToString()
    with pytest.raises(BundleInvalid, match=r"evil\.example"):
        verify_bundle(write(tmp_path / "b.zip", members, list_again=True))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"x" * 1000])
def test_files_that_are_no_zip_are_refused(tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(BundleInvalid, match="not a whole zip"):
        verify_bundle(tmp_path / "b.zip")


def test_cut_off_bundle_is_refused(exported, tmp_path):
    (tmp_path / "b.zip").write_bytes(exported.path.read_bytes()[:-5000])
    with pytest.raises(BundleInvalid):
        verify_bundle(tmp_path / "b.zip")


def test_a_member_that_unpacks_too_far_is_refused(exported, tmp_path):
    members = {**members_of(exported.path), "README.md": bytes(41 * 2**20)}
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BundleInvalid, match=r"README\.md unpacks to more"):
        verify_bundle(path)


def test_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(BundleInvalid, match="cannot be read"):
        verify_bundle(tmp_path / "none.zip")
