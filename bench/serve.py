"""The server of bundles under load: requests a second, p50 and p95 with 1, 8 and 32 clients, and processor time each.

    python bench/serve.py BUNDLE TEXTS                      ours beside a plain loop over the same predictor
    python bench/serve.py BUNDLE TEXTS --peer PYTHON        and LitServe and bare uvicorn in the environment of PYTHON

BUNDLE takes texts; TEXTS is a CSV with a column `text`. The peers run the same graph with the same settings of ONNX
Runtime (bench/_served_peer.py). Clients keep their connections and send one text a request, without a pause.
"""

import argparse
import csv
import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from modeling.engine.serving import Predictor  # noqa: E402  (the repository is not installed)

CLIENTS = (1, 8, 32)
WARM = 32


def spent(process: psutil.Process) -> float:
    """Return the processor seconds of a process and its children."""
    every = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in every)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def load(port: int, texts: list[str], clients: int, seconds: float) -> tuple[list[float], int]:
    """Ask from several threads and return the times of answers in milliseconds, and how many were refused."""
    times: list[float] = []
    refused = [0]
    until = time.perf_counter() + seconds

    def one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        place = number
        while time.perf_counter() < until:
            body = json.dumps({"input": texts[place % len(texts)]})
            began = time.perf_counter()
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                times.append(1000 * (time.perf_counter() - began))
            else:
                refused[0] += 1
            place += clients
        connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, refused[0]


def ready(port: int, path: str, process: subprocess.Popen[bytes]) -> float:
    """Wait until a server answers 200; return the seconds that took."""
    began = time.perf_counter()
    while time.perf_counter() - began < 180:
        if process.poll() is not None:
            sys.exit(f"The server ended with {process.returncode}.")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    sys.exit("The server was not ready after three minutes.")


def measure(name: str, command: list[str], port: int, path: str, texts: list[str], seconds: float) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        took = ready(port, path, process)
        seen = psutil.Process(process.pid)
        print(f"\n{name}: ready after {took:.2f} s, {spent(seen):.2f} processor seconds so far")
        load(port, texts[:WARM], 2, 1)
        for clients in CLIENTS:
            before = spent(seen)
            times, refused = load(port, texts, clients, seconds)
            each = 1000 * (spent(seen) - before) / max(1, len(times) + refused)
            ordered = sorted(times)
            middle = statistics.median(ordered)
            print(
                f"  {clients:2d} clients: {len(times) / seconds:7.1f} a second, p50 {middle:6.1f} ms, "
                f"p95 {ordered[int(len(ordered) * 0.95)]:6.1f} ms, {each:5.2f} processor ms each, {refused} refused",
                flush=True,
            )
        process.terminate()
        process.wait(60)


def plain_loop(bundle: Path, texts: list[str]) -> None:
    predictor = Predictor(bundle)
    predictor.predict(texts[:WARM])
    wall, cpu = time.perf_counter(), time.process_time()
    for text in texts:
        predictor.predict([text])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"plain loop: {len(texts) / wall:7.1f} a second, {1000 * cpu / len(texts):5.2f} processor ms each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--peer", help="a Python that has litserve, uvicorn, starlette, onnxruntime and tokenizers")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    with options.texts.open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)][:400]
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.processor() or platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.1f} before")
    plain_loop(options.bundle, texts)
    port = free_port()
    ours = [sys.executable, "-m", "modeling.engine", "serve", str(options.bundle), "--port", str(port)]
    os.chdir(ROOT)
    measure("ours", ours, port, "/readyz", texts, options.seconds)
    if options.peer:
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(options.bundle) as archive:
            archive.extractall(folder)
            for kind, path in (("uvicorn", "/health"), ("litserve", "/health")):
                port = free_port()
                script = str(ROOT / "bench" / "_served_peer.py")
                measure(kind, [options.peer, script, kind, folder, str(port)], port, path, texts, options.seconds)


if __name__ == "__main__":
    main()
