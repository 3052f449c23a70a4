"""Starting, replacing a bundle while it serves, and stopping, as processes do."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from modeling.engine.errors import BundleInvalid
from tests.modeling.engine.server.running import running
from tests.modeling.engine.small_bundle import WORDS, graph, looping, small_bundle

ROOT = Path(__file__).resolve().parents[4]
SLOW = ["django", "torch", "sklearn", "pandas", "pyarrow", "numba", "duckdb", "onnx"]


@pytest.fixture
def bundle(tmp_path):
    return small_bundle(tmp_path / "spam.zip")


def started(*arguments: str) -> tuple[subprocess.Popen, str]:
    """Start the command and return it with the address it is ready at."""
    command = [sys.executable, "-m", "modeling.engine", "serve", *arguments, "--port", "0"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if found := re.match(r"Ready at (http://\S+)/ with", line):
            return server, found[1]
    raise AssertionError("it ended before it was ready")


def test_the_command_serves_replaces_and_stops(bundle):
    server, address = started(str(bundle))
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            before = client.post("/predict", json={"input": "free"}).json()
            assert (before["prediction"]["label"], before["name"]) == ("spam", "spam")
            small_bundle(bundle.with_suffix(".new"), graph([-score for score in (0, 2, 3, 1, -2, -2, 0, 0)]))
            bundle.with_suffix(".new").replace(bundle)
            server.send_signal(signal.SIGHUP)
            assert "ready after" in server.stderr.readline()
            after = client.post("/predict", json={"input": "free"}).json()
            assert after["prediction"]["label"] == "ham"
            assert after["bundle"] != before["bundle"]
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.stderr.read()
        assert (server.wait(60), said) == (0, "")


def test_nothing_of_the_service_is_loaded(bundle):
    code = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from modeling.engine.server.run import Server\nfrom modeling.engine.server.settings import ServerSettings\n"
        f"def say(line):\n    if line[:5] == 'Ready': print(sorted(set({SLOW!r}) & set(sys.modules))); one.stop()\n"
        f"one = Server(ServerSettings({{'spam': Path({str(bundle)!r})}}, port=0), say)\nasyncio.run(one.run())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_bad_new_file_is_refused_and_the_old_one_stays(bundle):
    with running(("spam", bundle)) as one:
        before = one.ask("free").json()
        bundle.with_suffix(".new").write_bytes(bundle.read_bytes()[:-100])
        bundle.with_suffix(".new").replace(bundle)
        asyncio.run_coroutine_threadsafe(one.server._fleet.reload(), one.loop).result(60)
        after = one.ask("free").json()
        assert (after["bundle"], after["predictions"]) == (before["bundle"], before["predictions"])
        (row,) = one.client.get("/bundles").json()["bundles"]
        assert "not a whole zip file" in row["refused_reload"]
        assert "the old bundle stays" in one.said[-1]
        metrics = one.client.get("/metrics").text
        assert 'assay_reloads_total{bundle="spam",outcome="refused"} 1' in metrics


def test_what_is_under_way_is_answered_at_a_stop(tmp_path):
    slow = small_bundle(tmp_path / "slow.zip", looping(2_000_000, only_for=WORDS.index("prize")))
    answers = []
    with running(("slow", slow)) as one:
        asking = threading.Thread(target=lambda: answers.append(one.ask("prize")))
        asking.start()
        while "assay_in_flight 2" not in one.client.get("/metrics").text:
            assert not answers, "the answer came before the stop could be tried"
        one.loop.call_soon_threadsafe(one.server.stop)
        asking.join(60)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].headers["connection"] == "close"


def test_a_bundle_that_is_no_good_stops_the_start(bundle):
    bundle.write_bytes(b"no zip")
    with pytest.raises(BundleInvalid, match="not a whole zip"), running(("spam", bundle)):
        raise AssertionError("it served")


def test_a_taken_port_is_a_sentence(bundle):
    with running(("spam", bundle)) as one:
        command = [sys.executable, "-m", "modeling.engine", "serve", str(bundle), "--port", str(one.port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (
            1,
            f"Cannot listen at 127.0.0.1:{one.port}: Address already in use.\n",
        )


def test_a_missing_bundle_is_a_sentence(tmp_path):
    command = [sys.executable, "-m", "modeling.engine", "serve", str(tmp_path / "none.zip"), "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "none.zip cannot be read: No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_comes_from_the_environment(bundle):
    os.environ["ASSAY_SERVE_TOKEN"] = "correct-horse-battery"
    try:
        server, address = started(str(bundle))
    finally:
        del os.environ["ASSAY_SERVE_TOKEN"]
    assert httpx.post(f"{address}/predict", json={"input": "x"}, timeout=60).status_code == 401
    said = httpx.post(
        f"{address}/predict", json={"input": "x"}, timeout=60, headers={"Authorization": "Bearer correct-horse-battery"}
    )
    assert json.loads(said.content)["name"] == "spam"
    server.terminate()
    server.stderr.read()
    assert server.wait(60) == 0
