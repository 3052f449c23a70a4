"""Pictures as arrays, whole or broken."""

import zlib

import numpy as np
import pytest
from PIL import Image

from curation.engine.embedding.errors import Cancelled
from curation.engine.pictures.decode import PictureError
from modeling.engine.bundle.runtime.pixels import normalised, on_canvas, whole_steps
from modeling.engine.pictures.loading import PictureStore, load


def save(path, width, height, **given):
    Image.new("RGB", (width, height), (10, 200, 30)).save(path, **given)
    return path


def test_a_large_picture_is_scaled_and_a_small_one_is_not(tmp_path):
    large = load(save(tmp_path / "large.png", 400, 200), 100)
    assert large.pixels.shape == (50, 100, 3)
    assert large.scale == (0.25, 0.25)
    assert load(save(tmp_path / "small.png", 40, 20), 100).pixels.shape == (20, 40, 3)


def test_a_turned_photograph_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert load(save(tmp_path / "turned.jpg", 60, 20, exif=exif), 100).pixels.shape == (60, 20, 3)


def test_a_picture_that_says_it_is_enormous_is_refused_before_a_pixel_is_read(tmp_path):
    path = save(tmp_path / "huge.png", 10, 10)
    data = bytearray(path.read_bytes())
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    with pytest.raises(PictureError, match="at most 89 million are decoded"):
        load(path, 100)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(PictureError, match=r"The picture's file cannot be read \(No such file or directory\)."):
        load(tmp_path / "nowhere.png", 100)


def test_broken_pictures_are_named_by_row_and_the_others_are_kept(tmp_path):
    paths = [save(tmp_path / f"{number}.png", 8, 8) for number in range(3)]
    paths[1].write_bytes(b"text")
    store = PictureStore(paths, 32)
    broken = store.broken()
    assert [each.row for each in broken] == [1]
    assert broken[0].told("b") == {
        "id": "b",
        "reason": "This is no picture of a known format (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF).",
    }
    good = store.of([0, 2])
    paths[2].unlink()
    assert good[1].pixels.shape == (8, 8, 3)


def test_pictures_beyond_the_memory_are_read_again(tmp_path):
    paths = [save(tmp_path / f"{number}.png", 8, 8) for number in range(2)]
    store = PictureStore(paths, 32, kept_bytes=8 * 8 * 3)
    first, second = store[0], store[1]
    assert store[0] is first
    assert store[1] is not second


def test_reading_stops_when_it_is_told_to(tmp_path):
    store = PictureStore([save(tmp_path / "a.png", 8, 8)], 32)
    with pytest.raises(Cancelled):
        store.broken(cancelled=lambda: True)


def test_canvases_are_grey_whole_steps_of_32():
    assert [whole_steps(length) for length in (1, 32, 33)] == [32, 32, 64]
    canvas = on_canvas(np.zeros((2, 3, 3), np.uint8), 4, 4)
    assert canvas[:, :, 0].tolist() == [[0, 0, 0, 127], [0, 0, 0, 127], [127] * 4, [127] * 4]
    assert normalised(canvas)[0, 3].tolist() == [0, 0, 0, 0]
