"""Archives and folders of pictures: which layout means what, and what is refused."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curation.engine.pictures.facts import FACTS
from curation.engine.readers import ReadError, read_batches, sniff
from tests.curation.engine.pictures import packed, saved, scene


def png(seed: int) -> bytes:
    return saved(scene(seed=seed))


def read(path: Path, **options: Any) -> tuple[Any, list[dict[str, Any]], list[tuple[int, str]], list[Any]]:
    """Return profile, rows without what was measured, refused rows and pictures."""
    profile = sniff(path, path.name, **options)
    json.dumps(profile.to_json(), ensure_ascii=False).encode()
    batches = list(read_batches(path, profile))
    assert len({batch.table.schema for batch in batches}) == 1
    rows = pa.concat_tables([batch.table for batch in batches]).to_pylist()
    apart = {*FACTS, "image"}
    plain = [{name: value for name, value in row.items() if name not in apart} for row in rows]
    refused = [(row.line, row.code) for batch in batches for row in batch.refused]
    pictures = [picture for batch in batches for picture in batch.pictures]
    assert {row["image"] for row in rows} == {picture.sha256 for picture in pictures}
    assert profile.row_bound >= len(rows)
    return profile, plain, refused, pictures


def test_folders_are_classes(tmp_path: Path) -> None:
    files = {"set/猫/1.png": png(1), "set/猫/2.png": png(2), "set/dog/1.png": png(3)}
    profile, rows, refused, _pictures = read(packed(tmp_path / "a.zip", files))
    assert profile.format == "images"
    assert profile.roles == {"image": "image", "label": "label", "id": "image_file"}
    assert rows == [
        {"image_file": "set/猫/1.png", "label": "猫"},
        {"image_file": "set/猫/2.png", "label": "猫"},
        {"image_file": "set/dog/1.png", "label": "dog"},
    ]
    assert refused == []


def test_folders_of_splits_hold_classes(tmp_path: Path) -> None:
    files = {f"{split}/{label}/{n}.png": png(n) for n, split in enumerate(("train", "test")) for label in "ab"}
    _profile, rows, _refused, pictures = read(packed(tmp_path / "a.zip", files))
    assert [(row["label"], row["split"]) for row in rows] == [
        ("a", "train"),
        ("b", "train"),
        ("a", "test"),
        ("b", "test"),
    ]
    # Two classes hold the same picture: it is given once, and both rows name it.
    assert len(pictures) == 2


def test_a_table_says_the_label_and_more(tmp_path: Path) -> None:
    table = "file,label,caption,width\nimg/1.png,cat,a cat 🐈,7\nimg/2.png,dog,,8\nimg/9.png,dog,gone,9\n"
    files = {"img/1.png": png(1), "img/2.png": png(2), "img/3.png": png(3), "labels.csv": table}
    profile, rows, refused, _pictures = read(packed(tmp_path / "a.zip", files))
    assert profile.roles == {"image": "image", "label": "label", "text": "caption", "id": "image_file"}
    assert rows == [
        {"image_file": "img/1.png", "label": "cat", "caption": "a cat 🐈", "width": "7"},
        {"image_file": "img/2.png", "label": "dog", "caption": "", "width": "8"},
        {"image_file": "img/3.png", "label": None, "caption": None, "width": None},
    ]
    assert refused == [(4, "picture_missing")]


@pytest.mark.parametrize("said", ["img/1.png", "./img/1.png", "1.png", "1", "img\\1.png"])
def test_a_table_names_pictures_in_many_ways(tmp_path: Path, said: str) -> None:
    files = {"img/1.png": png(1), "img/2.png": png(2), "a.jsonl": json.dumps({"image": said, "y": "cat", "n": 3})}
    profile, rows, refused, _pictures = read(packed(tmp_path / "a.zip", files))
    assert profile.roles["label"] == "y"
    assert rows[0] == {"image_file": "img/1.png", "y": "cat", "n": 3}
    assert refused == []


def test_a_picture_that_is_named_twice_is_two_items(tmp_path: Path) -> None:
    table = "file,caption\n1.png,one\n1.png,another\n2.png,third\n"
    files = {"1.png": png(1), "2.png": png(2), "3.png": png(3), "captions.csv": table}
    _profile, rows, _refused, pictures = read(packed(tmp_path / "a.zip", files))
    assert [row["caption"] for row in rows] == ["one", "another", "third", None]
    assert len(pictures) == 3


def test_tables_named_for_splits_give_a_column(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{n}.png": png(n) for n in range(4)}
    files |= {"train.csv": "file,label\n0.png,a\n1.png,b\n", "test.csv": "file,label\n2.png,a\n3.png,b\n"}
    _profile, rows, _refused, _pictures = read(packed(tmp_path / "a.zip", files))
    assert [(row["label"], row["split"]) for row in rows] == [
        ("a", "train"),
        ("b", "train"),
        ("a", "test"),
        ("b", "test"),
    ]


def test_our_own_columns_are_never_taken_by_a_table(tmp_path: Path) -> None:
    table = "file,image,image_width,item_id\n1.png,x,9,7\n2.png,y,8,6\n"
    files = {"1.png": png(1), "2.png": png(2), "3.png": png(3), "labels.csv": table}
    profile, rows, _refused, _pictures = read(packed(tmp_path / "a.zip", files))
    # The width is measured, whatever the table says.
    assert rows[0] == {"image_file": "1.png", "image_given": "x", "item_id_2": "7"}
    assert profile.columns == ["image_file", "image_given", "item_id_2"]


def test_one_bad_picture_among_many_is_a_refused_row(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{n:03}.png": png(1) for n in range(60)}
    files["030.png"] = png(1)[:200]
    files |= {"notes.txt": "about", "inner.zip": b"PK\x03\x04", "drawing.svg": "<svg/>", "no_ending": png(2)}
    _profile, rows, refused, _pictures = read(packed(tmp_path / "a.zip", files))
    assert (len(rows), rows[-1]["image_file"]) == (60, "no_ending")
    assert refused == [(31, "picture_broken"), (61, "other_file"), (62, "nested_archive"), (63, "not_a_picture")]


def test_folders_and_tars_read_as_zips_do(tmp_path: Path) -> None:
    files = {"a/1.png": png(1), "a/2.png": png(2), "b/1.png": png(3)}
    wanted = read(packed(tmp_path / "a.zip", files))[1]
    folder = tmp_path / "folder"
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert read(tmp_path / "a.tgz")[1] == wanted
    assert read(folder)[1] == wanted


def test_a_picture_alone_is_one_item_or_says_why_not(tmp_path: Path) -> None:
    alone = tmp_path / "cat.png"
    alone.write_bytes(png(1))
    profile, rows, _refused, _pictures = read(alone)
    assert (rows, profile.roles) == ([{"image_file": "cat.png"}], {"image": "image", "id": "image_file"})
    alone.write_bytes(png(1)[:200])
    with pytest.raises(ReadError) as caught:
        sniff(alone, "cat.png")
    assert caught.value.code == "picture_broken"


def test_a_table_with_a_few_pictures_beside_it_stays_a_table(tmp_path: Path) -> None:
    files = {"logo.png": png(1), "data.csv": "text,label\nhello,a\nworld,b\n"}
    assert sniff(packed(tmp_path / "a.zip", files), "a.zip").format == "tables"


def test_the_column_of_the_pictures_cannot_be_chosen(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a/1.png": png(1), "b/2.png": png(2)})
    with pytest.raises(ReadError, match="settled by the import") as caught:
        sniff(path, "a.zip", roles={"image": "image_file"})
    assert caught.value.code == "role_fixed"
    table = tmp_path / "a.csv"
    table.write_text("image,label\n" + "a" * 64 + ",x\n")
    with pytest.raises(ReadError, match="settled by the import"):
        sniff(table, "a.csv", roles={"image": "image"})
    assert read(path, roles={"label": "image_file", "id": ""})[0].roles == {"image": "image", "label": "image_file"}


def test_the_same_archive_gives_the_same_rows_however_the_threads_run(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{n % 3}/{n}.png": png(n) for n in range(50)})
    assert read(path)[1:3] == read(path)[1:3]
