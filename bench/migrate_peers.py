"""Whole projects of a real Label Studio and a real doccano, taken over by one command and compared object by object.

    python3.11 -m venv /tmp/ls-venv && /tmp/ls-venv/bin/pip install label-studio==1.23.2
    python3.10 -m venv /tmp/doccano-venv
    /tmp/doccano-venv/bin/pip install doccano==1.8.4 'marshmallow<4' 'setuptools<81' 'numpy<2'
    python bench/migrate_peers.py --label-studio /tmp/ls-venv --doccano /tmp/doccano-venv

Each tool runs on SQLite in a temporary folder and is filled through its own API by two people. Then an Assay service
starts, `assay migrate TOOL --all` runs, and everything that was put in is looked for here: items by their text or by
the hash of their picture, pictures byte for byte, each person's answer, predictions with their scores, skips, what
counts, columns and guidelines. Ends with 1 if anything differs.
"""

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client"), str(ROOT / "bench")]

import psycopg  # noqa: E402  (the repository is not installed)
from _filled import Filled, Thing, digest, plain  # noqa: E402
from _filled_doccano import ANN, doccano  # noqa: E402
from _filled_label_studio import label_studio  # noqa: E402
from import_rest import bench_folder, serving, token  # noqa: E402

from assay_client import Client  # noqa: E402
from runner.home import Home  # noqa: E402

KINDS = ("items", "pictures", "answers", "skips", "times", "predictions", "final answers", "columns", "guidelines")
_PREDICTED = """
SELECT t.item_id, s.source, s.answer::text, s.confidence FROM labeling_suggestion s
JOIN labeling_task t ON t.id = s.task_id WHERE t.project_id = %s
"""
# A member has an address; whoever is only named here has none that is real.
_PEOPLE = "SELECT id, CASE WHEN email LIKE '%@imported.invalid' THEN name ELSE email END FROM accounts_user"
_DECIDED = """
SELECT t.item_id, a.answer::text FROM labeling_adjudication a JOIN labeling_task t ON t.id = a.task_id
WHERE t.project_id = %s AND a.state = 'decided'
"""


@dataclass
class Compared:
    """How many objects of each kind there were, how many are equal here, and how many more there are here."""

    there: Counter[str] = field(default_factory=Counter)
    equal: Counter[str] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def look(self, kind: str, what: str, wanted: Any, found: Any) -> None:
        """Compare one object."""
        self.there[kind] += 1
        if wanted == found:
            self.equal[kind] += 1
        else:
            self.differences.append(f"{kind}: {what[:60]}: {wanted!r} there, {found!r} here")

    def more(self, kind: str, what: str) -> None:
        """Note an object that was never there."""
        self.beyond[kind] += 1
        self.differences.append(f"{kind}: {what} is here and was not there")


@dataclass
class Here:
    """A project as Assay has it, by item: read over REST, suggestions and decisions from the database."""

    items: dict[str, dict[str, Any]]
    answers: dict[int, dict[str, Any]]
    times: dict[int, dict[str, tuple[dt.datetime, float]]]
    predictions: dict[int, dict[str, tuple[Any, float]]]
    decided: dict[int, Any]
    guidelines: str

    @classmethod
    def read(cls, client: Client, database: psycopg.Connection[Any], project_id: int) -> "Here":
        project = client.projects.get(project_id)
        items = {}
        for row in client.versions.items(project.version):
            items[row.get("image") or row["text"]] = row
        answers: dict[int, dict[str, Any]] = {}
        times: dict[int, dict[str, tuple[dt.datetime, float]]] = {}
        people = dict(database.execute(_PEOPLE).fetchall())
        for row in client.projects.results(project_id):
            person = people[row["annotator"]]
            answers.setdefault(row["item_id"], {})[person] = None if row["skipped"] else plain(row["answer"])
            times.setdefault(row["item_id"], {})[person] = (moment(row["created_at"]), row["seconds"])
        predictions: dict[int, dict[str, tuple[Any, float]]] = {}
        for item, source, answer, confidence in database.execute(_PREDICTED, [project_id]).fetchall():
            predictions.setdefault(item, {})[source] = (plain(json.loads(answer)), confidence)
        decided = {
            item: plain(json.loads(answer)) for item, answer in database.execute(_DECIDED, [project_id]).fetchall()
        }
        return cls(items, answers, times, predictions, decided, str(project.raw.get("guidelines", "")))


def compare(filled: Filled, here: Here, client: Client) -> Compared:
    """Look for everything that was put in, and for what was not."""
    found = Compared()
    for key, thing in filled.things.items():
        row = here.items.get(key)
        found.look("items", key, True, row is not None)
        if row is None:
            continue
        if row.get("image"):
            found.look("pictures", key, key, digest(original(client, row["image"])))
        _compare_said(found, key, thing, here, row["item_id"])
        for name, value in thing.columns.items():
            found.look("columns", f"{key}, {name}", value, row.get(name))
    for key in here.items.keys() - filled.things.keys():
        found.more("items", key)
    found.look("guidelines", filled.title, filled.guidelines, here.guidelines)
    return found


def _compare_said(found: Compared, key: str, thing: Thing, here: Here, item: int) -> None:
    answers, predictions = here.answers.get(item, {}), here.predictions.get(item, {})
    for person, answer in thing.answers.items():
        kind = "skips" if answer is None else "answers"
        found.look(kind, f"{key}, {person}", answer, answers.get(person, "nothing"))
    for person, (at, seconds) in thing.times.items():
        found.look("times", f"{key}, {person}", (moment(at), seconds), here.times.get(item, {}).get(person))
    for person in answers.keys() - thing.answers.keys():
        found.more("answers", f"{key}, {person}")
    for model, (answer, score) in thing.predictions.items():
        said = predictions.get(model, ("nothing", 0.0))
        found.look("predictions", f"{key}, {model}", (answer, round(score, 6)), (said[0], round(said[1], 6)))
    for model in predictions.keys() - thing.predictions.keys():
        found.more("predictions", f"{key}, {model}")
    if thing.final is not None:
        found.look("final answers", key, thing.final, here.decided.get(item, "nothing"))
    elif item in here.decided:
        found.more("final answers", key)


def moment(at: str) -> dt.datetime:
    """Return a time that one of the tools wrote."""
    return dt.datetime.fromisoformat(at)


def original(client: Client, sha256: str) -> bytes:
    """Return the file of a picture as it was sent."""
    address = client.request("GET", f"pictures/{sha256}/original/")["url"]
    with urllib.request.urlopen(urllib.parse.urljoin(client.base_url, address), timeout=60) as answer:
        return bytes(answer.read())


def migrate(arguments: list[str], environment: dict[str, str], losses: Path) -> tuple[list[dict[str, Any]], float]:
    """Run `assay migrate` as one command; return what it says as data, and the seconds it took."""
    command = [sys.executable, "-m", "assay_client", "--json", "migrate", *arguments, "--all", "--losses", str(losses)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout), time.perf_counter() - began


def table(rows: list[tuple[Filled, dict[str, Any], Compared]]) -> list[str]:
    """Return the comparison as a table for pages."""
    lines = [f"| tool | project | {' | '.join(KINDS)} | left out or changed |"]
    lines.append(f"| --- | --- |{' --- |' * (len(KINDS) + 1)}")
    for filled, result, found in rows:
        cells = []
        for kind in KINDS:
            there, beyond = found.there[kind], found.beyond[kind]
            more = f" (+{beyond})" if beyond else ""
            cells.append(f"{found.equal[kind]} of {there}{more}" if there or beyond else "")
        lost = Counter(result["losses"]) + Counter(result["not_taken"])
        said = ", ".join(f"`{code}` {count}" for code, count in sorted(lost.items()))
        lines.append(f"| {filled.tool} | {filled.title} | {' | '.join(cells)} | {said or 'nothing'} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label-studio", type=Path, help="environment that has label-studio")
    parser.add_argument("--doccano", type=Path, help="environment that has doccano")
    parser.add_argument("--port", type=int, default=18_400, help="the first of three ports")
    parser.add_argument("--show", type=int, default=20, help="differences that are printed")
    arguments = parser.parse_args()
    if not arguments.label_studio and not arguments.doccano:
        parser.error("name --label-studio, --doccano or both")
    with ExitStack() as stack:
        peers = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-peers-", ignore_cleanup_errors=True))
        )
        sources = []
        if arguments.label_studio:
            (peers / "label-studio").mkdir()
            there = label_studio(arguments.label_studio, peers / "label-studio", arguments.port + 1)
            root, key, filled = stack.enter_context(there)
            sources.append((["label-studio", root, "--key", key], filled))
        if arguments.doccano:
            (peers / "doccano").mkdir()
            there = doccano(arguments.doccano, peers / "doccano", arguments.port + 2)
            root, key, filled = stack.enter_context(there)
            sources.append((["doccano", root, "--user", ANN, "--key", key], filled))
        folder = bench_folder()
        stack.enter_context(serving(folder, arguments.port))
        differences = compare_all(Home(folder / "home"), arguments.port, sources, peers)
    for line in differences[: arguments.show]:
        print(line)
    print(f"\n{len(differences)} differences; assay-client {importlib.metadata.version('assay-client')}")
    sys.exit(bool(differences))


def compare_all(home: Home, port: int, sources: list[tuple[list[str], list[Filled]]], peers: Path) -> list[str]:
    """Take everything over, print the table, and return the differences."""
    address = f"http://127.0.0.1:{port}"
    secret = token(home.root)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "DATABASE", "BROKER"))}
    environment = {**kept, "ASSAY_URL": address, "ASSAY_TOKEN": secret, "PYTHONPATH": str(ROOT / "client")}
    environment |= {"XDG_CACHE_HOME": str(peers / "cache")}
    rows = []
    differences = []
    with Client(address, secret) as client, psycopg.connect(home.read_runtime()["DATABASE_URL"]) as database:
        for command, filled in sources:
            results, seconds = migrate(command, environment, peers / f"{command[0]}.csv")
            print(f"assay migrate {command[0]} {command[1]} --all: {len(results)} projects in {seconds:.1f} s")
            by_number = {int(row["source"]["number"]): row for row in results if "source" in row}
            for each in filled:
                result = by_number[each.number]
                found = compare(each, Here.read(client, database, result["project"]), client)
                rows.append((each, result, found))
                differences += [f"{each.title}: {line}" for line in found.differences]
    print("\n".join(table(rows)))
    return differences


if __name__ == "__main__":
    main()
