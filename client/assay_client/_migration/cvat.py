"""Takes tasks and projects out of CVAT: its own export with pictures, and from its jobs who drew what."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse

from assay_client._exceptions import ConnectionFailed, NotFound, UnexpectedAnswer
from assay_client._migration.folder import Folder, Row
from assay_client._migration.peer import FileRefused, Peer
from assay_client._migration.taken import Listed, Meter, Taken

TOOL = "CVAT"
PAGE = 100
# Of videos too: each frame is a picture, with what its tracks show there.
FORMAT = "CVAT for images 1.1"
ANNOTATIONS, JOBS = "annotations.xml", "cvat_jobs.json"
# Seconds that an export may take, and between two looks at it; bytes of one.
EXPORT_SECONDS, LOOK_SECONDS, MOST_BYTES = 7200, 2.0, 64 << 30
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SHAPES = frozenset({"box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton", "tag"})


def sign_in(peer: Peer, user: str, secret: str, organization: str = "") -> None:
    """Sign in with a name and a password, or with a personal access token alone.

    Args:
        peer: The server.
        user: Name; empty for a token.
        secret: Password or token.
        organization: Short name of the organization that the tasks belong to; empty for one's own.

    Raises:
        NotAuthenticated: It is refused.
    """
    own = {"X-Organization": organization} if organization else {}
    if not user:
        peer.headers = {"Authorization": f"Bearer {secret}", **own}
        return
    peer.headers = {"Authorization": f"Token {peer.log_in('/api/auth/login', user, secret)}", **own}


def list_projects(peer: Peer) -> Iterator[Listed]:
    """Give the projects, and then the tasks that belong to none, as ``project:3`` and ``task:7``."""
    for row in _each(peer, "/api/projects"):
        yield Listed(f"project:{row['id']}", str(row["name"]))
    for row in _each(peer, "/api/tasks"):
        if row.get("project_id") is None:
            yield Listed(f"task:{row['id']}", str(row["name"]))


def _each(peer: Peer, path: str, **query: int) -> Iterator[Row]:
    page = 1
    while True:
        answer = peer.json("GET", path, params={"page": page, "page_size": PAGE, **query})
        if not isinstance(answer, dict) or "results" not in answer:
            raise UnexpectedAnswer(f"{peer.root}{path} gave no list. Is this the address of CVAT?")
        yield from answer["results"]
        if not answer.get("next"):
            return
        page += 1


def take(peer: Peer, number: str, folder: Folder, meter: Meter, sleep: Callable[[float], None] = time.sleep) -> Taken:
    """Take ``task:7`` or all tasks of ``project:3`` into the working folder.

    Raises:
        NotFound: There is none. NotAuthenticated, NotAllowed, ConnectionFailed, UnexpectedAnswer.
    """
    kind, _colon, plain = number.partition(":")
    found = peer.json("GET", f"/api/{kind}s/{plain}")
    tasks = [found] if kind == "task" else list(_each(peer, "/api/tasks", project_id=int(plain)))
    if not tasks:
        raise NotFound(404, {"code": "peer_missing", "detail": f"{TOOL}'s project {plain} has no tasks."})
    counts: Counter[str] = Counter(dict.fromkeys(("tasks", "answers", "shapes", "people"), 0))
    people: set[str] = set()
    for done, task in enumerate(tasks):
        meter.show(done, len(tasks), "exports", str(task.get("name", "")))
        jobs = _jobs(peer, task["id"], folder)
        _tell_of_issues(peer, task["id"], folder)
        packed = _export(peer, task["id"], folder, sleep)
        _count(packed, jobs, counts, people)
    meter.show(len(tasks), len(tasks), "exports")
    counts["people"] = len(people)

    def archive() -> Path:
        texts: dict[str, Iterable[str]] = {f"task_{row['id']}/{JOBS}": [_signed(folder, row["id"])] for row in tasks}
        parts = {f"task_{row['id']}": folder.place / f"task-{row['id']}.zip" for row in tasks}
        return folder.join(f"cvat-{kind}-{plain}", texts, parts)

    return Taken(str(found.get("name") or f"CVAT {number}"), "cvat", archive, dict(counts))


def _signed(folder: Folder, task: int) -> str:
    """Return the jobs of a task with people as they are called here."""
    return json.dumps([{**job, "assignee": folder.person(job["assignee"])} for job in folder.state[f"jobs {task}"]])


def _jobs(peer: Peer, task: int, folder: Folder) -> list[Row]:
    """Return the jobs whose shapes a task's export holds; of the others the report tells."""
    kept = []
    for job in _each(peer, "/api/jobs", task_id=task):
        kind = job.get("type", "annotation")
        if kind != "annotation":
            folder.lose(f"task {task}, job {job['id']}", kind, f"CVAT's export does not hold a job of the type {kind}.")
            continue
        row = {name: job.get(name) for name in ("id", "start_frame", "stop_frame", "state", "stage", "updated_date")}
        kept.append({**row, "assignee": (job.get("assignee") or {}).get("username", "")})
    folder.keep(**{f"jobs {task}": kept})
    return kept


def _tell_of_issues(peer: Peer, task: int, folder: Folder) -> None:
    count = peer.json("GET", "/api/issues", params={"task_id": task, "page_size": 1}).get("count", 0)
    if count:
        folder.lose(f"task {task}", "issues", f"{count} issues with their comments are left out.")


def _export(peer: Peer, task: int, folder: Folder, sleep: Callable[[float], None]) -> Path:
    """Have CVAT write a task with its pictures, and take the file; one that is there is not made again."""
    target = folder.place / f"task-{task}.zip"
    if target.is_file():
        return target
    query = {"format": FORMAT, "save_images": "true"}
    began = peer.json("POST", f"/api/tasks/{task}/dataset/export", params=query, again=True)
    request = str(began["rq_id"])
    waited = 0.0
    while True:
        state = peer.json("GET", f"/api/requests/{request}")
        if state["status"] == "failed":
            said = str(state.get("message") or "")[:300]
            raise UnexpectedAnswer(f"CVAT could not export task {task}: {said} Export it there, and give --file.")
        if state["status"] == "finished":
            break
        if waited >= EXPORT_SECONDS:
            raise ConnectionFailed(f"CVAT has not exported task {task} after {waited / 3600:.0f} hours.")
        sleep(LOOK_SECONDS)
        waited += LOOK_SECONDS
    try:
        peer.save(str(state["result_url"]), target, most=MOST_BYTES)
    except FileRefused as refused:
        raise UnexpectedAnswer(f"CVAT exported task {task} and does not give it: {refused}") from None
    if not zipfile.is_zipfile(target):
        target.unlink()
        raise UnexpectedAnswer(f"CVAT's export of task {task} is no zip. Does a proxy answer in its place?")
    return target


def _count(packed: Path, jobs: list[Row], counts: Counter[str], people: set[str]) -> None:
    """Count pictures that somebody answered, and shapes, in the XML of an export."""
    with zipfile.ZipFile(packed) as archive:
        name = next((name for name in archive.namelist() if name.endswith(".xml")), "")
        if not name:
            raise UnexpectedAnswer(f"{packed.name} of CVAT holds no annotations.")
        try:
            with archive.open(name) as stream:
                if _DOCTYPE.search(stream.read(1 << 16)):
                    raise UnexpectedAnswer(f"The XML of {packed.name} declares a document type. It is not read.")
            with archive.open(name) as stream:
                for _event, element in iterparse(stream):  # noqa: S314  (a document type is refused above)
                    if element.tag == "image":
                        shapes = sum(child.tag in _SHAPES for child in element)
                        job: Any = next((job for job in jobs if _holds(job, element.get("id", ""))), None)
                        answered = job is None or job["state"] != "new" or shapes > 0
                        counts["tasks"] += 1
                        counts["shapes"] += shapes
                        counts["answers"] += answered
                        if answered:
                            people.add(job["assignee"] if job else "")
                        element.clear()
        except ParseError as error:
            raise UnexpectedAnswer(f"The XML of {packed.name} of CVAT is broken: {error}.") from None


def _holds(job: Row, frame: str) -> bool:
    return frame.isdecimal() and job["start_frame"] <= int(frame) <= job["stop_frame"]
