from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from curation.engine.media import hash_of, walk_files
from curation.engine.near_pictures.search import PictureSearch
from curation.engine.near_pictures.store import Store
from tests.curation.engine.near_pictures.drawing import save, scene
from tests.live import ROOT

PDQ = ROOT / "tests" / "data" / "near_pictures"


def found(folder: Path, store: Path, **params: Any) -> dict[tuple[str, str], float]:
    """Return the score of each pair of file names."""
    paths = walk_files(folder)
    names = [hash_of(path) for path in paths]
    by_name = dict(zip(names, paths, strict=True))
    first, second, score = PictureSearch(**params).run(names, by_name.get, Store(store)).pairs()
    pairs = zip(first.tolist(), second.tolist(), score.tolist(), strict=True)
    return {(paths[one].name, paths[two].name): alike for one, two, alike in pairs}


def test_all_pairs_of_the_pdq_pictures_and_no_others(tmp_path: Path) -> None:
    names = [path.name for path in walk_files(PDQ)]
    bridges = [name for name in names if "bridge" in name]
    wanted = {(one, two) for one in bridges for two in bridges if one < two}
    assert (len(names), len(bridges), len(wanted)) == (27, 20, 190)
    assert set(found(PDQ, tmp_path, flips=True, turns=True)) == wanted


def test_flips_and_turns_are_found_only_when_asked_for(tmp_path: Path) -> None:
    upright = found(PDQ, tmp_path)
    moved = {f"dih_bridge-{name}" for name in ("2-rotate-90.jpg", "3-rotate-180.jpg", "5-flipx.jpg", "6-flipy.jpg")}
    assert len(upright) == 78  # the 13 that are neither mirrored nor turned
    assert not any(set(pair) & moved for pair in upright)
    flipped = found(PDQ, tmp_path, flips=True)
    assert ("dih_bridge-1-original.jpg", "dih_bridge-5-flipx.jpg") in flipped
    assert ("dih_bridge-1-original.jpg", "dih_bridge-6-flipy.jpg") in flipped
    assert ("dih_bridge-1-original.jpg", "dih_bridge-2-rotate-90.jpg") not in flipped


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: pixels[30:, 40:],
        lambda pixels: pixels[:240, 60:380],
        lambda pixels: cv2.warpAffine(pixels, cv2.getRotationMatrix2D((200, 150), 7, 1), (400, 300)),
        lambda pixels: cv2.resize(pixels, (130, 97), interpolation=cv2.INTER_AREA),
        lambda pixels: cv2.resize(pixels, (300, 300)),
        lambda pixels: cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
        lambda pixels: np.clip(pixels.astype(int) + 45, 0, 255).astype(np.uint8),
        lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 2),
    ],
    ids=["crop of a corner", "crop", "slanted", "small", "square", "grey", "bright", "blurred"],
)
def test_a_changed_copy_is_found_among_others(tmp_path: Path, change: Any) -> None:
    for seed in range(6):
        save(tmp_path / "in" / f"other-{seed}.jpg", scene(seed))
    save(tmp_path / "in" / "a.jpg", scene(77))
    save(tmp_path / "in" / "b.jpg", change(scene(77)), quality=60)
    pairs = found(tmp_path / "in", tmp_path / "store")
    assert list(pairs) == [("a.jpg", "b.jpg")]
    assert pairs["a.jpg", "b.jpg"] > 0.8


def test_without_parts_whole_copies_are_found_and_crops_are_not(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.jpg", scene(77))
    save(tmp_path / "in" / "corner.jpg", scene(77)[90:, 120:])
    save(tmp_path / "in" / "mirrored.jpg", scene(77)[:, ::-1])
    save(tmp_path / "in" / "small.jpg", scene(77)[::2, ::2], quality=50)
    save(tmp_path / "in" / "other.jpg", scene(78))
    assert set(found(tmp_path / "in", tmp_path / "store", parts=False)) == {("a.jpg", "small.jpg")}
    flipped = {("a.jpg", "mirrored.jpg"), ("a.jpg", "small.jpg"), ("mirrored.jpg", "small.jpg")}
    assert set(found(tmp_path / "in", tmp_path / "store", parts=False, flips=True)) == flipped
    # The store has no key points yet, and they are not missed.
    assert ("a.jpg", "corner.jpg") in found(tmp_path / "in", tmp_path / "store")


def marked(pixels: np.ndarray, shade: int) -> np.ndarray:
    """Write large words across a picture at half strength."""
    layer, scale = pixels.copy(), pixels.shape[1] / 260
    for row in range(3):
        at = (round(pixels.shape[1] * 0.05), round(pixels.shape[0] * (0.28 + 0.28 * row)))
        cv2.putText(layer, "SAMPLE PROOF", at, cv2.FONT_HERSHEY_DUPLEX, scale, (shade,) * 3, round(scale * 2))
    return cv2.addWeighted(layer, 0.5, pixels, 0.5, 0)


@pytest.mark.parametrize("shade", [255, 0], ids=["white words", "black words"])
def test_a_copy_under_large_words_is_found_and_no_other_picture_under_the_same_words(
    tmp_path: Path, shade: int
) -> None:
    """The pictures have little contrast, so that most of what can be seen is the words."""
    sources = {
        "bridge": "bridge-mods_blur-a-lot.jpg",
        "street": "labelme-subset_q0746.jpg",
        "sea": "labelme-subset_q2821.jpg",
    }
    pixels = {name: cv2.imread(str(PDQ / file)) for name, file in sources.items()}
    pixels |= {f"soft {seed}": cv2.GaussianBlur(scene(seed), (0, 0), 6) for seed in range(3)}
    for name, picture in pixels.items():
        pale = np.asarray(picture * 0.35 + 90, np.uint8)
        save(tmp_path / "in" / f"{name}.jpg", pale)
        save(tmp_path / "in" / f"{name} marked.jpg", marked(pale, shade), quality=75)
    pairs = found(tmp_path / "in", tmp_path / "store")
    assert set(pairs) == {(f"{name} marked.jpg", f"{name}.jpg") for name in pixels}


def test_blank_pages_are_like_nothing_but_equal_files_are(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / "in" / f"blank-{number}.jpg", np.full((200, 150, 3), 250 + number, np.uint8))
    (tmp_path / "in" / "copy.jpg").write_bytes((tmp_path / "in" / "blank-2.jpg").read_bytes())
    assert found(tmp_path / "in", tmp_path / "store") == {("blank-2.jpg", "copy.jpg"): 1.0}


def test_one_shape_in_other_colours_is_no_copy_but_a_grey_one_is(tmp_path: Path) -> None:
    pixels = np.full((300, 300, 3), 128, np.uint8)
    grey = cv2.cvtColor(scene(5, 300, 300), cv2.COLOR_BGR2GRAY)
    for name, tint in (("red", (0.5, 0.6, 1.0)), ("blue", (1.0, 0.7, 0.3)), ("grey", (1, 1, 1))):
        save(tmp_path / "in" / f"{name}.jpg", np.asarray(grey[:, :, None] * np.array(tint), np.uint8))
    assert pixels.std() == 0
    assert set(found(tmp_path / "in", tmp_path / "store")) == {("blue.jpg", "grey.jpg"), ("grey.jpg", "red.jpg")}


def test_what_transparency_hides_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for seed in (1, 2):
        hidden = np.dstack([scene(9), np.zeros((300, 400), np.uint8)])
        cv2.ellipse(hidden, (60 + 150 * seed, 150), (40, 20 * seed), 0, 0, 360, (30, 30, 200, 255), -1)
        cv2.imwrite(str(tmp_path / "in" / f"{seed}.png"), hidden)
    assert found(tmp_path / "in", tmp_path / "store") == {}


def test_the_same_pairs_with_one_thread_and_with_a_store_that_is_filled(tmp_path: Path) -> None:
    cold = found(PDQ, tmp_path / "one", threads=1)
    assert found(PDQ, tmp_path / "two", threads=3) == cold
    written = (
        (tmp_path / "two").stat().st_mtime_ns,
        sorted(path.stat().st_size for path in (tmp_path / "two").iterdir()),
    )
    assert found(PDQ, tmp_path / "two") == cold
    assert written[1] == sorted(path.stat().st_size for path in (tmp_path / "two").iterdir())


def test_broken_pictures_are_listed_and_the_others_are_searched(tmp_path: Path) -> None:
    good = save(tmp_path / "a.jpg", scene(3))
    paths = [good, save(tmp_path / "b.jpg", scene(3), quality=40)]
    for name, data in (
        ("cut.jpg", good.read_bytes()[:4000]),
        ("empty.png", b""),
        ("text.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("lying.jpg", b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + b"\x00" * 9 + b"\xff\xd9"),
    ):
        (tmp_path / name).write_bytes(data)
        paths.append(tmp_path / name)
    names = [hash_of(path) for path in paths]
    result = PictureSearch().run(
        [*names, "0" * 64, None], dict(zip(names, paths, strict=True)).get, Store(tmp_path / "s")
    )
    assert [pair.tolist() for pair in result.pairs()[:2]] == [[0], [1]]
    assert result.broken == {
        2: "The JPEG is cut off: it has no end.",
        3: "The file is empty.",
        4: "This is an SVG drawing, which can carry scripts. Export it as PNG.",
        5: "The picture has 65535 × 65535 pixels, more than 178,956,970.",
        6: "There is no file of this picture.",
    }


def test_a_store_that_a_kill_left_half_written_goes_on(tmp_path: Path) -> None:
    cold = found(PDQ, tmp_path)
    names = next(tmp_path.glob("*.jsonl"))
    lines = names.read_text().splitlines(keepends=True)
    names.write_text("".join(lines[:5]) + lines[5][:20])
    assert found(PDQ, tmp_path) == cold
    assert len(names.read_text().splitlines()) == len(lines)


@pytest.mark.parametrize("threshold", [0.29, 1.01])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold is {threshold}; it must be from 0.3 to 1"):
        PictureSearch(threshold)
