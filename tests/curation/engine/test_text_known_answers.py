"""The text steps on the real data of the demo."""

import csv
import gzip
import io
from collections import Counter

import ftfy
import pytest

from curation.demo import SETS
from curation.engine.steps.language import DetectLanguage
from curation.engine.steps.markup import StripMarkup
from curation.engine.steps.mojibake import RepairMojibake
from tests.curation.engine.tiny import apply


def texts(name: str) -> list[str]:
    with gzip.open(SETS[name].path) as packed:
        return [row["text"] for row in csv.DictReader(io.TextIOWrapper(packed, "utf-8"))]


@pytest.mark.parametrize(("name", "changed"), [("sms_spam", 35), ("reviews_zh", 0)])
def test_mojibake_is_repaired_as_ftfy_does_it_row_by_row(name: str, changed: int) -> None:
    before = texts(name)
    result = apply(RepairMojibake(), before, batch=5_000)
    assert result.changed == changed
    assert list(result.kept.values()) == [ftfy.fix_encoding(text) for text in before]


@pytest.mark.parametrize(("name", "changed"), [("sms_spam", 309), ("reviews_zh", 13)])
def test_messages_hold_references_and_no_tags(name: str, changed: int) -> None:
    before = texts(name)
    whole, references = apply(StripMarkup(), before), apply(StripMarkup(mode="entities"), before)
    assert (whole.changed, references.changed) == (changed, changed)
    assert whole.kept == references.kept
    assert not any("&amp;" in text for text in whole.kept.values() if text)


@pytest.mark.parametrize(("name", "code", "decided"), [("sms_spam", "en", 0.86), ("reviews_zh", "zh", 0.98)])
def test_the_language_is_right_where_it_is_decided(name: str, code: str, decided: float) -> None:
    codes = Counter(apply(DetectLanguage(), texts(name), batch=5_000).table["language"].to_pylist())
    known = codes.total() - codes["und"]
    assert known / codes.total() > decided
    assert codes[code] / known > 0.99
