import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from curation.engine.readers import ReadError, sniff
from curation.engine.readers.huggingface import names_in_info, split_of
from tests.curation.engine.test_readers import read
from tests.data.make_bad import tarb, zipb

TEXTS = [("reviews/neg/1.txt", "很差".encode("gb18030")), ("reviews/pos/2.md", b"\xef\xbb\xbfgood \xf0\x9f\x98\x80\n")]


def put(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.zip", zipb(TEXTS)),
        ("t.tar", tarb(TEXTS)),
        ("t.tar.gz", tarb(TEXTS, mode="w:gz")),
        ("t.tgz", gzip.compress(tarb([("reviews/neg/._1.txt", b"clutter"), *TEXTS]))),
    ],
)
def test_each_text_file_is_an_item_and_its_folder_its_label(tmp_path: Path, name: str, data: bytes) -> None:
    rows, refused, profile = read(put(tmp_path, name, data))
    assert rows == [
        {"path": "reviews/neg/1.txt", "text": "很差", "label": "neg"},
        {"path": "reviews/pos/2.md", "text": "good 😀\n", "label": "pos"},
    ]
    assert (refused, profile.warnings, profile.format) == ([], [], "texts")
    assert profile.roles == {"text": "text", "label": "label", "id": "path"}


@pytest.mark.parametrize(
    ("paths", "cells"),
    [
        (["a.txt", "b.txt"], [{}, {}]),
        (["one/a.txt", "one/b.txt"], [{}, {}]),
        (["a/x.txt", "b/c/y.txt"], [{}, {}]),
        (
            ["train/pos/1.txt", "test/neg/2.txt"],
            [{"label": "pos", "split": "train"}, {"label": "neg", "split": "test"}],
        ),
    ],
)
def test_folders_are_labels_only_where_all_files_lie_one_level_deep(
    tmp_path: Path, paths: list[str], cells: list[dict[str, str]]
) -> None:
    rows, _refused, _profile = read(put(tmp_path, "t.zip", zipb([(path, "x") for path in paths])))
    assert rows == [{"path": path, "text": "x", **more} for path, more in zip(paths, cells, strict=True)]


def test_chinese_names_without_the_unicode_flag_are_read(tmp_path: Path) -> None:
    raw = zipb([("xxxxxx.txt", "x")]).replace(b"xxxxxx", "好评论".encode("gb18030"))
    rows, _refused, _profile = read(put(tmp_path, "t.zip", raw))
    assert rows[0]["path"] == "好评论.txt"


def test_one_table_in_an_archive_is_that_table(tmp_path: Path) -> None:
    data = zipb([("README.txt", "read me"), ("data/sms.csv", "text;label\ngood;a\nragged\n")])
    rows, refused, profile = read(put(tmp_path, "t.zip", data))
    assert rows == [{"text": "good", "label": "a"}]
    assert [(row.line, row.code) for row in refused] == [(3, "too_few_fields")]
    assert (profile.format, profile.delimiter, profile.roles) == ("tables", ";", {"text": "text", "label": "label"})


def test_tables_of_the_same_columns_are_one_and_their_types_are_joined(tmp_path: Path) -> None:
    one, two = b'{"text":"a","n":1,"m":1}\n', b'{"n":0.5,"m":"x","text":"b"}\noops\n'
    rows, refused, _profile = read(put(tmp_path, "t.tar.gz", tarb([("1.jsonl", one), ("2.jsonl", two)], mode="w:gz")))
    assert rows == [{"text": "a", "n": 1.0, "m": "1"}, {"text": "b", "n": 0.5, "m": "x"}]
    assert [(row.line, row.code, row.reason.split(":")[0]) for row in refused] == [(2, "json_syntax", "2.jsonl")]


def test_tables_of_other_columns_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "t.zip", zipb([("a.csv", "text,label\na,b\n"), ("b.csv", "text,score\na,1\n")]))
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code == "columns_differ"
    assert caught.value.message.startswith("b.csv has other columns than the tables before it (label, score).")


def test_files_named_for_splits_give_a_column(tmp_path: Path) -> None:
    files = [(f"{name}.csv", f"text,label\n{name},x\n") for name in ("train", "dev", "test")]
    rows, _refused, profile = read(put(tmp_path, "t.zip", zipb(files)))
    assert [(row["text"], row["split"]) for row in rows] == [
        ("train", "train"),
        ("dev", "validation"),
        ("test", "test"),
    ]
    assert profile.columns == ["text", "label", "split"]


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': ham
          '1': spam
---
# A card
"""


def test_a_dataset_folder_as_it_lies_on_the_hub(tmp_path: Path) -> None:
    files = [
        ("sms/README.md", CARD.encode()),
        ("sms/data/train-00000-of-00002.parquet", parquet(pa.table({"text": ["a", "b"], "label": [0, 1]}))),
        ("sms/data/train-00001-of-00002.parquet", parquet(pa.table({"text": ["c"], "label": [1]}))),
        ("sms/data/test-00000-of-00001.parquet", parquet(pa.table({"text": ["d"], "label": [0]}))),
    ]
    rows, refused, profile = read(put(tmp_path, "sms.zip", zipb(files)))
    assert [tuple(row.values()) for row in rows] == [
        ("a", "ham", "train"),
        ("b", "spam", "train"),
        ("c", "spam", "train"),
        ("d", "ham", "test"),
    ]
    assert (list(rows[0]), refused, profile.roles) == (
        ["text", "label", "split"],
        [],
        {"text": "text", "label": "label"},
    )


def test_a_dataset_folder_as_the_library_saves_it(tmp_path: Path) -> None:
    info = {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}}
    files = []
    for split, label in (("train", 1), ("test", 0)):
        files += [
            (f"imdb/{split}/data-00000-of-00001.arrow", stream(pa.table({"text": [split], "label": [label]}))),
            (f"imdb/{split}/dataset_info.json", json.dumps(info).encode()),
            (f"imdb/{split}/state.json", b'{"_data_files":[]}'),
        ]
    files.append(("imdb/dataset_dict.json", b'{"splits":["train","test"]}'))
    rows, _refused, _profile = read(put(tmp_path, "imdb.tar.gz", tarb(files, mode="w:gz")))
    assert rows == [
        {"text": "train", "label": "pos", "split": "train"},
        {"text": "test", "label": "neg", "split": "test"},
    ]


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00001.parquet", "train"),
        ("validation/data-00000-of-00001.arrow", "validation"),
        ("my_test.csv", "test"),
        ("unsupervised-00000-of-00001.parquet", "unsupervised"),
        ("contest.csv", ""),
        ("data-00000-of-00001.arrow", ""),
        ("valid.jsonl.gz", "validation"),
    ],
)
def test_a_path_names_its_split(path: str, split: str) -> None:
    assert split_of(path) == split


def test_older_info_files_and_aliases_in_yaml() -> None:
    old = {"default": {"features": {"y": {"names": ["a", "b"], "_type": "ClassLabel"}}}}
    assert names_in_info("dataset_infos.json", json.dumps(old).encode()) == {"y": ["a", "b"]}
    bomb = CARD.replace("'0': ham", "'0': &a [x, x]").replace("'1': spam", "'1': [*a, *a]")
    assert names_in_info("README.md", bomb.encode()) == {}
    assert names_in_info("README.md", b"---\n: [\n---\n") == {}


def test_members_are_counted_before_they_are_listed(tmp_path: Path) -> None:
    data = bytearray(zipb([("a.txt", "x")]))
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 65 << 20)
    with pytest.raises(ReadError) as caught:
        sniff(put(tmp_path, "t.zip", bytes(data)), "t.zip")
    assert caught.value.code == "archive_members"


def test_a_header_that_claims_a_gigabyte_is_refused(tmp_path: Path) -> None:
    data = bytearray(tarb([("a.txt", b"x")]))
    data[124:136] = b"%011o\0" % (1 << 30)
    data[156:157] = b"x"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(ReadError) as caught:
        sniff(put(tmp_path, "t.tar", bytes(data)), "t.tar")
    assert caught.value.code == "archive_broken"


def test_a_drive_letter_or_a_device_is_refused(tmp_path: Path) -> None:
    for name in ("C:/a.txt", "a/../../b.txt", "a\nb.txt"):
        with pytest.raises(ReadError) as caught:
            sniff(put(tmp_path, "t.zip", zipb([(name, "x")])), "t.zip")
        assert (name, caught.value.code) == (name, "archive_path")
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        device = zipfile.ZipInfo("dev.txt")
        device.create_system, device.external_attr = 3, 0o020666 << 16
        archive.writestr(device, "")
    with pytest.raises(ReadError) as caught:
        sniff(put(tmp_path, "t.zip", sink.getvalue()), "t.zip")
    assert caught.value.code == "archive_link"


def test_a_lying_name_is_said_and_the_content_believed(tmp_path: Path) -> None:
    path = put(tmp_path, "t.xlsx", b"text,label\na,b\n")
    assert sniff(path, "t.xlsx").warnings[0] == "The name ends in .xlsx, but the content is CSV; it is read as that."
    path = put(tmp_path, "t.csv", zipb([("a.txt", "x")]))
    assert sniff(path, "t.csv").warnings == [
        "The name ends in .csv, but the content is an archive of texts; it is read as that."
    ]
