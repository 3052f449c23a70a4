"""A server on a real socket that speaks Label Studio's ML backend protocol."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from xml.etree import ElementTree

Answer = Callable[[str, dict[str, Any]], tuple[int, Any]]


class Model:
    """A server on a real socket that answers what a function says, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = json.loads(body) if body else {}
                path = self.path.strip("/").rpartition("/")[2]
                model.asked.append((path, said, dict(self.headers)))
                status, answer = model.answer(path, said)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/model"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path: str) -> list[dict[str, Any]]:
        return [said for asked, said, _headers in self.asked if asked == path]


def by_length(path: str, said: dict[str, Any]) -> tuple[int, Any]:
    """Name the first label of the XML for even numbers in the text, the second for odd ones."""
    if path == "health":
        return 200, {"status": "UP"}
    if path == "setup":
        return 200, {"model_version": "v3"}
    labels = [each.get("value") for each in ElementTree.fromstring(said["label_config"]).iter("Choice")]
    results = []
    for task in said["tasks"]:
        number = int(task["data"]["text"].split()[-1])
        part = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [labels[number % 2]]}}
        results.append({"result": [part], "score": 0.75, "model_version": "v3"})
    return 200, {"results": results, "model_version": "v3"}
