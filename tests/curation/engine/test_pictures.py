"""Decoding: what is refused, what is mended and named, and what the copies that people see hold."""

import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

from curation.engine.pictures.decode import PictureError, decode
from curation.engine.pictures.kinds import FORMATS, kind_of, lies, why_not
from curation.engine.pictures.taking import THUMB_SIDE, VIEW_SIDE, take
from tests.curation.engine.pictures import saved, scene

FORMAT_OPTIONS: Mapping[str, Mapping[str, Any]] = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def with_exif(image: Image.Image, values: Mapping[int, Any], gps: Mapping[int, Any] | None = None) -> bytes:
    exif = Image.Exif()
    for tag, value in values.items():
        exif[tag] = value
    if gps:
        exif.get_ifd(0x8825).update(gps)
    return saved(image, "JPEG", quality=95, exif=exif)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_known_by_its_content_and_decoded(kind: str) -> None:
    data = saved(scene(), kind, **FORMAT_OPTIONS.get(kind, {}))
    picture = take(data, f"a{FORMATS[kind][0]}")
    assert kind_of(data[:4096]) == kind
    assert (picture.format, picture.width, picture.height) == (kind, 64, 48)
    assert "wrong_extension" not in picture.oddities
    shown = np.asarray(opened(picture.view).convert("RGB"), float)
    assert np.abs(shown - np.asarray(scene(), float)).mean() < (1 if kind in {"PNG", "BMP", "TIFF"} else 12)


def test_a_name_is_compared_with_the_content() -> None:
    data = saved(scene(), "JPEG")
    assert take(data, "a.png").oddities == ("wrong_extension",)
    assert take(data, "a.JPEG").oddities == ()
    assert take(data, "a").oddities == ()
    assert lies("猫.gif", "PNG")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once_and_for_all(orientation: int) -> None:
    data = with_exif(scene(64, 48), {0x0112: orientation})
    picture = take(data)
    upright = ImageOps.exif_transpose(opened(data))
    assert (picture.width, picture.height) == upright.size
    assert picture.oddities == (("rotated",) if orientation > 1 else ())
    shown = opened(picture.view)
    assert np.abs(np.asarray(shown, float) - np.asarray(upright, float)).mean() < 2
    assert 0x0112 not in shown.getexif()


def test_place_and_device_are_named_and_stripped_from_the_copies() -> None:
    data = with_exif(scene(400, 300), {0x010F: "Acme", 0x0110: "Phone 7"}, gps={1: "N", 2: (52.0, 31.0, 12.0)})
    picture = take(data)
    assert picture.oddities == ("place", "device")
    for copy in (picture.view, picture.thumb):
        assert dict(opened(copy).getexif()) == {}
        assert set(opened(copy).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert b"Acme" not in copy
        assert b"Phone" not in copy


def test_a_profile_is_turned_into_srgb_and_a_broken_one_left_out() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert take(saved(scene(), "PNG", icc_profile=srgb)).oddities == ()
    assert take(saved(scene(), "PNG", icc_profile=b"no profile at all")).oddities == ("icc_broken",)
    # A profile for another kind of pixels fits no picture in RGB.
    assert take(saved(scene(), "PNG", icc_profile=lab)).oddities == ("icc_broken",)
    assert "icc_profile" not in opened(take(saved(scene(), "PNG", icc_profile=srgb)).view).info


def test_modes_are_shown_as_grey_or_colour_of_eight_bits() -> None:
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64)
    deep = take(saved(Image.fromarray(ramp.astype(np.uint16))))
    assert (deep.mode, deep.oddities) == ("I;16", ("sixteen_bit",))
    shown = np.asarray(opened(deep.view))
    assert (shown.dtype, shown[0, 0], shown[-1, -1]) == (np.uint8, 0, 255)
    assert np.abs(shown - ramp / 257).max() <= 0.51
    floats = take(saved(Image.fromarray((ramp / 65535 * 3 - 1).astype(np.float32)), "TIFF"))
    assert (floats.mode, floats.oddities) == ("F", ("sixteen_bit",))
    assert np.abs(np.asarray(opened(floats.view)).astype(float) - ramp / 257).max() <= 1
    assert take(saved(scene().convert("CMYK"), "JPEG")).oddities == ("cmyk",)
    assert take(saved(scene().convert("P"))).oddities == ("palette",)
    assert take(saved(scene().convert("1"))).mode == "1"


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 5, 10))
    picture = take(saved(image))
    assert picture.oddities == ("transparent",)
    shown = opened(picture.view)
    assert (shown.getpixel((2, 2)), shown.getpixel((8, 8))) == ((0, 0, 255), (255, 255, 255))
    # An alpha channel that is opaque all over changes nothing and is not spoken of.
    assert take(saved(scene().convert("RGBA"))).oddities == ()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_used(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    picture = take(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert "animated" in picture.oddities
    red, green, blue = opened(picture.view).convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    assert (red > 200, green < 60, blue < 60) == (True, True, True)


def test_a_large_jpeg_is_decoded_small_with_the_size_of_the_original() -> None:
    found = decode(saved(scene(3000, 2000), "JPEG"), side=100)
    assert (found.width, found.height, found.image.size) == (3000, 2000, (100, 67))
    picture = take(saved(scene(3000, 1000), "JPEG"))
    assert opened(picture.view).size == (VIEW_SIDE, 683)
    assert opened(picture.thumb).size == (THUMB_SIDE, 85)


def test_a_small_picture_has_no_thumbnail_of_its_own_and_loses_nothing() -> None:
    picture = take(saved(scene(28, 28)))
    assert picture.thumb == b""
    assert np.array_equal(np.asarray(opened(picture.view)), np.asarray(scene(28, 28)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_cut_off_picture_is_refused_wherever_it_is_cut(kind: str) -> None:
    data = saved(scene(200, 150), kind)
    for share in (0.02, 0.3, 0.7, 0.95):
        with pytest.raises(PictureError) as caught:
            take(data[: int(len(data) * share)])
        assert caught.value.code in {"picture_broken", "not_a_picture"}
        assert caught.value.message.endswith((".", ")."))


def test_headers_that_claim_too_much_are_refused_before_a_pixel_is_decoded() -> None:
    data = bytearray(saved(Image.new("L", (1, 1))))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(PictureError, match="says 2500000000 pixels; at most 89 million") as caught:
        take(bytes(data))
    assert caught.value.code == "picture_too_large"
    bitmap = bytearray(saved(Image.new("L", (1, 1)), "BMP"))
    bitmap[18:26] = (9_500).to_bytes(4, "little") * 2
    with pytest.raises(PictureError, match=r"9500 x 9500|90250000"):
        take(bytes(bitmap))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", "empty"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf  <SVG onload='x()'>", "SVG"),
        (b"<!DOCTYPE html><p>", "HTML"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"II*\x00\x10\0\0\0CR\x02\0", "raw file"),
        (b"FUJIFILMCCD-RAW 0201", "raw file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw file"),
        (b"hello", "no picture of a known format"),
    ],
)
def test_what_is_no_picture_is_named(head: bytes, said: str) -> None:
    assert said in why_not(head)
    with pytest.raises(PictureError, match=said):
        take(head)


def test_the_small_copy_in_a_raw_file_is_not_taken_for_the_photograph() -> None:
    small = TiffImagePlugin.ImageFileDirectory_v2()
    small[254], small[330] = 1, 4096
    with pytest.raises(PictureError, match="camera's raw file"):
        take(saved(scene(), "TIFF", tiffinfo=small), "a.dng")
    small[254] = 0
    assert take(saved(scene(), "TIFF", tiffinfo=small), "a.tif").width == 64


def test_a_file_that_is_a_picture_and_a_script_is_shown_as_the_picture_alone() -> None:
    data = saved(scene(), "GIF") + b"<script>alert(1)</script><svg onload=alert(2)>"
    picture = take(data, "a.gif")
    assert b"script" not in picture.view
    assert kind_of(picture.view) == "PNG"


def test_damage_of_any_kind_is_a_refusal_and_never_another_error() -> None:
    rng = np.random.default_rng(7)
    refused = 0
    for kind in FORMATS:
        whole = saved(scene(40, 30), kind)
        for _number in range(60):
            data = bytearray(whole)
            for at in rng.integers(8, len(data), 6):
                data[at] = rng.integers(0, 256)
            try:
                take(bytes(data))
            except PictureError:
                refused += 1
    assert refused > 60


def test_equal_bytes_have_equal_hashes_whatever_the_name(tmp_path: Path) -> None:
    data = saved(scene())
    first, second = take(data, "a.png"), take(data, "b.jpg")
    assert first.sha256 == second.sha256
    assert (first.oddities, second.oddities) == ((), ("wrong_extension",))
