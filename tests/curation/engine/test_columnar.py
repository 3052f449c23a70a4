"""Parquet and Arrow files: every type lands as text, number or boolean, and hostile files cost bounded memory."""

import datetime
import decimal
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from curation.engine.readers import ReadError, read_batches, sniff
from curation.engine.readers.arrow_ipc import weight
from tests.curation.engine.test_readers import read

UTC = datetime.UTC
Writer = Callable[[pa.Table, Path], None]


def as_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=2)


def as_file(table: pa.Table, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=2)


def as_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def every_type() -> pa.Table:
    moment = datetime.datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=UTC).replace(tzinfo=None)
    return pa.table(
        {
            "text": pa.array(["你好 😀", None, ""], pa.large_string()),
            "label": pa.array(["a", "b", "a"]).dictionary_encode(),
            "whole": pa.array([1, None, -3], pa.int8()),
            "number": pa.array([0.5, float("nan"), float("inf")], pa.float32()),
            "flag": pa.array([True, None, False]),
            "money": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.00")]),
            "day": pa.array([datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)]),
            "moment": pa.array([moment, None, moment.replace(microsecond=0)], pa.timestamp("us")),
            "zoned": pa.array([moment, None, None], pa.timestamp("ms", "Asia/Shanghai")),
            "clock": pa.array([datetime.time(9, 5), None, datetime.time(23, 0, 1, 5)], pa.time64("us")),
            "lasting": pa.array([datetime.timedelta(seconds=90), None, None], pa.duration("ms")),
            "list": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
            "struct": pa.array([{"名": "x", "n": [None]}, None, {"名": None, "n": None}]),
            "nothing": pa.nulls(3),
            "bytes": pa.array([b"ok", None, "好".encode()]),
        }
    )


EXPECTED = [
    {
        "text": "你好 😀", "label": "a", "whole": 1, "number": 0.5, "flag": True, "money": "1.50", "day": "2024-02-29",
        "moment": "2024-02-29T12:30:15.25", "zoned": "2024-02-29T12:30:15.25Z", "clock": "09:05:00", "lasting": 90.0,
        "list": "[1,2]", "struct": '{"名":"x","n":[null]}', "nothing": None, "bytes": "ok",
    },
    {**dict.fromkeys(every_type().column_names), "label": "b"},
    {
        "text": "", "label": "a", "whole": -3, "number": None, "flag": False, "money": "-2.00", "day": "1969-12-31",
        "moment": "2024-02-29T12:30:15", "zoned": None, "clock": "23:00:01.000005", "lasting": None,
        "list": "[]", "struct": '{"名":null,"n":null}', "nothing": None, "bytes": "好",
    },
]  # fmt: skip


@pytest.mark.parametrize(("write", "name"), [(as_parquet, "t.parquet"), (as_file, "t.arrow"), (as_stream, "t.arrow")])
def test_every_type_is_read(tmp_path: Path, write: Writer, name: str) -> None:
    write(every_type(), tmp_path / name)
    rows, refused, profile = read(tmp_path / name)
    assert rows == EXPECTED
    assert (refused, profile.row_bound, profile.format) == ([], 3, name[2:])
    assert profile.roles == {"text": "text", "label": "label"}
    assert profile.preview[0][:5] == ["你好 😀", "a", "1", "0.5", "true"]


def test_types_of_columns_are_kept(tmp_path: Path) -> None:
    as_parquet(every_type(), tmp_path / "t.parquet")
    profile = sniff(tmp_path / "t.parquet", "t.parquet")
    schemas = {batch.table.schema for batch in read_batches(tmp_path / "t.parquet", profile)}
    assert len(schemas) == 1
    kinds = {field.name: str(field.type) for field in schemas.pop()}
    assert {name: kind for name, kind in kinds.items() if kind != "string"} == {
        "whole": "int64",
        "number": "double",
        "flag": "bool",
        "lasting": "double",
    }


def test_class_numbers_become_their_names(tmp_path: Path) -> None:
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": ["差", "好"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": ["a", "b", "c", "d"], "label": [1, 0, -1, 7]}).replace_schema_metadata(metadata)
    as_parquet(table, tmp_path / "t.parquet")
    rows, refused, _profile = read(tmp_path / "t.parquet")
    assert [row["label"] for row in rows] == ["好", "差", None]
    assert [(row.line, row.code, row.raw) for row in refused] == [(4, "class_unknown", "d,7")]


def test_rows_that_no_column_can_hold_are_refused(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array([b"good", b"bad \xff", b"nul \0", b"fine"]),
            "n": pa.array([1, 2, 3, 2**63], pa.uint64()),
        }
    )
    as_parquet(table, tmp_path / "t.parquet")
    rows, refused, _profile = read(tmp_path / "t.parquet")
    assert rows == [{"text": "good", "n": 1}]
    assert [(row.line, row.code) for row in refused] == [(2, "encoding"), (3, "nul"), (4, "number_too_large")]


def test_pictures_are_left_out_with_a_warning(tmp_path: Path) -> None:
    pictures = pa.array([{"bytes": b"\x89PNG", "path": "a.png"}])
    as_parquet(pa.table({"image": pictures, "text": ["a"], "item_id": [7]}), tmp_path / "t.parquet")
    rows, _refused, profile = read(tmp_path / "t.parquet")
    assert rows == [{"text": "a", "item_id_2": 7}]
    assert profile.warnings == [
        "Column image holds bytes, such as pictures or sound; a table has no place for it, so it was left out.",
        "Column item_id is called item_id_2 here.",
    ]


def test_a_long_value_that_stands_for_many_rows_is_unfolded_a_few_rows_at_a_time(tmp_path: Path) -> None:
    long = "长" * 1_000_000
    table = pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), pa.array([long]))})
    pq.write_table(table, tmp_path / "t.parquet")
    profile = sniff(tmp_path / "t.parquet", "t.parquet")
    sizes = [batch.table.num_rows for batch in read_batches(tmp_path / "t.parquet", profile)]
    # 900 MB unfolded; a batch has at most 8 MB: two texts of 3 MB each.
    assert sizes == [2] * 150


def test_compressed_arrow_is_weighed_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "zeros.arrow"
    zeros = pa.table({"text": pa.array(["0" * (1 << 20)] * 100)})
    with pa.ipc.new_file(path, zeros.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(zeros)
    assert path.stat().st_size < 100_000
    with pytest.raises(ReadError) as caught:
        sniff(path, path.name)
    assert caught.value.code == "arrow_ratio"


def test_the_weight_of_a_batch_is_that_of_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    as_stream(pa.table({"n": pa.array([1, 2], pa.int64())}), path)
    with pa.OSFile(str(path)) as source:
        messages = [message for message in pa.ipc.MessageReader.open_stream(source) if message.type == "record batch"]
        assert [weight(message.metadata.to_pybytes(), message.body)[0] for message in messages] == [2]


def test_offsets_that_lead_out_of_an_arrow_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    as_stream(pa.table({"text": ["aaaa", "bbbb"]}), path)
    data = path.read_bytes()
    offsets = (0).to_bytes(4, "little") + (4).to_bytes(4, "little") + (8).to_bytes(4, "little")
    assert data.count(offsets) == 1
    path.write_bytes(data.replace(offsets, offsets[:4] + (2**30).to_bytes(4, "little") + offsets[8:]))
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code == "arrow_broken"


def test_a_parquet_file_that_unfolds_too_far_is_refused(tmp_path: Path) -> None:
    zeros = pa.table({"text": ["0" * (1 << 20)] * 100})
    pq.write_table(zeros, tmp_path / "t.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(ReadError) as caught:
        sniff(tmp_path / "t.parquet", "t.parquet")
    assert caught.value.code == "parquet_ratio"


@pytest.mark.parametrize("place", range(8, 400, 7))
def test_a_damaged_parquet_file_never_escapes_as_another_error(tmp_path: Path, place: int) -> None:
    as_parquet(pa.table({"text": ["some text", "more"], "list": [[1], [2, 3]]}), tmp_path / "t.parquet")
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    data[place] ^= 0xFF
    (tmp_path / "t.parquet").write_bytes(data)
    try:
        rows: Any = read(tmp_path / "t.parquet")[0]
    except ReadError:
        return
    assert len(rows) <= 2
