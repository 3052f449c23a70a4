import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from curation.engine.__main__ import main
from curation.engine.linkage import kernels
from curation.engine.linkage.blocking import KEYS, Blocking, candidate_pairs
from curation.engine.linkage.clusters import cluster_rows
from curation.engine.linkage.fields import read_field, simplify
from curation.engine.linkage.link import LinkSettings, link_table
from curation.engine.plan import PlanError
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

DATA = Path(__file__).resolve().parents[2] / "data" / "tables" / "early_childhood.csv.gz"


def codes(text: str) -> np.ndarray:
    return np.array([ord(letter) for letter in text], np.uint32)


@pytest.mark.parametrize(
    ("a", "b", "similarity"),
    [
        # Winkler 1990 and the tables that cite it.
        ("martha", "marhta", 0.9611),
        ("dwayne", "duane", 0.84),
        ("dixon", "dicksonx", 0.8133),
        ("jones", "johnson", 0.8324),
        ("", "", 1.0),
        ("", "a", 0.0),
        ("abc", "xyz", 0.0),
        ("北京市朝阳区", "北京市朝陽区", 0.9333),
    ],
)
def test_jaro_winkler(a: str, b: str, similarity: float) -> None:
    used = np.zeros(64, np.uint8)
    assert kernels.jaro_winkler(codes(a), codes(b), used) == pytest.approx(similarity, abs=1e-4)
    assert kernels.jaro_winkler(codes(b), codes(a), used) == pytest.approx(similarity, abs=1e-4)


def test_values_are_simplified_by_code_points() -> None:
    raw = ["  St. MARY’s  Café,", "103rd St", "北京市10号", "ＡＢＣ１２", "🙂 Smile-Bar", "--", None]
    plain = ["st marys cafe", "103 rd st", "北 京 市 10 号", "abc 12", "🙂 smile bar", "", None]
    assert simplify(pa.array(raw, pa.large_string())).to_pylist() == plain


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (texts("60302", "6036-2", None), "code"),
        (texts("12 Main St", "60302"), "text"),
        (texts(None, ""), "text"),
        (pa.array([1.5, None]), "number"),
        (pa.array([60302, 1]), "code"),
    ],
)
def test_the_kind_of_a_field_is_guessed(values: pa.Array, kind: str) -> None:
    assert read_field("x", values).kind == kind


@pytest.mark.parametrize(
    ("key", "values", "pairs"),
    [
        ("exact", ["Ab", "a b", "AB ", "b"], [(0, 2)]),
        ("prefix", ["abcdefgh1", "abcdefgh2", "bcdefgh12"], [(0, 1)]),
        ("neighbourhood", ["c", "a", "b"], [(0, 1), (0, 2), (1, 2)]),
        ("token", ["red car", "blue car", "sky blue", "none"], [(0, 1), (1, 2)]),
        ("ngram", ["xxstrangeyy", "zzstrangeww", "other"], [(0, 1)]),
    ],
)
def test_each_blocking_key_finds_its_pairs(key: str, values: list, pairs: list) -> None:
    found = candidate_pairs([read_field("x", texts(*values))], Blocking(keys=(key,)))
    assert [(pair >> 32, pair & 0xFFFFFFFF) for pair in found.tolist()] == pairs


def test_clusters_keep_to_the_threshold() -> None:
    """A chain 0–1–2 of likely pairs whose ends are unlike is cut; a triangle stays."""
    chance = {(0, 1): 0.95, (1, 2): 0.94, (0, 2): 0.0, (3, 4): 0.99, (4, 5): 0.99, (3, 5): 0.8}
    pairs = np.array([left << 32 | right for left, right in chance])

    def score(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.array([chance[int(a), int(b)] for a, b in zip(left, right, strict=True)])

    cluster = cluster_rows(7, pairs, np.array(list(chance.values())), 0.85, score)
    assert cluster.tolist() == [0, 0, 2, 3, 3, 3, 6]


def read_truth() -> pa.Table:
    kinds = dict.fromkeys(["id", "true_id", "name", "address", "zip", "phone"], pa.string())
    options = pa.csv.ConvertOptions(column_types=kinds, strings_can_be_null=False)
    with gzip.open(DATA) as stream:
        return pa.csv.read_csv(stream, pa.csv.ReadOptions(), pa.csv.ParseOptions(newlines_in_values=True), options)


def score(left: np.ndarray, right: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Return precision, recall and F1 over pairs."""
    _names, sizes = np.unique(truth, return_counts=True)
    right_pairs, hits = int((sizes * (sizes - 1) // 2).sum()), int((truth[left] == truth[right]).sum())
    return hits / len(left), hits / right_pairs, 2 * hits / (len(left) + right_pairs)


def test_address_records_are_linked_without_labels() -> None:
    """With nothing but the names of the columns; equal folded names and addresses alone give 0.993, 0.268, 0.422."""
    whole = read_truth()
    truth = np.unique(whole["true_id"].to_numpy(), return_inverse=True)[1]
    linked = link_table(whole, ["name", "address", "zip", "phone"])
    assert score(linked.left, linked.right, truth) == pytest.approx((0.972, 0.913, 0.942), abs=0.003)
    joined = pc.binary_join_element_wise(whole["name"], whole["address"], "|").combine_chunks()
    same = read_field("both", joined, "text").value
    left, right = np.triu_indices(len(same), 1)
    equal = same[left] == same[right]
    assert [round(value, 2) for value in score(left[equal], right[equal], truth)] == [0.99, 0.27, 0.42]


def test_blocking_loses_no_true_pair_of_the_address_records() -> None:
    whole = read_truth()
    fields = [read_field(name, whole[name]) for name in ("name", "address", "zip", "phone")]
    pairs = candidate_pairs(fields, Blocking())
    truth = np.unique(whole["true_id"].to_numpy(), return_inverse=True)[1]
    assert score(pairs >> 32, pairs & 0xFFFFFFFF, truth)[1] == 1.0
    # A thirty-fifth of all pairs is compared.
    assert len(pairs) < 3337 * 3336 // 2 // 30
    assert set(Blocking().keys) == set(KEYS)


def test_a_table_without_duplicates_gives_few_links() -> None:
    """One row of each place; what is still linked is one institution under two places, or one place under two ids."""
    whole = read_truth()
    _names, first = np.unique(whole["true_id"].to_numpy(), return_index=True)
    linked = link_table(whole.take(pa.array(np.sort(first))), ["name", "address", "zip", "phone"])
    assert len(linked.left) <= 80


CHINESE = table(
    name=texts("王小明", "李雷", "王晓明", "李蕾蕾", "韩梅梅", "韩梅梅", "张伟"),
    address=texts(
        "北京市朝阳区建国路88号1栋", "上海市浦东新区世纪大道100号", "朝阳区建国路88号1栋", "广州市天河路5号",
        "深圳市科技园路7号", "深圳市南山区科技园路7号", "成都市人民南路9号",
    ),
    phone=texts("13812345678", "13911112222", "13812345678", None, "13700001111", "+86 137 0000 1111", "13655556666"),
)  # fmt: skip


def test_chinese_rows_and_numbers_with_a_country_code() -> None:
    result = Result(CHINESE, step("link_records", fields=["name", "address", "phone"]))
    assert [(item, code) for item, code, _detail in result.found] == [
        (1, "same_record"), (3, "same_record"), (5, "same_record"), (6, "same_record"),
    ]  # fmt: skip
    assert result.groups == [1, 1, 2, 2]
    assert result.found[0][2].startswith("the one to keep; probability 0.9")
    assert result.found[1][2].startswith("same as item 1; probability 0.9")
    assert result.notes["linkage"]["clusters"] == 2


@pytest.mark.parametrize(
    ("keep", "stay"), [("fullest", [1, 6]), ("first", [1, 5]), ("last", [3, 6]), ("labeled", [3, 5])]
)
def test_one_of_each_cluster_stays(keep: str, stay: list[int]) -> None:
    whole = CHINESE.append_column("label", texts(None, "x", "y", None, "z", "z", ""))
    chosen = step("link_records", fields=["name", "address", "phone"], action="drop", keep=keep)
    result = Result(whole, chosen, {"label": "label"})
    assert result.ids == sorted([2, 4, 7, *stay])
    assert {reason for _item, reason, _detail in result.drops} == {"same_record"}


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tables_with_hardly_a_row(rows: int) -> None:
    assert Result(CHINESE.slice(0, rows), step("link_records", fields=["name", "phone"])).found == []


def test_a_column_without_values_says_nothing() -> None:
    whole = CHINESE.append_column("fax", texts(*[None] * 7)).append_column("size", pa.array([None] * 7, pa.float64()))
    fields = ["name", "address", "phone", "fax", "size"]
    assert [item for item, *_rest in Result(whole, step("link_records", fields=fields)).found] == [1, 3, 5, 6]


def test_the_order_of_rows_changes_no_cluster() -> None:
    turned = CHINESE.take(list(range(6, -1, -1)))
    assert sorted(
        item for item, *_rest in Result(turned, step("link_records", fields=["name", "address", "phone"])).found
    ) == [1, 3, 5, 6]


def test_mistakes_are_named() -> None:
    with pytest.raises(StepError, match="There is no column street"):
        Result(CHINESE, step("link_records", fields=["street"]))
    with pytest.raises(StepError, match="Name the columns to compare"):
        Result(CHINESE, step("link_records"))
    with pytest.raises(StepError, match="of kind 'word'; choose one of text, code, number"):
        Result(CHINESE, step("link_records", fields=["name"], kinds={"name": "word"}))
    with pytest.raises(PlanError, match="it is a probability between 0 and 1"):
        step("link_records", threshold=1.5)
    with pytest.raises(ValueError, match="it is a probability"):
        LinkSettings(threshold=0)


def test_the_command_writes_pairs_and_clusters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "people.csv"
    pa.csv.write_csv(CHINESE.drop_columns(["item_id"]).add_column(0, "key", texts(*"abcdefg")), source)
    pairs, clusters = tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    command = ["link", str(source), "--fields", "name,address,phone:code", "--id", "key", "--pairs", str(pairs)]
    assert main([*command, "--clusters", str(clusters)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["pairs"], summary["clusters"]) == (7, 2, 2)
    rows = list(csv.DictReader(pairs.open(encoding="utf-8")))
    assert [(row["id1"], row["id2"]) for row in rows] == [("a", "c"), ("e", "f")]
    assert all(0.9 <= float(row["probability"]) <= 1 for row in rows)
    owners = {row["id"]: row["cluster"] for row in csv.DictReader(clusters.open(encoding="utf-8"))}
    assert owners == {"a": "a", "b": "b", "c": "a", "d": "d", "e": "e", "f": "e", "g": "g"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--fields", "street"], "There is no column street."),
        (["--fields", "name,,zip"], "--fields names columns with commas between them"),
        (["--fields", "name:word"], "choose one of text, code, number"),
        (["--fields", "name", "--id", "key"], "There is no column key."),
        (["--fields", "name", "--threshold", "2"], "it is a probability between 0 and 1"),
    ],
)
def test_a_wrong_command_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("name,zip\nAnn,1\nBob,2\n")
    assert main(["link", str(source), "--pairs", str(tmp_path / "p.csv"), *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()


def test_the_step_table_loads_without_the_slow_packages() -> None:
    slow = {"numba", "sklearn", "scipy", "pandas"}
    code = f"import sys, curation.engine.steps.table; print(sorted({slow!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
