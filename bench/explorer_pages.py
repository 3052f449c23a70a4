"""Whole pages of the explorer over HTTP at a million items, signed in as a person: p50 and p95 in milliseconds.

    make bench ARGS="explorer_pages"            1,000,000 items
    python bench/explorer_pages.py --rows 100000

It starts its own service in a temporary folder, imports generated texts (nine in ten of twelve words of a 20,000-word
vocabulary with a long tail, one in ten of 24 Chinese characters), waits for the search index, and opens each kind of
page forty times after three that are not counted. `explorer.py` measures the engine alone.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client"), str(ROOT / "bench")]

from import_rest import bench_folder, serving, token  # noqa: E402  (the repository is not installed)

from assay_client import Client  # noqa: E402

HAN = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十"
TIMES, WARM = 40, 3


class Texts:
    """A source of texts that is the same every time."""

    def __init__(self) -> None:
        self.chance = random.Random(3)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(self.chance.choices(letters, k=self.chance.randint(3, 9))) for _word in range(20_000)]

    def word(self) -> str:
        return self.words[min(len(self.words), int(self.chance.paretovariate(0.9))) - 1]

    def han(self, length: int) -> str:
        return "".join(self.chance.choices(HAN, k=length))

    def write(self, path: Path, rows: int) -> None:
        with path.open("w", encoding="utf-8") as file:
            for number in range(rows):
                text = " ".join(self.word() for _word in range(12)) if number % 10 else self.han(24)
                row = {"text": text, "label": "spam" if self.chance.random() < 0.4 else "ham"}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def questions(texts: Texts, rows: int) -> dict[str, Callable[[], str]]:
    """Return what is asked of the version's page, by name."""
    return {
        "first page": lambda: "",
        "a page from a random row": lambda: f"?offset={texts.chance.randrange(rows)}",
        "one label": lambda: "?label=spam",
        "the most frequent word": lambda: f"?q={texts.words[0]}",
        "a rare word": lambda: f"?q={texts.words[texts.chance.randrange(200, 5000)]}",
        "two Chinese characters": lambda: f"?q={quote(texts.han(2))}",
        "a text that does not occur": lambda: "?q=qqqqzzzzxx",
    }


def sign_in(browser: httpx.Client, password: str) -> None:
    browser.get("/sign-in/").raise_for_status()
    fields = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "email": "admin@example.com", "password": password}
    browser.post("/sign-in/", data=fields, headers={"Referer": f"{browser.base_url}/sign-in/"})
    if "sessionid" not in browser.cookies:
        raise SystemExit("signing in failed")


def index_built(client: Client, browser: httpx.Client, page: str) -> None:
    """Ask for the search index as a person's first search does, and wait for the job."""
    browser.get(f"{page}?q=first").raise_for_status()
    until = time.monotonic() + 300
    while any(job.is_open for job in client.jobs.list()):
        if time.monotonic() > until:
            raise SystemExit("the index was not built in time")
        time.sleep(0.2)


def milliseconds(browser: httpx.Client, page: str, ask: Callable[[], str]) -> list[float]:
    taken = []
    for _time in range(WARM + TIMES):
        began = time.perf_counter()
        browser.get(page + ask()).raise_for_status()
        taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken[WARM:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--port", type=int, default=8392)
    options = parser.parse_args()
    folder = bench_folder()
    texts = Texts()
    texts.write(folder / "texts.jsonl", options.rows)
    base = f"http://127.0.0.1:{options.port}"
    with (
        serving(folder, options.port) as password,
        Client(base, token(folder / "home")) as client,
        httpx.Client(base_url=base, follow_redirects=True) as browser,
    ):
        upload = client.uploads.send(client.datasets.create("bench").id, folder / "texts.jsonl")
        version = client.jobs.wait(client.uploads.start_import(upload.id), timeout=600).result["version"]
        sign_in(browser, password)
        page = f"/versions/{version}/"
        index_built(client, browser, page)
        print(f"{options.rows:,} items, {os.cpu_count()} cores, {TIMES} pages each")
        for name, ask in questions(texts, options.rows).items():
            taken = milliseconds(browser, page, ask)
            print(f"{name:28}p50 {taken[TIMES // 2]:5.1f} ms, p95 {taken[int(TIMES * 0.95) - 1]:5.1f} ms")


if __name__ == "__main__":
    main()
