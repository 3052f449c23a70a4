"""No format takes another's files, and what is in none is refused with the names of those that are read."""

from pathlib import Path

import pytest

from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError
from labeling.engine.formats.table import FORMATS, find_format

DATA = Path(__file__).parents[3] / "data" / "formats"
EXPECTED = {
    "label_studio/*.json": "label_studio",
    "prodigy/*.jsonl": "prodigy",
    "brat/*.ann": "brat",
    "doccano/*.jsonl": "doccano",
    "doccano/edge/*/*.jsonl": "doccano",
    "doccano/edge/*/*.json": "doccano",
    "doccano/edge/*/*.txt": "doccano",
    "doccano/edge/*/*.conll": "conll",
    "conll/*": "conll",
    "doccano/edge/*.csv": "csv",
}


@pytest.mark.parametrize(("pattern", "name"), EXPECTED.items())
def test_each_file_is_found_to_be_in_its_format(pattern: str, name: str) -> None:
    found = {}
    for path in sorted(DATA.glob(pattern)):
        with opened(path) as files:
            found[path.name] = find_format(files)
    assert found
    assert set(found.values()) == {name}


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.json*")), ids=lambda path: path.name)
def test_only_tables_overlap_with_others(path: Path) -> None:
    with opened(path) as files:
        names = {name for name, each in FORMATS.items() if each.recognize(files)}
    assert len(names - {"jsonl"}) == 1


def test_plain_tables_come_last() -> None:
    assert list(FORMATS)[-5:] == ["hugging_face", "parquet", "jsonl", "csv", "folders"]


@pytest.mark.parametrize("path", ["doccano/edge/example.txt", "label_studio/label_config_polygons.xml"])
def test_what_is_in_no_format_is_refused_with_those_that_are_read(path: str) -> None:
    with opened(DATA / path) as files, pytest.raises(FormatError, match="Label Studio JSON, ") as caught:
        find_format(files)
    assert caught.value.code == "format_unknown"
