"""The steps that read meaning, on versions of pictures alone: copies of a bridge, and odd ones among hands."""

import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from curation.demo import SETS
from curation.engine.media import FolderMedia, hash_of
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

DATA = Path(__file__).parents[3] / "data"
BRIDGE, LABELME, CELLS = "bridge-mods_aaa-orig.jpg", "labelme-subset_q{}.jpg", DATA / "pictures" / "blood_cells.jpg"
ROLES = {"image": "image"}


@pytest.fixture(autouse=True)
def _models(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_MODEL_CACHE", str(cache_dir))


def copied(folder: Path, *names: str) -> list[Path]:
    """Lay pictures of tests/data into a folder."""
    for name in names:
        (folder / name).write_bytes((DATA / "near_pictures" / name).read_bytes())
    return [folder / name for name in names]


def rows(paths: list[Path | None]) -> pa.Table:
    """Return items that name these pictures, with the sizes that an import writes beside them."""
    sizes = [_size(path) if path else (None, None) for path in paths]
    return table(
        image=texts(*(hash_of(path) if path else None for path in paths)),
        image_width=pa.array([width for width, _height in sizes], pa.int32()),
        image_height=pa.array([height for _width, height in sizes], pa.int32()),
    )


def _size(path: Path) -> tuple[int | None, int | None]:
    try:
        with Image.open(path) as image:
            return image.size
    except OSError:
        return None, None


@pytest.fixture
def copies(tmp_path: Path) -> tuple[pa.Table, FolderMedia]:
    """A bridge, small, with more contrast and blurred, as items 3, 1, 5, 7; a broken file and no picture as 8 and 9."""
    bridge, shrunk, street, contrast, field, blurred, coast = copied(
        tmp_path, BRIDGE, "bridge-mods_shrink-a-little.jpg", LABELME.format("0122"), "bridge-mods_high-contrast.jpg",
        LABELME.format("0291"), "bridge-mods_blur-a-little.jpg", LABELME.format("2821"),
    )  # fmt: skip
    with Image.open(shrunk) as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(shrunk, quality=95)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no picture")
    found = rows([shrunk, street, bridge, field, contrast, coast, blurred, broken, None])
    return found, FolderMedia(tmp_path)


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, FolderMedia]:
    """A hundred hands as items 1 to 98, 100 and 101; blood cells, a street and a coast as 99, 102 and 103."""
    folder = tmp_path_factory.mktemp("hands")
    with zipfile.ZipFile(io.BytesIO(Path(SETS["sign_digits"].path).read_bytes())) as archive:
        members = sorted(name for name in archive.namelist() if name.lower().endswith(".jpg"))
        paths: list[Path | None] = []
        for member in members:
            path = folder / member.replace("/", "-")
            path.write_bytes(archive.read(member))
            paths.append(path)
    cells = folder / "cells.jpg"
    cells.write_bytes(CELLS.read_bytes())
    paths[98:98] = [cells]
    paths += copied(folder, LABELME.format("0122"), LABELME.format("2821"))
    return rows(paths), FolderMedia(folder)


ODD = {99, 102, 103}


def test_copies_of_one_picture_become_one_group(copies: tuple[pa.Table, FolderMedia]) -> None:
    found = Result(copies[0], step("semantic_duplicates", threshold=0.9), ROLES, copies[1])
    assert found.ids == list(range(1, 10))
    assert [item for item, _code, _detail in found.found] == [1, 3, 5, 7]
    assert set(found.groups) == {1}
    assert found.notes["encoder"]["name"] == "efficientnet-lite0"
    assert found.notes["duplicates"] == 3
    assert found.notes["without_text"] == 2


def test_of_copies_the_largest_or_the_first_stays(copies: tuple[pa.Table, FolderMedia]) -> None:
    largest = Result(copies[0], step("semantic_duplicates", threshold=0.9, action="drop"), ROLES, copies[1])
    assert largest.ids == [2, 3, 4, 6, 8, 9]
    assert [(item, reason) for item, reason, _detail in largest.drops] == [
        (item, "semantic_duplicate") for item in (1, 5, 7)
    ]
    assert all(detail.endswith(" like item 3") for _item, _reason, detail in largest.drops)
    first = Result(copies[0], step("semantic_duplicates", threshold=0.9, action="drop", keep="first"), ROLES, copies[1])
    assert first.ids == [1, 2, 4, 6, 8, 9]


def test_different_pictures_are_no_duplicates_at_a_low_threshold(copies: tuple[pa.Table, FolderMedia]) -> None:
    found = Result(copies[0], step("semantic_duplicates", threshold=0.5), ROLES, copies[1])
    assert [item for item, _code, _detail in found.found] == [1, 3, 5, 7]


@pytest.mark.parametrize("method", ["neighbours", "local"])
def test_pictures_of_another_kind_are_outliers(hands: tuple[pa.Table, FolderMedia], method: str) -> None:
    found = Result(hands[0], step("meaning_outliers", method=method), ROLES, hands[1])
    items = [item for item, _code, _detail in found.found]
    assert set(items) >= ODD
    # The encoder sees the digits, and a few hands are far from all others too.
    assert len(items) <= 10
    assert {code for _item, code, _detail in found.found} == {"meaning_outlier"}
    assert found.notes["encoder"]["name"] == "efficientnet-lite0"


def test_a_limit_between_hands_and_the_others_leaves_only_hands(hands: tuple[pa.Table, FolderMedia]) -> None:
    found = Result(hands[0], step("meaning_outliers", limit=5, action="drop"), ROLES, hands[1])
    assert {item for item, _reason, _detail in found.drops} == ODD
    assert set(found.ids) == set(range(1, 104)) - ODD


def test_topics_are_words_and_are_not_looked_for_in_pictures(copies: tuple[pa.Table, FolderMedia]) -> None:
    with pytest.raises(StepError, match="Topics are words, and pictures have another encoder"):
        Result(copies[0], step("off_topic", topics=["a bridge"]), ROLES, copies[1])
    assert Result(copies[0], step("off_topic"), ROLES, copies[1]).found == []


def test_captions_are_read_by_topics_while_pictures_give_the_duplicates(copies: tuple[pa.Table, FolderMedia]) -> None:
    words = ["A bridge of steel", "a street in a town", "the old bridge", "a field", "bridge over a river", "the coast"]
    captioned = copies[0].append_column("text", texts(*words, "an iron bridge", None, "a bridge"))
    roles = {"image": "image", "text": "text"}
    near = Result(captioned, step("off_topic", topics=["a bridge"], least=0.5), roles, copies[1])
    assert [item for item, _code, _detail in near.found] == [2, 4, 6]
    alike = Result(
        captioned, step("semantic_duplicates", threshold=0.9, encoder="efficientnet-lite0"), roles, copies[1]
    )
    assert [item for item, _code, _detail in alike.found] == [1, 3, 5, 7]
