"""What it costs to import many short texts through REST: wall time, processor time and memory of the whole service.

    make bench ARGS="import_rest"                     100,000 texts
    python bench/import_rest.py --rows 1000000 --format csv

It starts its own service (durable database, queue, web server, worker) in a temporary folder, sends one file through
the client, imports it, and reads the first and the last page of the version. Processor time and memory are those of all
of the service's processes: web server, worker, database, queue.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client")]

from assay_client import Client  # noqa: E402  (the repository is not installed)
from runner.home import Home  # noqa: E402

PARTS = {"database": "postgres", "queue": "valkey", "web": "gunicorn", "worker": "celery"}
WORDS = ["order", "refund", "parcel", "late", "broken", "invoice", "colour", "size", "return", "card", "missing"]


@dataclass
class Watch:
    """Reads the service's processes five times a second.

    Attributes:
        peak: Highest sum of the resident memory of each part, in bytes; shared pages count in each process.
        cpu: Processor seconds of each part, children that ended included.
    """

    home: Path
    peak: dict[str, int] = field(default_factory=dict)
    whole: int = 0
    _cpu: dict[tuple[int, float], tuple[str, float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        now: dict[str, int] = {}
        for process in psutil.process_iter():
            try:
                part = self._part(process)
                if part:
                    times = process.cpu_times()
                    key = (process.pid, process.create_time())
                    self._cpu[key] = (part, times.user + times.system)
                    now[part] = now.get(part, 0) + memory(process)
            except psutil.Error:
                continue
        for part, size in now.items():
            self.peak[part] = max(self.peak.get(part, 0), size)
        self.whole = max(self.whole, sum(now.values()))

    def _part(self, process: psutil.Process) -> str:
        words = " ".join(process.cmdline()[:8])
        family = [process, *process.parents()]
        if not any(str(self.home) in " ".join(each.cmdline()) or home_of(each) == str(self.home) for each in family):
            return ""
        words += " ".join(" ".join(parent.cmdline()[:8]) for parent in process.parents()[:2])
        return next((part for part, sign in PARTS.items() if sign in words), "")

    def cpu(self) -> dict[str, float]:
        sums: dict[str, float] = {}
        for part, seconds in self._cpu.values():
            sums[part] = sums.get(part, 0.0) + seconds
        return sums

    def run(self) -> None:
        while not self._stop.wait(0.2):
            self.look()

    def stop(self) -> None:
        self._stop.set()


def home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("ASSAY_HOME", "")
    except psutil.Error:
        return ""


def memory(process: psutil.Process) -> int:
    """Return the proportional share of memory: pages that forked processes share are counted once."""
    try:
        return int(process.memory_full_info().pss)
    except (AttributeError, psutil.AccessDenied):
        return int(process.memory_info().rss)


def write_texts(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("id,text,label\n")
        for number in range(rows):
            text = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7, 11, 5, 13, 2, 9))
            text = f"{text} {number}"
            label = "spam" if number % 7 == 0 else "ham"
            if path.suffix == ".csv":
                file.write(f"{number},{text},{label}\n")
            else:
                file.write(f'{{"id": "{number}", "text": "{text}", "label": "{label}"}}\n')


def start(home: Path, port: int) -> "subprocess.Popen[str]":
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "DATABASE", "BROKER"))
    }
    environment |= {"ASSAY_HOME": str(home), "PORT": str(port), "ASSAY_DEMO": "no", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "runner", "up"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def token(home: Path) -> str:
    environment = {**os.environ, **Home(home).read_runtime(), "ASSAY_HOME": str(home)}
    command = [sys.executable, str(ROOT / "manage.py"), "create_token"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def wait_until_ready(service: "subprocess.Popen[str]") -> str:
    """Read what the service says until it names its address, and let it talk on; return the first password."""
    assert service.stdout is not None
    password = ""
    for line in service.stdout:
        password = line.split("password ")[1].split()[0] if "password " in line else password
        if "open http://" in line:
            threading.Thread(target=service.stdout.read, daemon=True).start()
            return password
    raise SystemExit("the service did not start")


def bench_folder() -> Path:
    """Make a folder for a service and what is sent to it."""
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-")).resolve()
    # Started by root, the database runs as another user, who has to pass through here.
    folder.chmod(0o711)
    return folder


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Run a service with its home in the folder, give the first password, then end it and remove the folder.

    The kernels are compiled before, as on a machine where it has run for a minute.
    """
    kernels = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "home" / "cache" / "numba")}
    subprocess.run([sys.executable, "-m", "curation.engine.warming"], cwd=ROOT, env=kernels, check=True)
    service = start(folder / "home", port)
    try:
        yield wait_until_ready(service)
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def timed(call, times: int = 20) -> float:
    """Return the median milliseconds of a call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1000 * sorted(taken)[times // 2]


def measure(client: Client, home: Path, file: Path, rows: int) -> list[tuple[str, str]]:
    dataset = client.datasets.create("bench")
    # A first small import loads what every process loads once.
    small = file.with_name(f"small{file.suffix}")
    write_texts(small, 10)
    client.jobs.wait(client.uploads.start_import(client.uploads.send(dataset.id, small).id))
    watch = Watch(home)
    watch.look()
    before = watch.cpu()
    thread = threading.Thread(target=watch.run)
    thread.start()
    began = time.perf_counter()
    upload = client.uploads.send(dataset.id, file)
    sent = time.perf_counter()
    job = client.jobs.wait(client.uploads.start_import(upload.id))
    done = time.perf_counter()
    watch.look()
    watch.stop()
    thread.join()
    used = {part: seconds - before.get(part, 0.0) for part, seconds in watch.cpu().items()}
    version = client.versions.get(job.result["version"])
    assert version.row_count == rows, version
    lines = [("texts", f"{rows:,} in {file.stat().st_size / 1e6:.1f} MB of {file.suffix[1:]}")]
    lines.append(("wall", f"{done - began:.2f} s, of which sending {sent - began:.2f} s"))
    split = ", ".join(f"{part} {seconds:.2f}" for part, seconds in sorted(used.items()))
    lines.append(("server processor time", f"{sum(used.values()):.2f} s ({split})"))
    parts = ", ".join(f"{part} {size / 2**20:.0f}" for part, size in sorted(watch.peak.items()))
    lines.append(("peak memory", f"{watch.whole / 2**20:.0f} MiB ({parts})"))
    lines.append(("first page of 100", f"{timed(lambda: client.versions.page(version.id, limit=100)):.1f} ms"))
    deep = rows - 100
    lines.append(
        ("last page of 100", f"{timed(lambda: client.versions.page(version.id, offset=deep, limit=100)):.1f} ms")
    )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
    parser.add_argument("--port", type=int, default=8391)
    options = parser.parse_args()
    folder = bench_folder()
    file = folder / f"texts.{options.format}"
    write_texts(file, options.rows)
    with (
        serving(folder, options.port),
        Client(f"http://127.0.0.1:{options.port}", token(folder / "home")) as client,
    ):
        lines = measure(client, folder / "home", file, options.rows)
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the end, Python {platform.python_version()}"
    )
    for name, value in lines:
        print(f"{name:24}{value}")


if __name__ == "__main__":
    main()
