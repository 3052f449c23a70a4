"""Models of the hub: fetched from a hub of this machine where that is allowed, pickles never."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from curation.engine.embedding.errors import ModelFolderUnusable
from curation.engine.embedding.hub import folder_of
from tests.curation.engine.embedding.tiny_folders import bert_folder

SHA = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for the one model me/tiny."""

    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        files = sorted(self.folder.iterdir())
        if self.path.startswith(f"/api/models/me/tiny/tree/{SHA}"):
            rows = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": SHA} for f in files]
            self._answer(json.dumps(rows).encode(), "application/json")
        elif self.path.startswith("/api/models/me/tiny"):
            named = [{"rfilename": file.name} for file in files]
            self._answer(json.dumps({"id": "me/tiny", "sha": SHA, "siblings": named}).encode(), "application/json")
        elif self.path.startswith(f"/me/tiny/resolve/{SHA}/"):
            self._answer((self.folder / self.path.rpartition("/")[2]).read_bytes(), "application/octet-stream")
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the server calls

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    Hub.folder, Hub.asked = bert_folder(tmp_path / "tiny"), []
    (Hub.folder / "pytorch_model.bin").write_bytes(b"a pickle")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


FETCH = "from curation.engine.embedding.table import open_encoder; print(open_encoder('hf:me/tiny').width)"


def fetch(cache: Path, hub: ThreadingHTTPServer) -> subprocess.CompletedProcess[str]:
    # A process of its own: the hub's client reads its address once, when it is imported.
    place = f"http://127.0.0.1:{hub.server_address[1]}"
    environment = {
        "ASSAY_DOWNLOAD_ENCODERS": "yes",
        "HF_HUB_CACHE": str(cache),
        "HF_ENDPOINT": place,
        "HF_HUB_OFFLINE": "0",
    }
    return subprocess.run([sys.executable, "-c", FETCH], check=False, capture_output=True, text=True, env=environment)


def test_a_model_is_fetched_once_and_its_pickle_never(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    done = fetch(tmp_path / "hub", hub)
    assert (done.returncode, done.stdout) == (0, "8\n"), done.stderr
    snapshot = tmp_path / "hub" / "models--me--tiny" / "snapshots" / SHA
    assert sorted(path.name for path in snapshot.iterdir()) == ["config.json", "model.safetensors", "vocab.txt"]
    assert not any("pytorch_model" in path for path in Hub.asked)
    asked = len(Hub.asked)
    assert fetch(tmp_path / "hub", hub).stdout == "8\n"
    assert len(Hub.asked) == asked


def test_nothing_is_fetched_unless_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("ASSAY_DOWNLOAD_ENCODERS", raising=False)
    with pytest.raises(ModelFolderUnusable, match=r"hf download me/tiny \(or set ASSAY_DOWNLOAD_ENCODERS=yes"):
        folder_of("hf:me/tiny")


@pytest.mark.parametrize("name", ["tiny", "../tiny", "me/../tiny", "me/tiny/more", ""])
def test_a_name_is_owner_and_name(name: str) -> None:
    with pytest.raises(ModelFolderUnusable, match="write hf:OWNER/NAME"):
        folder_of(f"hf:{name}")
