"""Figures of pictures against what they must be by arithmetic."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from curation.engine.pictures.measures import measure
from tests.curation.engine.pictures import scene


def flat(value: int, size: int = 100) -> Image.Image:
    return Image.new("L", (size, size), value)


def test_a_flat_picture_has_its_shade_and_nothing_else() -> None:
    found = measure(flat(51))
    assert (found.darkest, found.lightest, found.spread, found.entropy, found.colour) == (0.2, 0.2, 0.0, 0.0, 0.0)


def test_brightness_is_weighted_as_eyes_see() -> None:
    assert measure(Image.new("RGB", (9, 9), (0, 255, 0))).lightest == pytest.approx(0.691**0.5, abs=1e-4)
    assert measure(Image.new("RGB", (9, 9), (0, 0, 255))).lightest == pytest.approx(0.068**0.5, abs=1e-4)


def test_percentiles_leave_out_the_extremes() -> None:
    values = np.full((100, 100), 128, np.uint8)
    values[0, :50], values[1, :50] = 0, 255
    found = measure(Image.fromarray(values))
    assert (found.lightest, found.darkest, found.spread) == (0.502, 0.502, 0.0)


def test_two_shades_in_equal_parts_have_one_bit() -> None:
    values = np.zeros((64, 64), np.uint8)
    values[:32] = 255
    assert measure(Image.fromarray(values)).entropy == 1.0


def test_blur_lowers_the_sharpness_step_by_step() -> None:
    picture = scene(400, 300)
    figures = [measure(picture.filter(ImageFilter.GaussianBlur(radius))).sharpness for radius in (0, 4, 10, 25)]
    assert figures == sorted(figures, reverse=True)
    assert figures[0] > 0.5
    assert figures[-1] < 0.29


def test_sharpness_depends_little_on_the_size() -> None:
    picture = scene(800, 600)
    figures = [measure(picture.resize(size, Image.Resampling.LANCZOS)).sharpness for size in ((800, 600), (200, 150))]
    assert abs(figures[0] - figures[1]) < 0.05


def test_light_and_dark_move_their_figures() -> None:
    picture = scene()
    assert measure(ImageEnhance.Brightness(picture).enhance(0.2)).lightest < 0.32
    washed = Image.fromarray((np.asarray(picture) // 32 + 247).astype(np.uint8))
    assert measure(washed).darkest > 0.95


def test_colour_is_the_mean_difference_of_the_channels() -> None:
    assert measure(Image.new("RGB", (9, 9), (255, 0, 0))).colour == 1.0
    assert measure(Image.new("RGB", (9, 9), (90, 90, 90))).colour == 0.0
