"""What it costs to bring annotated tasks in and out as files of other tools: wall and processor time, peak memory.

    make bench ARGS="labeled_files"                                       10,000 tasks
    python bench/labeled_files.py --tasks 1000000 --formats jsonl parquet label_studio

It starts its own service (durable database, queue, web server, worker) in a temporary folder, imports Label Studio's
JSON of so many short texts, each answered by one of five people, and exports the project in each format. Processor time
and memory are those of all of the service's processes: web server, worker, database, queue.
"""

import argparse
import json
import os
import platform
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client")]

from assay_client import Client  # noqa: E402  (the repository is not installed)
from bench.import_rest import WORDS, Watch, bench_folder, serving, token  # noqa: E402

PEOPLE = [f"person{number}@example.com" for number in range(5)]


def write_tasks(path: Path, count: int) -> None:
    """Write tasks as Label Studio exports them."""
    with path.open("w", encoding="utf-8") as out:
        out.write("[\n")
        for number in range(count):
            text = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7, 11, 5, 13, 2, 9))
            label = "spam" if number % 7 == 0 else "ham"
            said = {"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
            annotation = {
                "id": number + 1,
                "completed_by": {"email": PEOPLE[number % len(PEOPLE)]},
                "created_at": "2026-01-01T00:00:00Z",
                "result": [{"id": "a", **said}],
            }
            task = {"id": number + 1, "data": {"text": f"{text} {number}"}, "annotations": [annotation]}
            out.write((",\n" if number else "") + json.dumps(task))
        out.write("\n]\n")


@contextmanager
def watched(home: Path, name: str) -> Iterator[None]:
    """Print what a block cost the service."""
    watch = Watch(home)
    watch.look()
    before = watch.cpu()
    thread = threading.Thread(target=watch.run)
    thread.start()
    began = time.perf_counter()
    yield
    wall = time.perf_counter() - began
    watch.look()
    watch.stop()
    thread.join()
    used = {part: seconds - before.get(part, 0.0) for part, seconds in watch.cpu().items()}
    split = ", ".join(f"{part} {seconds:.1f}" for part, seconds in sorted(used.items()))
    parts = ", ".join(f"{part} {size / 2**20:.0f}" for part, size in sorted(watch.peak.items()))
    print(f"{name:28}{wall:7.1f} s   {sum(used.values()):6.1f} s of processor ({split}); peak {parts} MiB", flush=True)


def main() -> None:
    """Import, export, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--formats", nargs="+", default=["jsonl", "label_studio", "parquet", "csv"], metavar="FORMAT")
    parser.add_argument("--port", type=int, default=8392)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.tasks:,} tasks")
    folder = bench_folder()
    home = folder / "home"
    small, whole = folder / "small.json", folder / "tasks.json"
    write_tasks(small, 10)
    write_tasks(whole, options.tasks)
    with serving(folder, options.port), Client(f"http://127.0.0.1:{options.port}", token(home)) as client:
        dataset = client.datasets.create("bench")
        # A first small import loads what every process loads once.
        bring(client, dataset.id, small, "warm")
        with watched(home, f"import, {whole.stat().st_size / 1e6:.0f} MB"):
            project, answers = bring(client, dataset.id, whole, "whole")
        assert answers == options.tasks, answers
        for name in options.formats:
            target = folder / f"{name}.zip"
            with watched(home, f"export, {name}"):
                made = client.exports.save(project, name, target)
            assert made["item_count"] == options.tasks, made
            with zipfile.ZipFile(target) as archive:
                unpacked = sum(info.file_size for info in archive.infolist())
            print(f"{'':28}{target.stat().st_size / 1e6:.1f} MB, {unpacked / 1e6:.0f} MB unpacked")
            target.unlink()


def bring(client: Client, dataset: int, file: Path, name: str) -> tuple[int, int]:
    """Import a labeled file and return its project and how many answers came."""
    upload = client.uploads.send(dataset, file)
    made = client.jobs.wait(client.uploads.start_project(upload.id, name)).result
    brought = client.jobs.wait(client.jobs.get(made["answers_job"])).result
    return int(made["project"]), int(brought["answers"])


if __name__ == "__main__":
    main()
