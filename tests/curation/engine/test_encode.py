import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from curation.engine.encoders import EncoderError, apply_encoders
from curation.engine.plan import Plan, PlanError, run_plan
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter
from tests.curation.engine.stepping import Result, step, table, texts

ROWS = table(
    mass=pa.array([1.0, 3.0, None, 100.0], pa.float64()),
    size=pa.array([2, 4, 6, 8], pa.int64()),
    island=texts("b", "a", "a", "c"),
    sex=texts("m", None, "f", "x"),
    split=texts("train", "train", "train", "test"),
)
STEP = {"standard": ["mass"], "minmax": ["size"], "onehot": ["island"], "ordinal": ["sex"]}


def test_what_the_training_part_did_not_show_has_a_defined_result() -> None:
    result = Result(ROWS, step("encode_columns", **STEP))
    assert result.table.schema.names == ["item_id", "mass", "size", "island=a", "island=b", "sex", "split"]
    assert [tuple(row.values())[:5] for row in result.rows] == [
        (-1.0, 0.0, 0, 1, 1),
        (1.0, 0.5, 1, 0, -2),
        (None, 1.0, 1, 0, 0),
        (98.0, 1.5, 0, 0, -1),
    ]
    assert result.notes["encoders"] == [
        {"kind": "standard", "column": "mass", "mean": 2.0, "scale": 1.0},
        {"kind": "minmax", "column": "size", "low": 2.0, "high": 6.0},
        {"kind": "onehot", "column": "island", "categories": ["a", "b"]},
        {"kind": "ordinal", "column": "sex", "categories": ["f", "m"]},
    ]


def test_the_figures_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"x": random.normal(50, 9, 200), "y": random.exponential(3, 200), "c": random.choice(list("猫狗鸟"), 200)}
    )
    whole = table(x=frame["x"].to_numpy(), y=frame["y"].to_numpy(), c=texts(*frame["c"]), d=texts(*frame["c"]))
    encoded = Result(whole, step("encode_columns", standard=["x"], minmax=["y"], onehot=["c"], ordinal=["d"])).table
    made = encoded.drop_columns(["item_id"]).to_pandas().to_numpy(float)
    parts = [
        StandardScaler().fit_transform(frame[["x"]]),
        MinMaxScaler().fit_transform(frame[["y"]]),
        OneHotEncoder(sparse_output=False).fit_transform(frame[["c"]]),
        OrdinalEncoder().fit_transform(frame[["c"]]),
    ]
    np.testing.assert_allclose(made, np.hstack(parts), rtol=1e-12, atol=1e-12)


def test_columns_that_are_all_missing_or_all_equal_do_not_crash() -> None:
    whole = table(
        a=pa.array([None, None], pa.float64()), b=pa.array([None, None], pa.float64()), c=[7, 7], d=texts(None, None)
    )
    result = Result(whole, step("encode_columns", standard=["a", "c"], minmax=["b"], onehot=["d"]))
    assert result.rows == [{"a": None, "b": None, "c": 0.0}] * 2
    later = apply_encoders(table(a=[1.5], b=[2.5], c=[9], d=texts("new")), result.notes["encoders"])
    assert later.to_pylist() == [{"item_id": 1, "a": 1.5, "b": 2.5, "c": 2.0}]


def version(folder: Path, whole: pa.Table, **more: object) -> VersionReader:
    folder.mkdir()
    writer = VersionWriter(folder, roles={}, **more)
    writer.write(whole)
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def test_a_version_keeps_its_encoders_and_serving_gives_what_training_got(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", ROWS)
    plan = Plan.from_json({"steps": [{"name": "encode_columns", "params": STEP}]})
    (tmp_path / "out").mkdir()
    report = run_plan(plan, reader, tmp_path / "out")
    manifest = VersionManifest.from_json(json.loads(json.dumps(report.manifest.to_json())))
    made = VersionReader([tmp_path / "out" / part.name for part in manifest.parts], manifest)
    assert apply_encoders(reader.table(), manifest.encoders).to_pylist() == made.table().to_pylist()
    # A run that goes on after its last step keeps them, and so does a run on the version.
    assert run_plan(plan, reader, tmp_path / "out").manifest == report.manifest
    (tmp_path / "next").mkdir()
    later = run_plan(Plan.from_json({"steps": [{"name": "sample", "params": {"rows": 2}}]}), made, tmp_path / "next")
    assert later.manifest.encoders == manifest.encoders


def test_the_content_hash_covers_the_encoders(tmp_path: Path) -> None:
    plain = version(tmp_path / "a", ROWS).manifest
    one = version(
        tmp_path / "b", ROWS, encoders=[{"kind": "minmax", "column": "size", "low": 0.0, "high": 1.0}]
    ).manifest
    two = version(
        tmp_path / "c", ROWS, encoders=[{"kind": "minmax", "column": "size", "low": 0.0, "high": 2.0}]
    ).manifest
    assert len({plain.content_hash, one.content_hash, two.content_hash}) == 3
    assert plain.content_hash == version(tmp_path / "d", ROWS, encoders=[]).manifest.content_hash
    old = {name: value for name, value in plain.to_json().items() if name != "encoders"}
    assert VersionManifest.from_json(old).encoders == ()


@pytest.mark.parametrize(
    ("encoder", "sentence"),
    [
        ({"kind": "minmax", "column": "colour", "low": 0, "high": 1}, "There is no column colour"),
        ({"kind": "standard", "column": "island", "mean": 0, "scale": 1}, "The column island holds string"),
        ({"kind": "standard", "column": "mass", "mean": 0}, r"The encoder of mass \(standard\) has no scale"),
        ({"kind": "pickle", "column": "mass"}, "There is no encoder 'pickle'"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(encoder: dict, sentence: str) -> None:
    with pytest.raises(EncoderError, match=sentence):
        apply_encoders(ROWS, [encoder])


def test_infinite_numbers_do_not_move_the_figures() -> None:
    result = Result(table(x=pa.array([1.0, 3.0, math.inf])), step("encode_columns", standard=["x"]))
    assert result.table["x"].to_pylist() == [-1.0, 1.0, math.inf]


def test_mistakes_are_named() -> None:
    with pytest.raises(PlanError, match="the column mass is encoded in two ways"):
        step("encode_columns", standard=["mass"], minmax=["mass"])
    with pytest.raises(StepError, match="The column sex is the label"):
        Result(ROWS, step("encode_columns", ordinal=["sex"]), {"label": "sex"})
    with pytest.raises(StepError, match="There is a column a=1 already"):
        Result(table(**{"a": texts("1"), "a=1": texts("2")}), step("encode_columns", onehot=["a"]))
    with pytest.raises(StepError, match=r"has more than 1,000 different values"):
        Result(table(a=texts(*map(str, range(1001)))), step("encode_columns", ordinal=["a"]))
