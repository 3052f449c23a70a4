"""Pages of the data explorer at a million items: first, deep, filtered, searched; with the index and without.

    .venv/bin/python bench/explorer.py --rows 1000000

Texts are Zipf-distributed words, every tenth text Chinese. Each kind of page is asked for 60 times with other places or
words; p50 and p95 are wall milliseconds of opening the files, finding and reading 50 rows, as one request does it,
without rendering.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine.explorer.build import build_index
from curation.engine.explorer.conditions import Condition, Question
from curation.engine.explorer.index import VersionIndex
from curation.engine.explorer.scan import scan
from curation.engine.reader import VersionReader
from curation.engine.writer import VersionWriter

# A thousand characters of the common range, spread so that neighbours in rank are not neighbours in code.
HAN = "".join(chr(0x4E00 + 7919 * number % 20_000) for number in range(1_000))


def generate(folder: Path, rows: int, seed: int = 9) -> VersionReader:
    random = np.random.default_rng(seed)
    consonants, vowels = np.array(list("bcdfghklmnprstvwz")), np.array(list("aeiou"))
    syllables = [first + second for first in consonants for second in vowels]
    lengths = random.integers(1, 5, 50_000)
    words = np.array(["".join(random.choice(syllables, length)) for length in lengths])
    han = np.array(list(HAN))
    writer = VersionWriter(folder, roles={"text": "text", "label": "label"})
    labels = np.array(["ham", "spam", "other", "rare"])
    for start in range(0, rows, 10_000):
        count = min(10_000, rows - start)
        picks = np.minimum(random.zipf(1.3, (count, 12)) - 1, len(words) - 1)
        texts = [" ".join(line) for line in words[picks]]
        for number in range(0, count, 10):
            texts[number] = "".join(han[np.minimum(random.zipf(1.4, 30) - 1, len(han) - 1)])
        table = {
            "item_id": np.arange(start + 1, start + count + 1),
            "text": texts,
            "label": labels[random.choice(4, count, p=[0.6, 0.3, 0.0999, 0.0001])],
            "source": [f"document-{number // 7}" for number in range(start, start + count)],
            "score": random.random(count),
            "split": np.array(["train", "test"])[(random.random(count) < 0.1).astype(int)],
        }
        writer.write(pa.table({name: pa.array(list(values)) for name, values in table.items()}))
    manifest = writer.finish()
    (folder / "words.json").write_text(json.dumps(words.tolist()))
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def percentiles(ask: Callable[[int], object], times: int = 60) -> dict[str, float]:
    spent = []
    for number in range(times):
        started = time.perf_counter()
        ask(number)
        spent.append((time.perf_counter() - started) * 1000)
    return {"p50_ms": round(float(np.percentile(spent, 50)), 1), "p95_ms": round(float(np.percentile(spent, 95)), 1)}


def questions(words: list[str]) -> dict[str, Callable[[int], Question]]:
    equals = lambda column, value: Condition("equals", column, value)  # noqa: E731
    return {
        "filter_label": lambda _n: Question("", (equals("label", "spam"),)),
        "filter_rare_label": lambda _n: Question("", (equals("label", "rare"),)),
        "filter_value_of_many": lambda n: Question("", (equals("source", f"document-{n * 2000}"),)),
        "filter_three": lambda _n: Question(
            "", (equals("split", "test"), Condition("at_least", "score", "0.999"), Condition("longer", value="60"))
        ),
        "filter_nothing_matches": lambda _n: Question(
            "", (equals("label", "rare"), Condition("at_least", "score", "0.9999999"))
        ),
        "search_common": lambda n: Question(words[n]),
        "search_rare": lambda n: Question(words[20_000 + 31 * n]),
        "search_absent": lambda n: Question(f"qxz{words[20_000 + n]}"),
        "search_two_letters": lambda n: Question(words[n][:2]),
        "search_han_two": lambda n: Question(HAN[n * 5] + HAN[n * 7 + 3]),
        "search_han_one": lambda n: Question(HAN[200 + n]),
        "search_and_rare_label": lambda n: Question(words[n], (equals("label", "rare"),)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reader = generate(folder, rows)
        words = json.loads((folder / "words.json").read_text())
        wall, cpu = time.perf_counter(), time.process_time()
        build_index(reader, folder / "v.idx")
        figures = {
            "index_wall_s": round(time.perf_counter() - wall, 1),
            "index_cpu_s": round(time.process_time() - cpu, 1),
        }
        sizes = {
            "parts_mb": sum(path.stat().st_size for path in reader.paths) / 1e6,
            "index_mb": (folder / "v.idx").stat().st_size / 1e6,
        }
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            json.dumps(
                {"rows": rows, **figures, **{key: round(size, 1) for key, size in sizes.items()}, "peak_mb": peak}
            )
        )
        places = np.random.default_rng(1).integers(0, rows, 60).tolist()
        report = {
            "first_page": percentiles(lambda _n: reader.page(0, 50)),
            "deep_page": percentiles(lambda n: reader.page(places[n], 50)),
        }
        for key, ask in questions(words).items():
            found = [VersionIndex(folder / "v.idx").find(ask(n)) for n in range(60)]
            report[key] = percentiles(lambda n, ask=ask: VersionIndex(folder / "v.idx").find(ask(n)))
            report[key]["rows_found"] = round(float(np.mean([len(answer.rows) for answer in found])), 1)
            report[key]["time_was_up"] = sum(not answer.complete for answer in found)
            report[key]["deep"] = percentiles(
                lambda n, ask=ask: VersionIndex(folder / "v.idx").find(ask(n), start=places[n])
            )["p95_ms"]
            report[key]["without_index_p95_ms"] = percentiles(lambda n, ask=ask: scan(reader, ask(n)), 15)["p95_ms"]
        for key, entry in report.items():
            print(json.dumps({"page": key, **entry}))


if __name__ == "__main__":
    main()
