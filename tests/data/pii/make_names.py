"""Make curation/engine/pii/data/names.txt.gz out of the name lists of Faker, the census lists beside it, and texts.

    uv run --with faker==40.63.0 python tests/data/pii/make_names.py TEXT_FILE...

The texts (plain, English, at least a million words) say which names are ordinary words as well: those that stand in
lower case at least three times, and no less often than with a capital inside a sentence.
"""

import gzip
import importlib
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import faker.providers.address
import faker.providers.person

FOLDER = Path(__file__).resolve().parents[3] / "curation" / "engine" / "pii" / "data"
LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ'’-]+")
WORD = re.compile(r"[A-Za-zÀ-ɏ'’]+")
PLACES = re.compile(r"cit(?:y|ies)|countr|state|province|region|count(?:y|ies)|street_(?:suffix|title|prefix)")
# The most frequent words of the texts: a word at the start of a sentence is no name.
COMMON = 12_000


def providers(package: ModuleType) -> Iterator[Any]:
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{module.name}").Provider


def strings(value: Any) -> Iterator[str]:
    for entry in value:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, tuple | list):
            yield from (part for part in entry if isinstance(part, str))


def lists(package: ModuleType, wanted: Any) -> Iterator[str]:
    """Give the words of all lists of a package's locales whose name is wanted."""
    for provider in providers(package):
        for name in dir(provider):
            value = getattr(provider, name)
            if not name.startswith("__") and isinstance(value, tuple | list | dict) and wanted(name):
                for entry in strings(value):
                    yield from (word.strip("-'’") for word in entry.split(" ") if LATIN.fullmatch(word))


def is_shaped(word: str) -> bool:
    """Tell whether a word is written as a name is: one capital, or two parts that each have one."""
    return len(word) > 1 and all(part[:1].isupper() and part[1:].islower() for part in re.split(r"[-'’]", word))


def counts(files: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each word stands in lower case, and with a capital inside a sentence."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for name in files:
        packed = Path(name).read_bytes()
        text = (gzip.decompress(packed) if name.endswith(".gz") else packed).decode("utf-8", "ignore")
        for match in WORD.finditer(text):
            word, before = match[0], text[max(0, match.start() - 2) : match.start()]
            if word.islower():
                lower[word] += 1
            elif is_shaped(word) and before.endswith(" ") and before[:1] not in ".!?:\"'":
                upper[word.lower()] += 1
    return lower, upper


def main() -> None:
    lower, upper = counts(sys.argv[1:])
    census = gzip.decompress((FOLDER / "census_1990_names.txt.gz").read_bytes()).decode().splitlines()
    census_first, census_last = (set(line.split()) for line in census)
    person, address = faker.providers.person, faker.providers.address
    places = set(lists(address, PLACES.search))
    first = set(lists(person, lambda name: ("first" in name and "name" in name) or name.startswith("given")))
    last = set(lists(person, lambda name: any(word in name for word in ("last", "surname", "family"))))

    def is_word(word: str) -> bool:
        return lower[word.lower()] >= max(3, upper[word.lower()])

    def sorted_out(names: set[str], known: set[str]) -> tuple[list[str], list[str]]:
        shaped = {name for name in names | known if is_shaped(name)}
        doubtful = {name for name in shaped if is_word(name) or (name in places and name not in known)}
        return sorted(shaped - doubtful), sorted(doubtful)

    lines = [*sorted_out(first, census_first), *sorted_out({name for name in last if len(name) > 2}, census_last)]
    sure = {name.lower() for name in (*lines[0], *lines[2])}
    common = [word for word, _count in lower.most_common(COMMON) if len(word) > 1 and word not in sure]
    text = "\n".join(" ".join(line) for line in [*lines, sorted(common)]) + "\n"
    (FOLDER / "names.txt.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print([len(line) for line in lines], len(common))


if __name__ == "__main__":
    main()
