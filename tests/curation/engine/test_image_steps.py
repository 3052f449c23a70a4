"""Filters of pictures over small tables of figures, and one whole run over real pictures."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageFilter

from curation.engine.media import FolderMedia, hash_of
from curation.engine.pictures.facts import FACTS, facts_of
from curation.engine.plan import PlanError
from curation.engine.steps.base import Context, StepError
from tests.curation.engine.pictures import saved, scene
from tests.curation.engine.stepping import Result, step, table

ROLES = {"image": "image"}
HASHES = ["a" * 64, "b" * 64, "c" * 64, None]


def figures(**columns: list[float | None]) -> pa.Table:
    return table(image=pa.array(HASHES, pa.string()), **columns)


@pytest.mark.parametrize(
    ("name", "column", "values", "item", "code", "detail"),
    [
        ("image_blur", "image_sharpness", [0.9, 0.28, 0.29, None], 2, "image_blurred",
         "the sharpness is 0.28, at least 0.29"),
        ("image_dark", "image_lightest", [0.32, 1.0, 0.3, None], 3, "image_dark",
         "the brightest parts have 0.30 of full brightness, at least 0.32"),
        ("image_bright", "image_darkest", [0.96, 0.95, 0.1, None], 1, "image_bright",
         "the darkest parts have 0.96 of full brightness, at most 0.95"),
        ("image_information", "image_entropy", [3.0, 2.5, 7.9, None], 2, "image_low_information",
         "the entropy is 2.50 bits, at least 3"),
        ("image_uniform", "image_spread", [0.9, 0.05, 0.01, None], 3, "image_uniform",
         "brightness reaches over 0.01 of its range, at least 0.05"),
    ],
)  # fmt: skip
def test_a_figure_beyond_its_limit_is_found(
    name: str, column: str, values: list[float | None], item: int, code: str, detail: str
) -> None:
    rows = figures(**{column: values})
    found = Result(rows, step(name), ROLES)
    assert [(row[0], row[1]) for row in found.found] == [(item, code)]
    assert found.found[0][2] == detail
    assert found.table.num_rows == 4
    dropped = Result(rows, step(name, action="drop"), ROLES)
    assert [(row[0], row[1]) for row in dropped.drops] == [(item, code)]
    # A row without a picture has no figure and breaks no limit.
    assert dropped.ids == [one for one in (1, 2, 3, 4) if one != item]


def test_sizes_by_limits_and_by_the_others() -> None:
    sides = [100.0] * 4 + [110.0] * 4 + [1000.0, 20.0]
    rows = table(image=pa.array(["a" * 64] * 10), image_width=sides, image_height=sides)
    found = Result(rows, step("image_size"), ROLES)
    assert [(item, code) for item, code, _detail in found.found] == [(9, "image_odd_size"), (10, "image_odd_size")]
    low, high = found.notes["limits"]["size"]
    assert 20 < low < 100 < 110 < high < 1000
    limits = Result(rows, step("image_size", min_side=50, max_side=500, iqr_factor=0.0, action="drop"), ROLES)
    assert [(item, code, detail) for item, code, detail in limits.drops] == [
        (9, "image_too_large", "the longer side has 1000 pixels, at most 500"),
        (10, "image_too_small", "the shorter side has 20 pixels, at least 50"),
    ]
    with pytest.raises(PlanError, match="min_side is larger than max_side"):
        step("image_size", min_side=5, max_side=4)


def test_shapes_count_both_ways() -> None:
    rows = table(image=pa.array(["a" * 64] * 3), image_width=[100.0, 300.0, 100.0], image_height=[100.0, 100.0, 300.0])
    assert [item for item, _code, _detail in Result(rows, step("image_aspect"), ROLES).found] == [2, 3]


def test_rare_and_unwanted_colour_modes() -> None:
    modes = ["RGB"] * 18 + ["L", "CMYK"]
    rows = table(image=pa.array(["a" * 64] * 20), image_mode=modes, image_colour=[0.3] * 17 + [0.001, 0.0, 0.2])
    found = Result(rows, step("image_mode"), ROLES)
    assert found.notes == {"kinds": {"cmyk": 1, "colour": 17, "grey": 2}}
    # Two of twenty are grey, one by its pixels alone; that is a tenth, and not rare.
    assert [item for item, _code, _detail in found.found] == []
    assert [item for item, _code, _detail in Result(rows, step("image_mode", min_share=0.1), ROLES).found] == [20]
    assert [item for item, _code, _detail in Result(rows, step("image_mode", allowed=["colour"]), ROLES).found] == [
        18,
        19,
        20,
    ]
    with pytest.raises(PlanError, match="allowed holds 'sepia'"):
        step("image_mode", allowed=["sepia"])


def test_odd_files_are_one_finding_each() -> None:
    rows = table(image=pa.array(["a" * 64] * 3), image_oddities=["rotated device", "animated bad_checksum", None])
    found = Result(rows, step("image_oddities"), ROLES).found
    assert [(item, code) for item, code, _detail in found] == [(2, "image_odd_file")]
    assert found[0][2].startswith("animated: Several frames or pages; the first is used. bad_checksum: A checksum")
    assert [row[0] for row in Result(rows, step("image_oddities", codes=["device"]), ROLES).found] == [1]


def test_steps_need_pictures_and_their_figures() -> None:
    with pytest.raises(StepError, match="No column has the role image"):
        Result(table(text=["a"]), step("image_blur"))
    with pytest.raises(StepError, match=r"no column image_sharpness\. Put the step measure_images"):
        Result(figures(), step("image_blur"), ROLES)


def test_pictures_that_no_import_measured_are_measured(tmp_path: Path) -> None:
    sharp, blurred = scene(300, 200), scene(300, 200).filter(ImageFilter.GaussianBlur(20))
    for name, image in (("sharp", sharp), ("blurred", blurred)):
        (tmp_path / f"{name}.png").write_bytes(saved(image))
    hashes = [hash_of(tmp_path / "sharp.png"), hash_of(tmp_path / "blurred.png"), "0" * 64, None]
    rows = table(image=pa.array([*hashes, hashes[0]], pa.string()))
    measure = step("measure_images")
    context = Context(ROLES, media=FolderMedia(tmp_path))
    outcome = measure.apply(rows, measure.prepare(lambda: iter([rows]), context), context)
    assert [(one.item_id, one.code) for one in outcome.found] == [(3, "image_unreadable")]
    assert outcome.changed == 4
    measured = outcome.kept.to_pylist()
    assert measured[0] == {"item_id": 1, "image": hashes[0], **facts_of((tmp_path / "sharp.png").read_bytes())}
    assert {**measured[0], "item_id": 5} == measured[4]
    assert [row["image_width"] for row in measured] == [300, 300, None, None, 300]
    assert {name: outcome.kept.schema.field(name).type for name in FACTS} == FACTS
    found = Result(outcome.kept, step("image_blur"), ROLES)
    assert [row[0] for row in found.found] == [2]


def test_measuring_leaves_what_an_import_has_measured(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(Image.fromarray(np.zeros((9, 9), np.uint8))))
    sha256 = hash_of(tmp_path / "a.png")
    known = {name: pa.array([None], kind) for name, kind in FACTS.items()} | {"image_sharpness": pa.array([0.5])}
    rows = table(image=pa.array([sha256]), **known)
    context = Context(ROLES, media=FolderMedia(tmp_path))

    def done(again: bool) -> float:
        chosen = step("measure_images", again=again)
        return (
            chosen.apply(rows, chosen.prepare(lambda: iter([rows]), context), context)
            .kept["image_sharpness"][0]
            .as_py()
        )

    assert (done(False), done(True)) == (0.5, facts_of((tmp_path / "a.png").read_bytes())["image_sharpness"])


def test_equal_pictures_are_exact_duplicates() -> None:
    rows = table(image=pa.array(["a" * 64, "b" * 64, "a" * 64]), image_file=["1.png", "2.png", "3.png"])
    assert Result(rows, step("exact_duplicates"), ROLES).drops == [(3, "duplicate", "same as item 1")]
