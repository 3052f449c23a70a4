"""Text steps: rows a processor second on short and long texts, beside datatrove's filters on the same input.

    .venv/bin/python bench/text_filters.py [--peer /path/to/python/with/datatrove] [--documents FILE.jsonl[.gz]]

Short texts are the demo's English messages and Chinese reviews. Long ones are the `text` of a JSON Lines file, or
without one the descriptions of the installed Python packages. With a peer, datatrove's filters decide the long texts
too: once as they are, once with words split at white space as ours are, and every pair of reasons that differs is
counted. Then the same for Chinese documents, ten reviews each, where only datatrove's own segmenter is compared.
"""

import argparse
import csv
import gzip
import io
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

FILTERS = {
    "gopher repetition": ["filter_repetition"],
    "gopher quality": ["filter_length", "filter_symbols"],
    "c4": ["filter_lines", "filter_symbols"],
    "fineweb": ["filter_symbols"],
}
REPEAT = 5


def short_texts() -> dict[str, list[str]]:
    """Return the demo's messages and reviews."""
    from curation.demo import SETS

    found = {}
    for name in ("sms_spam", "reviews_zh"):
        with gzip.open(SETS[name].path) as packed:
            found[name] = [row["text"] for row in csv.DictReader(io.TextIOWrapper(packed, "utf-8"))]
    return found


def long_texts(path: Path | None) -> list[str]:
    """Return the documents of a file, or the descriptions of installed packages with at least 2,000 characters."""
    if path is None:
        bodies = {str(entry.metadata.get_payload()) for entry in metadata.distributions()}
        return sorted(body for body in bodies if len(body) >= 2_000)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def cpu(work: Callable[[], Any]) -> float:
    """Return the processor seconds of the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def table_of(texts: list[str]) -> Any:
    import pyarrow as pa

    return pa.table({"item_id": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.large_string())})


def applied(steps: list[Any], texts: list[str]) -> dict[int, str]:
    """Run steps one after the other and return the reason for each row dropped."""
    from curation.engine.steps.base import Context

    table, context, reasons = table_of(texts), Context({"text": "text"}), {}
    for step in steps:
        state = step.prepare(lambda whole=table: iter([whole]), context)
        outcome = step.apply(table, state, context)
        reasons |= {drop.item_id: drop.reason for drop in outcome.drops}
        table = outcome.kept
    return reasons


def our_steps(name: str) -> list[Any]:
    """Return our steps for one of datatrove's filters, as the presets have them."""
    from curation.engine.plan import Plan
    from curation.engine.presets import PRESETS

    preset = PRESETS["fineweb"] if name == "fineweb" else PRESETS[name.split(maxsplit=1)[0]]
    steps = Plan.from_json(preset).steps
    if name == "fineweb":
        return [steps[-1]]
    return [step for step in steps if step.name in FILTERS[name]]


def measure(texts: dict[str, list[str]]) -> None:
    """Print rows and megabytes a processor second of every text step with its defaults."""
    from curation.engine.steps.table import STEPS

    names = ["repair_mojibake", "strip_markup", "normalize_text", "drop_boilerplate_lines", "detect_language"]
    names += ["filter_length", "filter_lines", "filter_symbols", "filter_repetition", "word_list"]
    params: dict[str, Any] = {"word_list": {"blocked": ("lottery", "winner", "赌博", "copyright notice")}}
    print("\nrows (MB) a processor second")
    print(f"{'':24}" + "".join(f"{name:>22}" for name in texts))
    for name in names:
        step = STEPS[name](**params.get(name, {}))
        cells = []
        for rows in texts.values():
            applied([step], rows[:50])
            seconds = cpu(lambda step=step, rows=rows: applied([step], rows))
            size = sum(len(text.encode()) for text in rows) / 1e6
            cells.append(f"{len(rows) / seconds:12,.0f} ({size / seconds:6,.1f})")
        print(f"{name:24}" + "".join(f"{cell:>22}" for cell in cells))


def compare(python: str, texts: list[str], language: str) -> None:
    """Print both sides' speed and decisions for each of datatrove's filters."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts))
        command = [python, "-W", "ignore", __file__, "--as-peer", str(path), "--language", language]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{len(texts)} documents ({language}), datatrove {theirs['version']}: rows a processor second, decisions")
    for name in FILTERS:
        steps = our_steps(name)
        ours = applied(steps, texts)
        seconds = cpu(lambda steps=steps: applied(steps, texts))
        print(f"{name}: ours {len(texts) / seconds:,.0f}, datatrove {len(texts) / theirs[name]['seconds']:,.0f}")
        for kind in [kind for kind in ("own words", "our words") if kind in theirs[name]]:
            reasons = {int(row): reason for row, reason in theirs[name][kind].items()}
            pairs = Counter(
                (ours.get(row, "kept"), reasons.get(row, "kept"))
                for row in range(len(texts))
                if (row in ours) != (row in reasons)
            )
            agreed = len(texts) - pairs.total()
            print(f"  {kind}: dropped {len(ours)} and {len(reasons)}; the same decision on {agreed} of {len(texts)}")
            for (mine, its), count in pairs.most_common():
                print(f"    {count:4} × ours {mine}, datatrove {its}")


def run_peer(path: Path, language: str) -> None:
    """Decide the texts with datatrove and print seconds and reasons; runs in the peer's interpreter."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
        fineweb_quality_filter,
        gopher_quality_filter,
        gopher_repetition_filter,
    )
    from datatrove.utils import text as words

    texts = json.loads(path.read_text())
    kinds = {
        "gopher repetition": GopherRepetitionFilter,
        "gopher quality": GopherQualityFilter,
        "c4": C4QualityFilter,
        "fineweb": FineWebQualityFilter,
    }
    found: dict[str, Any] = {"version": metadata.version("datatrove")}
    for name, kind in kinds.items():
        chosen = kind(language=language)
        chosen.filter(Document(text="Warm up. " * 80, id="0"))
        started = time.process_time()
        reasons = decided(chosen, texts, Document)
        found[name] = {"seconds": time.process_time() - started, "own words": reasons}
        words.split_into_parts.cache_clear()
    if language != "eng":
        print(json.dumps(found))
        return
    for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
        module.split_into_words = lambda text, _language=None: text.split()
    for name, kind in kinds.items():
        found[name]["our words"] = decided(kind(language=language), texts, Document)
    print(json.dumps(found))


def decided(chosen: Any, texts: list[str], document: Any) -> dict[int, str]:
    reasons = {}
    for row, text in enumerate(texts):
        try:
            answer = chosen.filter(document(text=text, id=str(row)))
        except (ZeroDivisionError, IndexError) as error:
            answer = (False, type(error).__name__)
        if isinstance(answer, tuple):
            reasons[row] = answer[1]
    return reasons


def main() -> None:
    """Measure ourselves, and compare when a peer is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="a Python that has datatrove, spacy and nltk")
    parser.add_argument("--documents", type=Path, help="JSON Lines with a field text")
    parser.add_argument("--as-peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--language", default="eng", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        run_peer(options.as_peer, options.language)
        return
    documents = long_texts(options.documents)
    short = short_texts()
    print(f"{len(documents)} documents of {sum(map(len, documents)) // len(documents):,} characters on average")
    measure({**{name: rows * REPEAT for name, rows in short.items()}, "documents": documents * REPEAT})
    if options.peer:
        compare(options.peer, documents, "eng")
        reviews = list(dict.fromkeys(short["reviews_zh"]))
        compare(options.peer, ["\n".join(reviews[start : start + 10]) for start in range(0, 3000, 10)], "zho_Hani")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
