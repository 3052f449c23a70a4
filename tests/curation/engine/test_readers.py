import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.demo import SETS
from curation.engine.readers import ReadError, RefusedRow, SourceProfile, read_batches, sniff
from curation.engine.readers.profile import EXCERPT, FIELD_LIMIT
from curation.engine.readers.records import list_elements


def write(folder: Path, data: str | bytes, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[RefusedRow], SourceProfile]:
    profile = sniff(path, path.name, **options)
    rows: list[dict[str, Any]] = []
    refused: list[RefusedRow] = []
    for batch in read_batches(path, profile):
        rows += batch.table.to_pylist()
        refused += batch.refused
    return rows, refused, profile


def test_a_profile_says_what_the_file_is(tmp_path: Path) -> None:
    path = write(tmp_path, "id;text;label\n1;hello, you;x\n2;bye;y\n", "table.txt")
    profile = sniff(path, "table.txt")
    assert profile.to_json() == {
        "file_name": "table.txt",
        "format": "csv",
        "encoding": "utf-8",
        "compressed": False,
        "delimiter": ";",
        "quote": '"',
        "header": True,
        "columns": ["id", "text", "label"],
        "roles": {"text": "text", "label": "label", "id": "id"},
        "role_reasons": {
            "text": "The column is called text.",
            "label": "The column is called label.",
            "id": "The column is called id.",
        },
        "preview": [["1", "hello, you", "x"], ["2", "bye", "y"]],
        "warnings": [],
        "sheet": "",
        "sheets": [],
        "row_bound": 37,
        "classes": {},
        "chosen": {},
    }
    assert SourceProfile.from_json(profile.to_json()) == profile


def test_roles_are_guessed_from_content_when_names_say_nothing(tmp_path: Path) -> None:
    rows = "".join(f"a{n},a long sentence number {n},{'yes' if n % 2 else 'no'}\n" for n in range(10))
    profile = sniff(write(tmp_path, "alpha,beta,gamma\n" + rows), "in.csv")
    assert profile.roles == {"text": "beta", "label": "gamma"}


def test_a_person_s_choices_win(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label,note\na,b,c\n")
    rows, _refused, profile = read(path, header=False)
    assert (len(rows), profile.columns, profile.warnings) == (2, ["column_1", "column_2", "column_3"], [])
    assert sniff(path, "in.csv", roles={"text": "note", "label": ""}).roles == {"text": "note"}
    assert sniff(path, "in.csv", delimiter="\t").columns == ["text,label,note"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"roles": {"text": "body"}}, "column_unknown"),
        ({"roles": {"colour": "text"}}, "role_unknown"),
        ({"encoding": "ebcdic"}, "encoding_unknown"),
        ({"format": "xls"}, "format_unknown"),
        ({"format": "xlsx"}, "format_unfit"),
        ({"delimiter": ";;"}, "delimiter_unknown"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], code: str) -> None:
    with pytest.raises(ReadError) as caught:
        sniff(write(tmp_path, "text,label\na,b\n"), "in.csv", **options)
    assert caught.value.code == code


def test_a_stray_quote_costs_its_own_row_and_no_other(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,text\n1,a\n2,"open\n3,c\n4,"fine, quoted"\n5,e\n')
    rows, refused, _profile = read(path)
    assert [row["id"] for row in rows] == ["1", "3", "4", "5"]
    assert [(row.line, row.code, row.raw) for row in refused] == [(3, "quote", '2,"open')]


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    _rows, refused, _profile = read(write(tmp_path, 'id,text\n1,"a\nb\nc"\n\n2\n3,d\n'))
    assert [(row.line, row.code) for row in refused] == [(6, "too_few_fields")]


def test_plain_lines_are_one_column_of_text(tmp_path: Path) -> None:
    rows, refused, profile = read(write(tmp_path, 'He said "hi", twice.\nThen, well, nothing.\nBye.\n', "notes.txt"))
    assert [row["column_1"] for row in rows] == ['He said "hi", twice.', "Then, well, nothing.", "Bye."]
    assert (refused, profile.roles) == ([], {"text": "column_1"})


def test_quotes_are_letters_in_a_table_that_does_not_close_them(tmp_path: Path) -> None:
    rows, refused, profile = read(write(tmp_path, 'label\ttext\nham\t"Hello\nspam\tbuy "now"\n'))
    assert ([row["text"] for row in rows], refused, profile.quote) == (['"Hello', 'buy "now"'], [], "")


def test_ascii_at_the_start_does_not_decide_the_encoding(tmp_path: Path) -> None:
    plain = "".join(f"{n},plain text,x\n" for n in range(100_000))
    path = write(tmp_path, ("id,text,label\n" + plain).encode() + "100000,你好，世界,x\n".encode("gb18030"))
    rows, refused, profile = read(path)
    assert (profile.encoding, refused, rows[-1]["text"]) == ("gb18030", [], "你好，世界")


def test_gzip_is_unfolded_up_to_a_ratio(tmp_path: Path) -> None:
    rows, _refused, profile = read(write(tmp_path, gzip.compress(b"id,text\n1,a\n"), "in.csv.gz"))
    assert (rows, profile.compressed) == ([{"id": "1", "text": "a"}], True)
    bomb = write(tmp_path, gzip.compress(b"id,text\n" + b"1,aaaaaaaaaaaaaa\n" * 1_000_000), "bomb.csv.gz")
    with pytest.raises(ReadError) as caught:
        read(bomb)
    assert caught.value.code == "gzip_ratio"


def test_a_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f"{n},text {n * 7919}\n" for n in range(10_000)).encode())
    with pytest.raises(ReadError) as caught:
        read(write(tmp_path, whole[:-2000], "cut.csv.gz"))
    assert caught.value.code == "gzip_broken"


@pytest.mark.parametrize(
    ("name", "first", "begin", "end", "last"),
    [
        ("in.jsonl", '{"text":"a"}\n', '{"text":"', '"}\n', '{"text":"b"}\n'),
        ("in.csv", "id,text\n1,a\n", "2,", "\n", "3,b\n"),
        ("quoted.csv", "id,text\n1,a\n", '2,"', '"\r\n', '3,"b"\n'),
        ("in.csv", "id,text\n1,a\n", "2,", "", ""),
    ],
    ids=["jsonl", "csv", "quoted", "at the end"],
)
def test_a_line_beyond_the_limit_is_left_out_and_the_rows_around_it_stay(
    tmp_path: Path, name: str, first: str, begin: str, end: str, last: str
) -> None:
    data = first + begin + "a" * (FIELD_LIMIT + 10) + end + last
    rows, refused, _profile = read(write(tmp_path, data.encode(), name))
    assert [row["text"] for row in rows] == (["a", "b"] if last else ["a"])
    assert [(row.line, row.code) for row in refused] == [(first.count("\n") + 1, "line_too_long")]
    assert len(refused[0].raw) <= EXCERPT


def test_a_line_beyond_the_limit_behind_an_open_quote_takes_no_good_row_along(tmp_path: Path) -> None:
    data = 'id,text\n1,a\n2,"open\n' + "a" * (FIELD_LIMIT + 10) + "\n4,b\n"
    rows, refused, _profile = read(write(tmp_path, data.encode(), "in.csv"))
    assert [row["text"] for row in rows] == ["a", "b"]
    assert [(row.line, row.code) for row in refused] == [(3, "quote"), (4, "line_too_long")]


def test_typed_json_values_keep_their_type(tmp_path: Path) -> None:
    lines = [
        {"n": 1, "f": 1, "b": True, "mixed": "a", "nested": {"k": ["é"]}, "big": 9**30},
        {"n": None, "f": 2.5, "b": False, "mixed": 2, "late": "x"},
    ]
    rows, refused, _profile = read(write(tmp_path, "\n".join(json.dumps(line) for line in lines), "in.jsonl"))
    assert refused == []
    assert rows == [
        {"n": 1, "f": 1.0, "b": True, "mixed": "a", "nested": '{"k":["é"]}', "big": str(9**30), "late": None},
        {"n": None, "f": 2.5, "b": False, "mixed": "2", "nested": None, "big": None, "late": "x"},
    ]  # fmt: skip


def test_a_json_list_is_read_with_lines(tmp_path: Path) -> None:
    text = '[\n {"text": "a, ] } \\" b"},\n {"text": oops},\n\n 3,\n {"text": "c"}\n]\n'
    rows, refused, profile = read(write(tmp_path, text, "in.json"))
    assert (profile.format, [row["text"] for row in rows]) == ("json", ['a, ] } " b', "c"])
    assert [(row.line, row.code) for row in refused] == [(3, "json_syntax"), (5, "not_an_object")]


def test_a_first_record_longer_than_the_sample_is_one_record(tmp_path: Path) -> None:
    lines = [{"id": "a", "text": "长 text " * 300_000}, {"id": "b", "text": "short"}]
    rows, refused, profile = read(write(tmp_path, "\n".join(json.dumps(line) for line in lines), "in.jsonl"))
    assert (profile.format, profile.columns, refused) == ("jsonl", ["id", "text"], [])
    assert rows == lines
    alone, _refused, _profile = read(write(tmp_path, json.dumps(lines[0]), "one.jsonl"))
    assert alone == lines[:1]


def test_text_behind_a_json_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(write(tmp_path, '[{"text": "a"}] x', "in.json"))
    assert caught.value.code == "json_broken"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.one_of(st.integers(), st.text(), st.dictionaries(st.text(), st.text() | st.lists(st.text())))),
    st.integers(1, 40),
)
def test_a_json_list_is_cut_where_json_says(values: list[Any], size: int) -> None:
    text = json.dumps(values, ensure_ascii=False)
    pieces = iter([text[start : start + size] for start in range(0, len(text), size)])
    assert [json.loads(raw) for _line, raw in list_elements(pieces)] == values


cells = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=20),
    encoding=st.sampled_from(["utf-8", "utf-8-bom", "utf-16", "gb18030"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], encoding: str, delimiter: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *rows])
    codec = {"utf-8-bom": "utf-8-sig"}.get(encoding, encoding)
    path = write(tmp_path_factory.mktemp("csv"), buffer.getvalue().encode(codec))
    found, refused, _profile = read(path, encoding=encoding, delimiter=delimiter, header=True, format="csv")
    assert refused == []
    assert [(row["text"], row["label"]) for row in found] == rows


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = write(tmp_path_factory.mktemp("bytes"), data)
    try:
        rows, refused, profile = read(path)
    except ReadError as error:
        assert (error.code != "", error.message[-1]) == (True, ".")  # noqa: PT017  (either outcome is right)
    else:
        json.dumps([rows, profile.to_json()], ensure_ascii=False).encode()
        assert all(row.reason and row.line > 0 for row in refused)


def test_the_demo_sets_are_whole() -> None:
    for name, count in (("sms_spam", 5574), ("reviews_zh", 12000)):
        rows, refused, profile = read(SETS[name].path)
        assert (len(rows), refused, profile.roles["text"], profile.roles["label"]) == (count, [], "text", "label")


@pytest.mark.parametrize("size", [7, 100, 100_000])
def test_elements_of_a_list_know_their_line_whatever_the_pieces(size: int) -> None:
    text = "\n" + json.dumps([{"n": number} for number in range(50)], indent=1)
    found = list(list_elements(iter([text[start : start + size] for start in range(0, len(text), size)])))
    assert [line for line, _raw in found] == [3 + 3 * number for number in range(50)]
    assert [json.loads(raw)["n"] for _line, raw in found] == list(range(50))


def test_whole_numbers_beyond_64_bits_are_kept_wherever_they_stand(tmp_path: Path) -> None:
    rows, _refused, _profile = read(write(tmp_path, f'{{"text":"a","deep":{{"n":{9**30}}},"f":1.5}}\n', "in.jsonl"))
    assert rows == [{"text": "a", "deep": f'{{"n": {9**30}}}', "f": 1.5}]


def test_an_id_that_comes_three_times_is_counted_once(tmp_path: Path) -> None:
    _rows, _refused, profile = read(write(tmp_path, "id,text\n1,a\n2,b\n1,c\n3,d\n1,e\n3,f\n"))
    assert profile.warnings == ["Ids of column id used more than once: 2."]


def test_ids_are_watched_up_to_a_limit_and_the_warning_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.engine.readers.reading.ID_LIMIT", 3)
    _rows, _refused, profile = read(write(tmp_path, "id,text\n1,a\n1,b\n2,c\n2,d\n"))
    assert profile.warnings == ["Ids of column id used more than once among the first 3 rows: 1."]
