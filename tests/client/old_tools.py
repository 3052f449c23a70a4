"""Small servers that behave as the documented APIs of other tools do, for `assay migrate` to talk to over real HTTP.

They are no copies of these tools: `bench/migrate_peers.py` runs a real Label Studio and a real doccano. What CVAT's
server says here follows the models of its own SDK (cvat-sdk 2.80) and the export in tests/data/formats.
"""

import io
import json
import threading
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from PIL import Image

FORMATS = Path(__file__).parents[1] / "data" / "formats"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """One answer. `cut` says a length that is longer than what is sent, as a connection that breaks does."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Route = Callable[[Asked], Any]


class OldTool:
    """A server with routes by path; what a route returns is sent as JSON, bytes as they are, an `Answer` as it says.

    Attributes:
        routes: By method and path.
        first: Answers that are given before the route is asked, by path, one after the other.
        asked: Every request.
        needs: What must stand in Authorization; empty for nothing.
    """

    def __init__(self, needs: str = "") -> None:
        self.routes: dict[tuple[str, str], Route] = {}
        self.first: dict[str, list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.needs = needs
        self.open: set[str] = set()
        self.url = ""

    def get(self, path: str, answer: Any) -> None:
        """Answer GET with this, or with what it returns."""
        self.routes["GET", path] = answer if callable(answer) else lambda _asked: answer

    def post(self, path: str, answer: Any) -> None:
        """Answer POST with this, or with what it returns."""
        self.routes["POST", path] = answer if callable(answer) else lambda _asked: answer

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(asked.path == path for asked in self.asked)

    def answer(self, asked: Asked) -> Answer:
        """Return what is answered."""
        self.asked.append(asked)
        if self.first[asked.path]:
            return self.first[asked.path].pop(0)
        if self.needs and asked.path not in self.open and asked.headers.get("authorization") != self.needs:
            return Answer(401, {"detail": "Invalid token."})
        route = self.routes.get((asked.method, asked.path))
        if route is None:
            return Answer(404, {"detail": "Not found."})
        made = route(asked)
        return made if isinstance(made, Answer) else Answer(body=made)

    @contextmanager
    def serving(self) -> Iterator["OldTool"]:
        """Listen on a free port of this machine."""
        tool = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = json.loads(data) if data else None
                answer = tool.answer(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
                sent = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent) + 1000 * answer.cut))
                self.end_headers()
                self.wfile.write(sent)
                if answer.cut:
                    self.close_connection = True

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_arguments: Any) -> None:
                """Say nothing of clients that hang up."""

        server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def png(shade: int) -> bytes:
    """Return a small picture that is like no other shade's."""
    sink = io.BytesIO()
    Image.new("RGB", (40, 20), (shade, 90, 160)).save(sink, "PNG")
    return sink.getvalue()


def paged(rows: list[dict[str, Any]]) -> Route:
    """Answer as lists with limit and offset do."""

    def answer(asked: Asked) -> dict[str, Any]:
        start, most = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 5))
        return {"count": len(rows), "results": rows[start : start + most]}

    return answer


def numbered(rows: list[dict[str, Any]]) -> Route:
    """Answer as lists with pages do that have a number."""

    def answer(asked: Asked) -> dict[str, Any]:
        page, size = int(asked.query.get("page", 1)), int(asked.query.get("page_size", 10))
        more = len(rows) > page * size
        return {"count": len(rows), "next": "…" if more else None, "results": rows[(page - 1) * size : page * size]}

    return answer


CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="things" toName="image"><Label value="car"/>'
    '<Label value="行人"/></RectangleLabels></View>'
)
ANN, BO = "ann@old.example", "bo@old.example"


def box(x: float) -> list[dict[str, Any]]:
    """Return a result of one box that begins at this per cent of the width."""
    value = {"x": x, "y": 10, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["car"]}
    size = {"original_width": 40, "original_height": 20}
    return [{"id": "b", "from_name": "things", "to_name": "image", "type": "rectanglelabels", "value": value, **size}]


def annotation(who: int | None, result: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return an annotation as the list of tasks has it: who answered is a number."""
    at = "2025-03-01T10:00:00.000000Z"
    row = {"id": 1, "completed_by": who, "result": result, "was_cancelled": False, "ground_truth": False}
    return {**row, "lead_time": 4.5, "created_at": at, "updated_at": at, "created_username": "", **more}


def label_studio(tasks: list[dict[str, Any]], *, title: str = "Street", token: str = "secret") -> OldTool:
    """Return a Label Studio with one project, 3, of these tasks."""
    tool = OldTool(f"Token {token}")
    project = {"id": 3, "title": title, "label_config": CONFIG, "maximum_annotations": 2}
    tool.get("/api/projects", numbered([{"id": 3, "title": title}]))
    tool.get("/api/projects/3/", {**project, "description": "", "expert_instruction": "<p>Mark <b>cars</b>.</p>"})
    tool.get("/api/users/", [{"id": 1, "email": ANN}, {"id": 2, "email": BO}, {"id": 9, "email": "Deleted"}])

    def page(asked: Asked) -> dict[str, Any]:
        number, size = int(asked.query["page"]), int(asked.query["page_size"])
        return {"total": len(tasks), "tasks": tasks[(number - 1) * size : number * size]}

    tool.get("/api/tasks/", page)
    for task in tasks:
        address = str(task["data"].get("image", ""))
        if address.startswith("/data/upload/"):
            tool.get(address, png(task["id"]))
    return tool


def task(number: int, image: str, **more: Any) -> dict[str, Any]:
    """Return a task as the list of tasks has it."""
    row = {"id": number, "data": {"image": image}, "meta": {}, "drafts": [], "draft_exists": False}
    return {**row, "annotations": [], "predictions": [], **more}


def doccano(examples: list[dict[str, Any]], *, together: bool = True, kind: str = "SequenceLabeling") -> OldTool:
    """Return a doccano with one project, 7, of these examples; what was said of each stands in ``said`` by route."""
    tool = OldTool("Token key")
    tool.open = {"/v1/auth/login/"}
    project = {"id": 7, "name": "Names", "description": "Who", "guideline": "# Mark\nall", "project_type": kind}
    project |= {"collaborative_annotation": together, "use_relation": True, "allow_overlapping": False}
    project |= {"single_class_classification": False, "is_text_project": kind in {"SequenceLabeling", "Seq2seq"}}

    def log_in(asked: Asked) -> Any:
        fits = asked.body == {"username": "ann", "password": "right"}
        return {"key": "key"} if fits else Answer(400, {"non_field_errors": ["Unable to log in."]})

    tool.post("/v1/auth/login/", log_in)
    tool.get("/v1/projects", paged([project]))
    tool.get("/v1/projects/7", project)
    tool.get("/v1/projects/7/members", [{"user": 1, "username": "ann"}])
    tool.get("/v1/users", [{"id": 1, "username": "ann"}, {"id": 2, "username": "bo"}])
    colors = {"background_color": "#FF0000", "prefix_key": None}
    tool.get("/v1/projects/7/span-types", [{"id": 5, "text": "PER", "suffix_key": "p", **colors}])
    tool.get("/v1/projects/7/relation-types", [{"id": 6, "text": "knows", "suffix_key": None, **colors}])
    tool.get("/v1/projects/7/category-types", [{"id": 4, "text": "car", "suffix_key": "c", **colors}])
    tool.get("/v1/projects/7/comments", paged([row for each in examples for row in each.pop("notes", [])]))
    tool.get("/v1/projects/7/examples", paged(examples))
    for example in examples:
        base = f"/v1/projects/7/examples/{example['id']}"
        said = example.pop("said", {})
        for route in ("spans", "relations", "categories", "bboxes", "texts"):
            tool.get(f"{base}/{route}", said.get(route, []))
        tool.get(f"{base}/states", paged(said.get("states", [])))
    return tool


def cvat_export(folder: str = "cvat_images") -> bytes:
    """Return an export of “CVAT for images 1.1” with its pictures."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path in sorted((FORMATS / folder).rglob("*.*")):
            name = path.relative_to(FORMATS / folder).as_posix()
            archive.writestr("annotations.xml" if name.endswith(".xml") else name, path.read_bytes())
    return sink.getvalue()


def cvat(tasks: dict[int, bytes], jobs: dict[int, list[dict[str, Any]]]) -> OldTool:
    """Return a CVAT with a project, 2, of these tasks, each with the export that it gives."""
    tool = OldTool("Bearer pat")
    tool.open = {"/api/auth/login"}
    rows = [{"id": number, "name": f"Task {number}", "project_id": 2} for number in tasks]
    tool.get("/api/projects", numbered([{"id": 2, "name": "Street"}]))
    tool.get("/api/projects/2", {"id": 2, "name": "Street"})
    tool.get("/api/tasks", numbered(rows))
    tool.get("/api/jobs", lambda asked: numbered(jobs[int(asked.query["task_id"])])(asked))
    tool.get("/api/issues", lambda asked: {"count": 3 if asked.query["task_id"] == "11" else 0, "results": []})
    for row, export in zip(rows, tasks.values(), strict=True):
        number = row["id"]
        tool.get(f"/api/tasks/{number}", row)
        tool.post(f"/api/tasks/{number}/dataset/export", Answer(202, {"rq_id": f"export-{number}"}))
        looks = iter([{"status": "queued", "message": ""}, {"status": "started", "message": ""}])
        done = {"status": "finished", "message": "", "result_url": f"/api/tasks/{number}/download?rq_id=x"}
        tool.get(f"/api/requests/export-{number}", lambda _asked, looks=looks, done=done: next(looks, done))
        tool.get(f"/api/tasks/{number}/download", export)
    return tool


def job(number: int, first: int, last: int, who: str, **more: Any) -> dict[str, Any]:
    """Return a job as CVAT lists it."""
    row = {"id": number, "start_frame": first, "stop_frame": last, "assignee": {"id": 1, "username": who}}
    said = {"type": "annotation", "state": "completed", "stage": "annotation", "updated_date": "2025-03-01T10:00:00Z"}
    return {**row, **said, **more}
