"""Takes projects out of Label Studio: its tasks page by page, everybody's annotations, predictions, and the files.

Nothing is written there: the tasks are read as its data manager reads them, and no export is made on its disk.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from xml.etree.ElementTree import ParseError, fromstring

from assay_client._exceptions import NotAllowed, NotAuthenticated, NotFound, UnexpectedAnswer
from assay_client._migration.folder import Folder, Row
from assay_client._migration.peer import Peer
from assay_client._migration.taken import Listed, Meter, Taken, Wanted, fetch_all
from assay_client._transport import Params

TOOL = "Label Studio"
PAGE = 100
TASKS, CONFIG = "tasks.json", "labeling_config.xml"
# What we keep in a task's ``meta`` for the service's reader: the name of its picture.
OURS = "assay"
# Tags that show a file which the service has; of the others the address stays as it is.
_PICTURES, _OTHER_FILES = frozenset({"Image"}), frozenset({"Audio", "AudioPlus", "Video", "PDF", "Pdf"})
_STORES = ("s3", "gs", "azure-blob", "redis")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
_NAMED = re.compile(r"(\S+@\S+), (\d+)$")
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_KEPT = ("id", "result", "was_cancelled", "ground_truth", "created_at", "updated_at", "lead_time")


def sign_in(peer: Peer, token: str) -> None:
    """Use a token: an access token of an account page, or a personal one, which is exchanged for one of five minutes.

    Raises:
        NotAuthenticated: It is refused.
    """
    if token.count(".") != 2:
        peer.headers = {"Authorization": f"Token {token}"}
        return

    def renew() -> bool:
        try:
            answer = peer.json("POST", "/api/token/refresh/", body={"refresh": token}, again=True)
        except NotAuthenticated:
            return False
        peer.headers = {"Authorization": f"Bearer {answer['access']}"}
        return True

    peer.headers = {}
    if not renew():
        peer.json("GET", "/api/current-user/whoami")
    peer.renew = renew


def list_projects(peer: Peer) -> Iterator[Listed]:
    """Give the projects that the token may see."""
    page = 1
    while True:
        answer = peer.json("GET", "/api/projects", params={"page": page, "page_size": PAGE, "include": "id,title"})
        rows = answer["results"] if isinstance(answer, dict) else answer
        yield from (Listed(str(row["id"]), str(row.get("title") or f"project {row['id']}")) for row in rows)
        if not isinstance(answer, dict) or not answer.get("next"):
            return
        page += 1


def take(peer: Peer, number: str, folder: Folder, meter: Meter) -> Taken:
    """Take a project into the working folder.

    Raises:
        NotFound: There is no such project. NotAuthenticated, NotAllowed, ConnectionFailed, UnexpectedAnswer.
    """
    project = peer.json("GET", f"/api/projects/{number}/")
    if not isinstance(project, dict) or "label_config" not in project:
        raise UnexpectedAnswer(f"{peer.root} is no Label Studio, or an older one: its project has no label_config.")
    people = _people(peer)
    shown = _Shown.of(str(project["label_config"]))
    for tag, name in shown.others:
        folder.lose(f"<{tag}> {name}", "media_kind", f"There is no {tag} in Assay. The addresses stay as texts.")
    total = _pages(peer, number, folder, meter, people, shown)
    counts = _count(folder)
    if counts["tasks"] < total:
        lacking = total - counts["tasks"]
        folder.lose("tasks", "tasks_missing", f"{lacking} tasks came while this ran. Take it again with --afresh.")
    config = str(project["label_config"])
    said = (_plain(project.get("description")), _plain(project.get("expert_instruction")))

    def archive() -> Path:
        return folder.pack(f"label-studio-{number}", {TASKS: _json_list(_signed(folder)), CONFIG: [config]})

    return Taken(
        title=str(project.get("title") or f"Label Studio {number}"),
        file_format="label_studio",
        archive=archive,
        counts=counts,
        guidelines="\n\n".join(filter(None, said)),
        overlap=int(project.get("maximum_annotations") or 0),
    )


def _people(peer: Peer) -> dict[int, str]:
    """Return e-mail addresses by number; none where the token may not list people."""
    try:
        rows = peer.json("GET", "/api/users/")
    except (NotAllowed, NotFound):
        return {}
    rows = rows.get("results", []) if isinstance(rows, dict) else rows
    # Whoever left the organization is called Deleted.
    return {row["id"]: row["email"] for row in rows if "@" in str(row.get("email"))}


class _Shown:
    """Which fields of a task the configuration shows as files.

    Attributes:
        pictures: Fields with pictures.
        texts: Fields with addresses of texts.
        others: Tags with their fields whose files the service does not have.
    """

    def __init__(self) -> None:
        self.pictures: list[str] = []
        self.texts: list[str] = []
        self.others: list[tuple[str, str]] = []

    @classmethod
    def of(cls, config: str) -> _Shown:
        """Read a configuration; one that is broken shows nothing, and the service says what is wrong with it."""
        found = cls()
        if _DOCTYPE.search(config):
            return found
        try:
            root = fromstring(config)  # noqa: S314  (a document type, the way to entities, is refused above)
        except ParseError:
            return found
        for element in root.iter():
            name = element.get("value", "")
            if not name.startswith("$"):
                continue
            if element.tag in _PICTURES:
                found.pictures.append(name[1:])
            elif element.tag in _OTHER_FILES:
                found.others.append((str(element.tag), name[1:]))
            elif element.get("valueType") == "url":
                found.texts.append(name[1:])
        return found


def _pages(peer: Peer, number: str, folder: Folder, meter: Meter, people: Mapping[int, str], shown: _Shown) -> int:
    """Take every page of tasks that is not there yet, with its files; return how many tasks there are in all."""
    page, total = 1, int(folder.state.get("total", 0))
    while page == 1 or (page - 1) * PAGE < total:
        name = f"{page:06}"
        if not folder.has_page(name):
            query: Params = {
                "project": number,
                "page": page,
                "page_size": PAGE,
                "fields": "all",
                "resolve_uri": "false",
            }
            answer = peer.json("GET", "/api/tasks/", params=query)
            total = int(answer["total"])
            folder.keep(total=total)
            rows = [_task(task, people, folder) for task in answer["tasks"]]
            _fetch(peer, folder, rows, shown)
            folder.write_page(name, rows)
        meter.show(min(page * PAGE, total), total, "tasks")
        page += 1
    return total


def _task(task: Row, people: Mapping[int, str], folder: Folder) -> Row:
    """Return a task as the reader of the service takes it: who answered by e-mail address, and its number kept."""
    data = dict(task.get("data") or {})
    data.setdefault("label_studio_id", task["id"])
    if task.get("meta"):
        data.setdefault("meta", task["meta"])
    drafts = task.get("drafts") or []
    if drafts or task.get("draft_exists"):
        folder.lose(f"task {task['id']}", "draft", "Drafts that nobody sent are left out.")
    return {
        "id": task["id"],
        "data": data,
        "annotations": [_annotation(row, people) for row in task.get("annotations") or []],
        "predictions": task.get("predictions") or [],
    }


def _annotation(row: Row, people: Mapping[int, str]) -> Row:
    kept = {name: row.get(name) for name in _KEPT}
    return {**kept, "completed_by": _person(row, people)}


def _person(row: Row, people: Mapping[int, str]) -> Row | None:
    who = row.get("completed_by")
    if isinstance(who, dict):
        return who
    if who is None:
        return None
    if who in people:
        return {"email": people[who]}
    named = _NAMED.search(str(row.get("created_username") or ""))
    return {"email": named[1]} if named else {"username": f"Label Studio user {who}"}


def _fetch(peer: Peer, folder: Folder, rows: list[Row], shown: _Shown) -> None:
    """Fetch the files of some tasks, and write into their data where they are."""
    wanted: list[tuple[Row, str, str, Wanted]] = []
    for row in rows:
        for field in (*shown.pictures, *shown.texts):
            address = row["data"].get(field)
            if not isinstance(address, str) or not address or (field in shown.texts and not _is_address(address)):
                continue
            where = f"task {row['id']}, {field}"
            file_name = _file_name(address)
            name, target = folder.media(str(row["id"]), field, file_name)
            if address.startswith("data:"):
                _unfold(folder, where, address, target)
            wanted.append((row, field, name, Wanted(where, _on_host(address, row["id"]), target)))
    came = fetch_all(peer, folder, [each for _row, _field, _name, each in wanted])
    for (row, field, name, each), is_there in zip(wanted, came, strict=True):
        if not is_there:
            continue
        address = row["data"][field]
        if field in shown.texts:
            row["data"][field] = each.target.read_text("utf-8", "replace")
        else:
            row["data"][field] = name
            row["meta"] = {OURS: {"name": _UPLOADED.sub("", _file_name(address))}}
        if not address.startswith(("/data/upload/", "data:")):
            row["data"][f"{field}_address"] = address


def _is_address(value: str) -> bool:
    return value.startswith("/") or urlsplit(value).scheme in {"http", "https", *_STORES}


def _on_host(address: str, task: int) -> str:
    """Return where Label Studio itself gives a file; what lies in a bucket it signs or passes on."""
    if urlsplit(address).scheme not in _STORES:
        return address
    uri = base64.urlsafe_b64encode(address.encode()).decode()
    return f"/tasks/{task}/resolve/?{urlencode({'fileuri': uri})}"


def _file_name(address: str) -> str:
    if address.startswith("data:"):
        return f"picture.{address[5:40].partition(';')[0].rpartition('/')[2] or 'png'}"
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    return PurePosixPath(unquote(local[0] if local else parts.path)).name or "file"


def _unfold(folder: Folder, where: str, address: str, target: Path) -> None:
    """Write a picture that stands in the task itself, as a data URI."""
    head, _comma, body = address.partition(",")
    try:
        data = base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote(body).encode()
    except (binascii.Error, ValueError):
        folder.lose(where, "media_refused", "Its data URI cannot be read.")
        return
    target.write_bytes(data)


def _count(folder: Folder) -> dict[str, int]:
    counts = dict.fromkeys(("tasks", "answers", "skipped", "predictions", "pictures", "people"), 0)
    people: set[str] = set()
    for row in folder.rows():
        counts["tasks"] += 1
        counts["predictions"] += len(row["predictions"])
        counts["pictures"] += OURS in row.get("meta", {})
        for given in row["annotations"]:
            counts["skipped" if given["was_cancelled"] else "answers"] += 1
            people.add(str(given["completed_by"]))
    counts["people"] = len(people)
    return counts


def _signed(folder: Folder) -> Iterator[Row]:
    """Give the tasks with people as they are called here."""
    for row in folder.rows():
        for given in row["annotations"]:
            who = given["completed_by"] or {}
            if named := folder.people.get(who.get("email") or who.get("username") or ""):
                given["completed_by"] = {"email": named}
        yield row


def _json_list(rows: Iterable[Row]) -> Iterator[str]:
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def _plain(text: Any) -> str:
    """Return instructions, which are HTML there, as text with their paragraphs."""
    if not isinstance(text, str):
        return ""
    broken = re.sub(r"(?i)<br\s*/?>|</(?:p|div|li|h\d|tr)>", "\n", text)
    plain = html.unescape(re.sub(r"<[^>]{0,2000}>", "", broken))
    return re.sub(r"\n{3,}", "\n\n", plain).strip()
