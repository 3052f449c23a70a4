"""The step for personal data: each action, columns of a table, pseudonyms, what it notes, what it asks."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.__main__ import main
from curation.engine.pii.configuration import RecognizerError, read_recognizers
from curation.engine.pii.pseudonyms import Pseudonyms, canonical
from curation.engine.pii.recall import Drawn, clopper_pearson, draw, estimate
from curation.engine.pii.scan import Scanner
from curation.engine.pii.seal import SealError, seal, unseal
from curation.engine.pii.uncertain import Doubt, Doubts, locate, mask, mask_spans
from curation.engine.plan import PlanError
from curation.engine.replacements import read_mapping
from curation.engine.steps.base import Context, Outcome, StepError
from tests.curation.engine.stepping import Result, step, table, texts

KEY = b"k" * 32
ROLES = {"text": "text"}


def applied(rows: pa.Table, key: bytes = KEY, **params: Any) -> Outcome:
    chosen = step("pii", **params)
    context = Context(ROLES, key=key)
    return chosen.apply(rows, chosen.prepare(lambda: iter([rows]), context), context)


def test_flags_masks_and_drops_by_type() -> None:
    rows = table(text=texts("ann@corp.example 203.0.113.7", None, "QQ：4665116234", "hello"))
    result = Result(rows, step("pii", action="mask", actions={"IP": "flag", "QQ": "drop"}), ROLES)
    assert [row["text"] for row in result.rows] == ["[EMAIL] 203.0.113.7", None, "hello"]
    assert result.found == [(1, "pii_found", "IP 1")]
    assert result.drops == [(3, "pii_dropped", "QQ 1")]
    assert (result.changed, result.notes) == (1, {"columns": ["text"]})


def test_flagging_changes_nothing_and_says_no_value() -> None:
    rows = table(text=texts("a@b.example c@d.example", "none"))
    result = Result(rows, step("pii"), ROLES)
    assert result.table.equals(rows)
    assert result.found == [(1, "pii_found", "EMAIL 2")]


def test_cells_of_a_table_of_any_type() -> None:
    rows = table(name=texts("Dr. Helena Shaw"), phone=pa.array([13812345678]), note=texts("ann@corp.example"))
    outcome = applied(rows, action="mask", columns=["name", "phone"])
    assert outcome.kept.drop_columns(["item_id"]).to_pylist() == [
        {"name": "Dr. [PERSON]", "phone": "[PHONE]", "note": "ann@corp.example"}
    ]
    quiet = applied(table(phone=pa.array([1, None])), action="mask", columns=["phone"])
    assert quiet.kept["phone"].to_pylist() == ["1", None]
    assert quiet.kept.schema.field("phone").type == outcome.kept.schema.field("phone").type


def test_replacements_are_noted_with_places_of_the_input() -> None:
    outcome = applied(table(text=texts("😀 ann@corp.example, 203.0.113.7")), action="pseudonym")
    assert [
        (one.item_id, one.column, one.start, one.end, one.label, one.action, one.why) for one in outcome.replaced
    ] == [
        (1, "text", 2, 18, "EMAIL", "pseudonym", "format"),
        (1, "text", 20, 31, "IP", "pseudonym", "format"),
    ]
    assert "ann@corp" not in repr(outcome.replaced)


def test_pseudonyms_need_a_key() -> None:
    with pytest.raises(StepError, match="--key"):
        applied(table(text=texts("a")), key=b"", actions={"EMAIL": "pseudonym"})
    with pytest.raises(StepError, match="no column phone"):
        applied(table(text=texts("a")), columns=["phone"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"action": "hide"}, "choose one of flag, mask"),
        ({"actions": {"EMAIL": "hide"}}, "EMAIL is 'hide'"),
        ({"actions": {"MAIL": "mask"}}, "no type MAIL"),
        ({"types": ["MAIL"]}, "no type MAIL"),
        ({"low": 0.9, "high": 0.5}, "low is not above high"),
        ({"language": "fr"}, "no language fr"),
        ({"recognizers": "- name: x"}, "the label has capitals"),
    ],
)
def test_wrong_parameters_are_said(params: dict[str, Any], message: str) -> None:
    with pytest.raises((PlanError, ValueError), match=message):
        step("pii", **params)


def test_one_value_has_one_pseudonym_whatever_its_form() -> None:
    names = Pseudonyms(KEY)
    forms = ["18650492062", "186 5049 2062", "+86 186-5049-2062", "１８６５０４９２０６２"]
    made = [names.stand_in("PHONE", form) for form in forms]
    assert {canonical("PHONE", one) for one in made} == {canonical("PHONE", made[0])}
    assert [one.startswith(start) for one, start in zip(made, ["186", "186 ", "+86 186-", "１８６"], strict=True)] == [
        True
    ] * 4
    assert len(made[1]) == len(forms[1])
    assert names.stand_in("EMAIL", "Ann@Corp.example") == names.stand_in("EMAIL", "ann@corp.example")
    assert Pseudonyms(b"x" * 32).stand_in("PHONE", forms[0]) != made[0]
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


@pytest.mark.parametrize(
    ("label", "value", "shape"),
    [
        ("EMAIL", "ann@corp.example", r"person-[a-z2-7]{8}@example\.com"),
        ("CREDIT_CARD", "4111-1111-1111-1111", r"\d{4}-\d{4}-\d{4}-\d{4}"),
        ("IBAN", "GB82 WEST 1234 5698 7654 32", r"[A-Z]{2}\d\d [A-Z]{4} \d{4} \d{4} \d{4} \d\d"),
        ("PLATE", "京A·12345", r"京[A-Z]·\d{5}"),
        ("IP", "203.0.113.7", r"10\.\d+\.\d+\.\d+"),
        ("IP", "2001:db8::8a2e:370:7334", r"2001:db8:[0-9a-f:]+"),
        ("PERSON", "Robert Chen", r"[A-Z][a-z]+ [A-Z][a-z]+"),
        ("PERSON", "王小明", r"[\u4e00-\u9fff]{3}"),
        ("ADDRESS", "江苏省南京市中山北路7号", r"\[ADDRESS-[A-Z2-7]{8}\]"),
        ("SECRET", "AKIAIOSFODNN7EXAMPLE", r"\[SECRET-[A-Z2-7]{8}\]"),
    ],
)
def test_a_pseudonym_has_the_shape_of_its_value(label: str, value: str, shape: str) -> None:
    import re

    made = Pseudonyms(KEY).stand_in(label, value)
    assert re.fullmatch(shape, made)
    assert made != value


def test_uncertain_spans_are_asked_about_in_the_text_as_it_is_now() -> None:
    rows = table(text=texts("ann@corp.example knows Robert Chen"))
    outcome = applied(rows, action="mask", high=0.8)
    assert outcome.kept["text"].to_pylist() == ["[EMAIL] knows Robert Chen"]
    (one,) = outcome.found
    assert one.code == "pii_uncertain"
    assert json.loads(one.detail) == {"spans": [["text", 14, 25, "PERSON", 0.75, "mask"]], "lengths": {"text": 25}}
    assert applied(rows, action="mask", high=0.7).kept["text"].to_pylist() == ["[EMAIL] knows [PERSON]"]
    assert applied(rows, action="mask", low=0.76).found == []


def test_more_doubts_than_a_finding_holds_are_replaced() -> None:
    text = ", ".join(["Robert Chen"] * 30)
    outcome = applied(table(text=texts(text)), action="mask")
    spans = Doubts.of_detail(outcome.found[0].detail).spans
    assert len(outcome.found[0].detail) <= 500
    assert len(spans) + len(outcome.replaced) == 30
    fresh = outcome.kept["text"][0].as_py()
    assert {fresh[one.start : one.end] for one in spans} == {"Robert Chen"}


def test_a_decided_span_is_found_again_in_a_changed_text() -> None:
    doubt = Doubt("text", 0, 11, "PERSON", 0.75, "mask")
    assert locate(doubt, "Robert Chen is here", 19) == (0, 11)
    assert locate(doubt, "Mr. Robert Chen is here", 19) == (4, 15)
    assert locate(doubt, "Nobody is here", 19) is None
    fresh, made = mask_spans(table(text=texts("Robert Chen", "x")), {1: ((doubt,), {"text": 11})}, mask)
    assert fresh["text"].to_pylist() == ["[PERSON]", "x"]
    assert [(one.item_id, one.start, one.end, one.why, one.value) for one in made] == [(1, 0, 11, "person", "")]


def test_a_sealed_record_opens_with_its_key_only() -> None:
    body = seal(KEY, "值".encode()) + seal(KEY, b"")
    assert [text.decode() for text in unseal(KEY, io.BytesIO(body))] == ["值", ""]
    assert "值".encode() not in body
    assert seal(KEY, b"x") != seal(KEY, b"x")
    for broken in (body[:-1], body[:20] + bytes([body[20] ^ 1]) + body[21:], body[:60] + bytes([body[60] ^ 1])):
        with pytest.raises(SealError):
            list(unseal(KEY, io.BytesIO(broken)))
    with pytest.raises(SealError):
        list(unseal(b"x" * 32, io.BytesIO(body)))


def test_the_same_key_gives_the_same_version_and_a_mapping_from_the_shell(tmp_path: Path, capsys: Any) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id,text\n1,ann@corp.example\n2,hello\n", "utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text("steps:\n- name: pii\n  params: {action: pseudonym}\n")
    key = tmp_path / "key"
    key.write_bytes(KEY)
    hashes = []
    for name in ("one", "two"):
        assert main(["run", str(plan), str(rows), str(tmp_path / name), "--key", str(key)]) == 0
        hashes.append(json.loads((tmp_path / name / "manifest.json").read_text())["content_hash"])
    assert hashes[0] == hashes[1]
    assert [row[2] for row in read_mapping(KEY, tmp_path / "one" / "mapping.sealed")] == ["ann@corp.example"]
    notes = pq.read_table(tmp_path / "one" / "replacements.parquet").to_pylist()
    assert [(row["item_id"], row["type"], row["action"]) for row in notes] == [(1, "EMAIL", "pseudonym")]
    key.write_bytes(b"short")
    assert main(["run", str(plan), str(rows), str(tmp_path / "three"), "--key", str(key)]) == 1
    assert "at least 32 bytes" in capsys.readouterr().err


def test_the_command_writes_spans_without_values(tmp_path: Path, capsys: Any) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_text('{"id": "a", "text": "😀 ann@corp.example"}\n{"id": "b", "text": "none"}\n', "utf-8")
    arguments = ["pii", str(rows), "--field", "text", "--id", "id", "--spans"]
    assert main([*arguments, str(out), "--language", "en"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["texts_with_spans"], summary["spans"]) == (2, 1, {"EMAIL": 1})
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"id": "a", "spans": [{"start": 2, "end": 18, "label": "EMAIL", "score": 0.98, "why": "format"}]},
        {"id": "b", "spans": []},
    ]
    out.unlink()
    assert main(["pii", str(rows), "--field", "txet", "--spans", str(out)]) == 1
    assert "No row has 'txet'. There are id, text." in capsys.readouterr().err
    assert not out.exists()
    assert main([*arguments, str(tmp_path / "out.csv")]) == 1
    assert "must end in .jsonl" in capsys.readouterr().err
    assert main([*arguments, str(out), "--types", "MAIL"]) == 1
    assert main(["pii", str(tmp_path / "no.csv"), "--spans", str(out)]) == 1
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, str(out), "--language", "xx"])
    assert stopped.value.code == 2


OWN = r"""
recognizers:
- name: staff
  label: STAFF_NUMBER
  pattern: '(?<![0-9])(?P<v>[0-9]{6})(?![0-9])'
  needs: ['[0-9]{6}', 'Mitarbeiter']
  words: 'Mitarbeiter'
  score: 0.9
"""


def test_recognizers_of_ones_own() -> None:
    scanner = Scanner(extra=read_recognizers(OWN))
    assert [(one.label, one.why) for one in scanner.text("Mitarbeiter 123456")] == [("STAFF_NUMBER", "context")]
    assert scanner.text("Seite 123456") == []
    result = Result(table(text=texts("Mitarbeiter 123456")), step("pii", action="mask", recognizers=OWN), ROLES)
    assert result.rows[0]["text"] == "Mitarbeiter [STAFF_NUMBER]"
    assert read_recognizers("") == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": "(a+)+b"}, "too many ways"),
        ({"pattern": "[0-9]*x"}, "too many ways"),
        ({"pattern": "(a{1,9}){1,9}b"}, "too many ways"),
        ({"pattern": "(unclosed"}, "cannot be read"),
        ({"pattern": ""}, "the pattern is missing"),
        ({"name": "Bad Name"}, "small letters"),
        ({"label": "bad"}, "capitals"),
        ({"score": 2}, "from 0 to 1"),
        ({"check": "sum"}, "no check sum"),
        ({"needs": "x"}, "list of texts"),
        ({"needs": ["(?<!a)b"]}, "RE2 cannot read"),
        ({"colour": "red"}, "colour is unknown"),
    ],
)
def test_a_wrong_recognizer_is_refused_in_a_sentence(change: dict[str, Any], message: str) -> None:
    row = {"name": "x", "label": "XX", "pattern": "[0-9]{3}", **change}
    with pytest.raises(RecognizerError, match=message):
        read_recognizers(json.dumps({"recognizers": [row]}))


def test_a_sample_is_drawn_from_both_strata_and_the_same_again() -> None:
    import numpy as np

    ids, hits = np.arange(1, 1_001), np.arange(1, 101)
    drawn = draw([ids[:300], ids[300:]], hits, seed=7, count=20)
    assert drawn.sizes == {True: 100, False: 900}
    assert [len(drawn.items[hit]) for hit in (True, False)] == [20, 20]
    assert max(drawn.items[True]) <= 100 < min(drawn.items[False])
    assert draw([ids], hits, seed=7, count=20) == drawn
    assert draw([ids], hits, seed=8, count=20) != drawn
    assert Drawn.from_json(json.loads(json.dumps(drawn.to_json()))) == drawn
    assert [hit for _item, hit in drawn.in_turn()[:4]] == [True, False, True, False]


def test_recall_counts_what_nobody_has_seen() -> None:
    drawn = Drawn({True: 100, False: 900}, {True: list(range(50)), False: list(range(50, 100))})
    assert estimate(150, drawn, []).value is None
    assert estimate(150, drawn, [(True, 0)]).value is None
    none = estimate(150, drawn, [(True, 0)] * 50 + [(False, 0)] * 50)
    assert (none.value, none.high, none.reviewed) == (1.0, 1.0, 100)
    # 1 - 0.0125^(1/50) = 0.0839 of 1,000 items may hold a miss.
    assert none.low == pytest.approx(150 / (150 + 1_000 * 0.0839), abs=1e-3)
    some = estimate(150, drawn, [(True, 0)] * 50 + [(False, 0)] * 49 + [(False, 2)])
    assert some.value == pytest.approx(150 / (150 + 36))
    assert some.low < some.value < some.high  # type: ignore[operator]


def test_clopper_and_pearson() -> None:
    """The figures of R's binom.test."""
    assert clopper_pearson(3, 100, 0.95) == (pytest.approx(0.00623, abs=1e-5), pytest.approx(0.08518, abs=1e-5))
    assert clopper_pearson(0, 10, 0.95) == (0.0, pytest.approx(0.30850, abs=1e-5))
    assert clopper_pearson(10, 10, 0.95) == (pytest.approx(0.69150, abs=1e-5), 1.0)
