"""Argilla's datasets: one that Argilla's own library wrote, broken ones, and there and back."""

import base64
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.record import FormatError, Record, Said
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import read_back, written

DATA = Path(__file__).parents[3] / "data" / "formats" / "argilla"
ANN, BOB = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
HELD = {"choice", "spans", "text", "rating"}


def test_a_dataset_that_argilla_wrote() -> None:
    reading, (first, second), losses, name = read_back(DATA)
    assert name == "argilla"
    assert [(row["name"], row["type"]) for row in reading.schema["controls"]] == [
        ("mood", "choice"),
        ("topics", "choice"),
        ("stars", "rating"),
        ("heat", "choice"),
        ("names", "spans"),
        ("note", "text"),
    ]
    assert (first.name, first.fields) == ("a-1", {"text": "Ann flew to Łódź 👩\u200d🚀.", "src": "mail", "n": 3})
    by_ann, by_bob = first.answers
    assert (by_ann.by, by_bob.by) == (ANN, BOB)
    assert by_ann.answer["topics"] == ["x", "y"]
    assert [span["text"] for span in by_ann.answer["names"]] == ["Ann"]
    assert by_bob.answer == {"mood": ["neg"], "stars": 2, "heat": ["5"], "note": "短い文。"}
    one, two = first.predictions
    assert (one.by, one.confidence, [span["text"] for span in one.answer["names"]]) == ("m1", 0.4, ["Ann", "Łódź"])
    assert (two.by, two.confidence, two.answer) == ("m2", None, {"stars": 4})
    assert (second.answers, second.predictions, second.final) == ([], [], None)
    assert losses.counts == {"question_kind": 1, "rating_values": 1, "vectors": 1}


def test_settings_in_a_hidden_folder_of_an_archive_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(DATA.rglob("*.json")):
            archive.write(path, f"dataset/{path.relative_to(DATA).as_posix()}")
        archive.writestr("dataset/.git/records.json", "[]")
    reading, found, losses, _name = read_back(tmp_path / "a.zip")
    assert len(found) == 2
    assert "settings_missing" not in losses.counts
    assert reading.schema == read_back(DATA)[0].schema


def test_without_settings_the_questions_come_from_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "records.json").write_bytes((DATA / "records.json").read_bytes())
    reading, (first, _second), losses, name = read_back(tmp_path)
    kinds = {row["name"]: row["type"] for row in reading.schema["controls"]}
    assert name == "argilla"
    assert kinds["names"] == "spans"
    assert kinds["mood"] == "choice"
    assert kinds["stars"] == "rating"
    assert first.answers[0].answer["mood"] == ["pos"]
    assert losses.counts == {"settings_missing": 1, "label_added": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fields": [1]}, "row_broken"),
        ({"responses": {"names": [{"value": [{"start": 0, "end": 99, "label": "PER"}]}]}}, "span_outside"),
        ({"responses": {"names": [{"value": [{"start": 0, "end": 3, "label": "?"}]}]}}, "label_unknown"),
        ({"responses": {"mood": [{"value": "perhaps"}]}}, "answer_refused"),
        ({"responses": {"stars": [{"value": 9}]}}, "answer_refused"),
        ({"responses": {"mood": "pos"}}, None),
        ({"responses": None, "suggestions": None}, None),
        ({"suggestions": {"stars": {"value": "much", "score": "high"}}}, "answer_refused"),
    ],
)
def test_what_does_not_fit_is_told_of_and_the_rest_kept(change: Any, code: str | None, tmp_path: Path) -> None:
    (tmp_path / ".argilla").mkdir()
    (tmp_path / ".argilla" / "settings.json").write_bytes((DATA / ".argilla" / "settings.json").read_bytes())
    rows = json.loads((DATA / "records.json").read_text())
    rows[1] |= change
    (tmp_path / "records.json").write_text(json.dumps(rows))
    _reading, found, losses, _name = read_back(tmp_path)
    usual = {"question_kind": 1, "rating_values": 1, "vectors": 1}
    assert losses.counts == usual | ({code: 1} if code else {})
    assert found[0].answers[0].answer["mood"] == ["pos"]


@pytest.mark.parametrize("content", ["{", "[]", '{"questions": 3}'])
def test_broken_settings_are_told_of(content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(content)
    (tmp_path / "records.json").write_bytes((DATA / "records.json").read_bytes())
    _reading, found, losses, _name = read_back(tmp_path)
    assert len(found) == 2
    assert losses.counts["settings_missing"] == 1
    assert losses.counts["settings_broken"] == (content == "{")


def test_records_that_say_nothing_are_refused(tmp_path: Path) -> None:
    rows = [{"id": "1", "fields": {"text": "a"}, "responses": {}, "suggestions": {}}]
    (tmp_path / "records.json").write_text(json.dumps(rows))
    with pytest.raises(FormatError) as caught:
        read_back(tmp_path)
    assert caught.value.code == "no_labels"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(projects.RICH))
def test_there_and_back(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("argilla", projects.RICH, rows, folder)
        reading, found, read_losses, name = read_back(folder)
    assert name == "argilla"
    assert read_losses.total == 0
    held = [each for each in projects.RICH.controls if each.type in HELD and not getattr(each, "sides", False)]
    assert losses.counts.pop("control") == len(projects.RICH.controls) - len(held)
    again = {each.name: each for each in parse_schema(reading.schema).controls}
    assert list(again) == [each.name for each in held]
    for each in held:
        assert again[each.name].type == each.type
        assert getattr(again[each.name], "labels", ()) is not None
    for row, back in zip(rows, found, strict=True):
        assert back.name == row.name
        given = {said.by: _kept(said.answer, held) for said in row.answers if not said.skipped}
        if not given and row.final is not None:
            given = {"": _kept(row.final, held)}
        assert {said.by: said.answer for said in back.answers} == {by: answer for by, answer in given.items() if answer}
        predicted = [said for said in row.predictions if _kept(said.answer, held)]
        assert [(said.answer, said.confidence) for said in back.predictions] == [
            (_kept(said.answer, held), said.confidence) for said in predicted[:1]
        ]
        assert losses.counts["predictions"] >= len(row.predictions) - 1
    told = {"skipped", "several_answers", "final", "predictions", "answered_empty", "times", "column_type"}
    assert set(losses.counts) <= told


def _kept(answer: dict[str, Any], held: list[Any]) -> dict[str, Any]:
    """Return the part of an answer that Argilla holds; ids of spans are ours and are given anew."""
    found = {each.name: answer[each.name] for each in held if answer.get(each.name) not in (None, [])}
    for each in held:
        if each.type == "spans" and each.name in found:
            found[each.name] = [{**row, "id": f"s{n}"} for n, row in enumerate(found[each.name], 1)]
    return found


def test_pictures_stand_in_the_records(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    schema = parse_schema(
        {
            "display": [{"type": "image", "field": "image"}],
            "controls": [{"name": "kind", "type": "choice", "labels": [{"value": "a"}, {"value": "b"}]}],
        }
    )
    record = Record("p0.png", {"shelf": "b"}, "p.png", projects.SIZE, [Said({"kind": ["a"]}, "ann")])
    losses = written("argilla", schema, [record], folder)
    (row,) = json.loads((folder / "records.json").read_text())
    pixels = projects.picture(tmp_path).read_bytes()
    assert base64.b64decode(row["fields"]["image"].removeprefix("data:image/png;base64,")) == pixels
    _reading, (found,), read_losses, _name = read_back(folder)
    assert (found.name, found.size, found.fields, found.answers) == (
        "p0.png",
        projects.SIZE,
        record.fields,
        record.answers,
    )
    assert losses.total + read_losses.total == 0
