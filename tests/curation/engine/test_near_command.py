import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.__main__ import main

ROWS = [("7", "One two three four"), ("b,2", "one, two, three: FOUR"), ("c", "one two three five"), ("d", "")]
WORD2 = ["--shingles", "word:2", "--threshold", "0.5"]


def write(folder: Path, name: str) -> Path:
    path = folder / name
    if ".csv" in name:
        content = "id,text\n" + "".join(f'"{number}","{text}"\n' for number, text in ROWS)
    else:
        content = "".join(json.dumps({"x": 1, "text": text, "id": number}) + "\n" for number, text in ROWS)
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"id": [number for number, _ in ROWS], "text": [text for _, text in ROWS]}), path)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    return path


def pairs(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    return list(csv.reader((gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()))


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.jsonl", "in.jsonl.gz", "in.parquet"])
def test_every_format_gives_the_same_pairs(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, out, clusters = write(tmp_path, name), tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    arguments = ["near-duplicates", str(path), "--field", "text", "--id", "id", *WORD2, "--pairs", str(out)]
    assert main([*arguments, "--clusters", str(clusters)]) == 0
    assert pairs(out) == [["id1", "id2", "jaccard"], ["7", "b,2", "1"], ["7", "c", "0.5"], ["b,2", "c", "0.5"]]
    assert pairs(clusters) == [
        ["cluster", "id", "kept"],
        ["1", "7", "true"],
        ["1", "b,2", "false"],
        ["1", "c", "false"],
    ]
    summary = json.loads(capsys.readouterr().out)
    wanted = {"texts": 4, "pairs": 3, "pairs_written": 3, "clusters": 1, "method": "exact", "recall": 1.0}
    assert {key: summary[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", ["out.csv.gz", "out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_every_format_can_be_written(tmp_path: Path, name: str) -> None:
    path, out = write(tmp_path, "in.jsonl"), tmp_path / name
    assert main(["near-duplicates", str(path), *WORD2, "--pairs", str(out)]) == 0
    if name.endswith(".csv.gz"):
        rows = [dict(zip(pairs(out)[0], row, strict=True)) for row in pairs(out)[1:]]
    elif name.endswith(".parquet"):
        rows = pq.read_table(out).to_pylist()
    else:
        data = out.read_bytes()
        rows = [json.loads(line) for line in (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()]
    assert [(row["id1"], row["id2"], float(row["jaccard"])) for row in rows] == [
        ("7", "b,2", 1.0),
        ("7", "c", 0.5),
        ("b,2", "c", 0.5),
    ]


def test_ids_stay_numbers_and_rows_are_counted_without_ids(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(f'{{"nr": {number}, "text": "just the same"}}\n' for number in (70, 60)))
    assert main(["near-duplicates", str(path), "--id", "nr", "--pairs", str(out)]) == 0
    assert json.loads(out.read_text()) == {"id1": 70, "id2": 60, "jaccard": 1.0}
    assert main(["near-duplicates", str(path), "--pairs", str(out)]) == 0
    assert json.loads(out.read_text()) == {"id1": 1, "id2": 2, "jaccard": 1.0}


def test_a_damaged_line_is_named_and_the_others_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 1, "text": "a b"}\n{"id": 2, "text": "a\n{"id": "x", "text": "a B"}\n')
    assert main(["near-duplicates", str(path), "--pairs", str(tmp_path / "out.csv")]) == 0
    out, err = capsys.readouterr()
    assert pairs(tmp_path / "out.csv")[1:] == [["1", "x", "1"]]
    assert json.loads(out)["rows_refused"] == 1
    assert err.startswith("line 2: ")


def test_a_parquet_file_is_looked_at_as_imports_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are text, columns without a usual name, and rows that no import would take."""
    path, out = tmp_path / "in.parquet", tmp_path / "pairs.csv"
    bodies = pa.array(["one two three four", b"one two three four", b"\xff\xfe", None], pa.binary())
    pq.write_table(pa.table({"nr": pa.array([7, 8, 9, 10], pa.int32()), "说明": bodies, "a.b": [1.5] * 4}), path)
    assert main(["near-duplicates", str(path), "--id", "nr", "--pairs", str(out)]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["field"] == "说明"
    assert json.loads(printed.out)["rows_refused"] == 1
    assert "line 3: Column 说明 holds bytes that are not UTF-8" in printed.err
    assert pairs(out)[1:] == [["7", "8", "1"]]
    path.write_bytes(path.read_bytes()[:-9])
    assert main(["near-duplicates", str(path), "--pairs", str(out)]) == 1
    assert "The Parquet file is damaged or cut off" in capsys.readouterr().err


def test_a_cut_list_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, "in.csv"), tmp_path / "out.csv"
    assert main(["near-duplicates", str(path), *WORD2, "--pairs", str(out), "--limit", "2"]) == 0
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert (summary["pairs"], summary["pairs_written"], len(pairs(out))) == (3, 2, 3)
    assert printed.err.startswith("Only the first 2 of 3 pairs were written: see --limit.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--field", "body"], "has no column 'body'"),
        (["--id", "key"], "has no column 'key'"),
        (["--shingles", "5"], "write word:K or char:K"),
        (["--threshold", "2"], "must be above 0 and at most 1"),
        (["--pairs", "out.xlsx"], "must end in one of .csv"),
        (["--pairs", "nowhere/out.csv"], "There is no folder nowhere"),
    ],
)
def test_a_mistake_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["near-duplicates", str(write(tmp_path, "in.csv")), *arguments]) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.out == ""


def test_kernels_compile_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A package folder and a home that are read-only, as in many containers: slower, but no failure."""
    code = (
        "import numba.core.caching as caching\n"
        "for locator in caching._CacheLocator.__subclasses__():\n"
        "    locator.ensure_cache_path = lambda self: (_ for _ in ()).throw(OSError('read-only'))\n"
        "from curation.engine.compiling import compiled\n"
        "from curation.engine.near import forest\n"
        "import numpy as np\n"
        "pair = np.array([0], np.int32), np.array([2], np.int32)\n"
        "assert forest.components(3, *pair).tolist() == [0, 1, 0]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
@pytest.mark.parametrize("way", [["--way", "duckdb", "--memory", "200M"], ["--memory", "1M", "--work"]])
def test_every_way_writes_the_same_pairs(tmp_path: Path, way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path, out, other = tmp_path / "in.jsonl", tmp_path / "one.csv", tmp_path / "other.csv"
    lines = (
        json.dumps({"id": number, "text": f"w{number % 5000} " + "x y z " * (number % 7)}) for number in range(20_000)
    )
    path.write_text("\n".join(lines))
    arguments = ["near-duplicates", str(path), "--field", "text", "--id", "id", "--shingles", "char:2"]
    assert main([*arguments, "--threshold", "0.9", "--pairs", str(out)]) == 0
    way = [*way, str(tmp_path / "work")] if way[-1] == "--work" else way
    assert main([*arguments, "--threshold", "0.9", "--pairs", str(other), *way]) == 0
    assert other.read_bytes() == out.read_bytes()
    capsys.readouterr()
    assert not list(tmp_path.glob("work/*"))


def test_wrong_sizes_and_ways_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "in.jsonl")
    with pytest.raises(SystemExit):
        main(["near-duplicates", str(path), "--memory", "much"])
    assert "write it as 500M or 2G" in capsys.readouterr().err
    assert main(["near-duplicates", str(path), "--way", "duckdb", "--method", "minhash"]) == 1
    assert "the databases join exactly" in capsys.readouterr().err
