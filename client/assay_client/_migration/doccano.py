"""Takes projects out of doccano: examples, everybody's labels, who confirmed, comments, and the files.

Where people work together on one set of labels, doccano's API says of each label who gave it and when. Where everybody
has labels of their own, it shows people only theirs; then its own export is asked, which has a file for each member.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from assay_client._exceptions import ConnectionFailed, NotAllowed, NotFound, UnexpectedAnswer
from assay_client._migration.folder import Folder, Row
from assay_client._migration.peer import FileRefused, Peer
from assay_client._migration.taken import AT_ONCE, Listed, Meter, Taken, Wanted, fetch_all
from assay_client._transport import Params

TOOL = "doccano"
PAGE = 100
PROJECT, EXAMPLES = "doccano_project.json", "examples.jsonl"
# Seconds that doccano's background process may take for an export, and between two looks at it.
EXPORT_SECONDS, LOOK_SECONDS = 1800, 1.0
# By type of project: the routes of its labels with our name for each kind.
_ROUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "DocumentClassification": (("categories", "category"),),
    "SequenceLabeling": (("spans", "span"), ("relations", "relation")),
    "Seq2seq": (("texts", "text"),),
    "IntentDetectionAndSlotFilling": (("categories", "category"), ("spans", "span")),
    "ImageClassification": (("categories", "category"),),
    "ImageCaptioning": (("texts", "text"),),
    "BoundingBox": (("bboxes", "bbox"),),
    "Segmentation": (("segments", "segment"),),
}
_TYPES = {"category": "category_types", "bbox": "category_types", "segment": "category_types", "span": "span_types"}
_TYPES["relation"] = "relation_types"
_KEPT = ("id", "uuid", "start_offset", "end_offset", "from_id", "to_id", "text", "x", "y", "width", "height", "points")


def sign_in(peer: Peer, user: str, secret: str) -> None:
    """Sign in with a name and a password, or with a token alone where no name is given.

    Raises:
        NotAuthenticated: It is refused.
    """
    key = peer.log_in("/v1/auth/login/", user, secret) if user else secret
    peer.headers = {"Authorization": f"Token {key}"}


def list_projects(peer: Peer) -> Iterator[Listed]:
    """Give the projects that this person may see."""
    for row in _each(peer, "/v1/projects"):
        yield Listed(str(row["id"]), str(row.get("name") or f"project {row['id']}"))


def _each(peer: Peer, path: str) -> Iterator[Row]:
    """Give the rows of a list, whether it comes whole or in pages."""
    offset = 0
    while True:
        answer = peer.json("GET", path, params={"limit": PAGE, "offset": offset})
        if isinstance(answer, list):
            yield from answer
            return
        if not isinstance(answer, dict) or "results" not in answer:
            raise UnexpectedAnswer(f"{peer.root}{path} gave no list. Is this the address of doccano?")
        yield from answer["results"]
        offset += len(answer["results"])
        if not answer["results"] or offset >= answer["count"]:
            return


def take(peer: Peer, number: str, folder: Folder, meter: Meter, sleep: Callable[[float], None] = time.sleep) -> Taken:
    """Take a project into the working folder.

    Raises:
        NotFound: There is no such project. NotAuthenticated, NotAllowed, ConnectionFailed, UnexpectedAnswer.
    """
    base = f"/v1/projects/{number}"
    project = peer.json("GET", base)
    kind = str(project.get("project_type"))
    if kind not in _ROUTES:
        raise UnexpectedAnswer(f"A project of doccano's type {kind} cannot be taken; these can: {', '.join(_ROUTES)}.")
    found = {"project": project, **{name: _types(peer, base, name) for name in sorted(set(_TYPES.values()))}}
    taking = _Taking(peer, base, folder, found, _people(peer, base))
    if not taking.together:
        taking.read_export(sleep)
    taking.pages(meter)
    counts = taking.count()

    def archive() -> Path:
        lines = (json.dumps(_signed(row, folder), ensure_ascii=False) + "\n" for row in folder.rows())
        texts: dict[str, Iterable[str]] = {PROJECT: [json.dumps(found, ensure_ascii=False)], EXAMPLES: lines}
        return folder.pack(f"doccano-{number}", texts)

    said = filter(None, (str(project.get(name) or "").strip() for name in ("description", "guideline")))
    title = str(project.get("name") or f"doccano {number}")
    return Taken(title, "doccano_project", archive, counts, "\n\n".join(said))


def _types(peer: Peer, base: str, name: str) -> list[Row]:
    return list(_each(peer, f"{base}/{name.replace('_', '-')}"))


def _people(peer: Peer, base: str) -> dict[int, str]:
    """Return names by number: of everybody where that is allowed, since who left a project has labels still."""
    found = {row["user"]: row["username"] for row in _each(peer, f"{base}/members")}
    try:
        everybody = peer.json("GET", "/v1/users", params={"project_id": base.rsplit("/", 1)[1]})
    except (NotAllowed, NotFound):
        return found
    return {**{row["id"]: row["username"] for row in everybody}, **found}


class _Taking:
    """One project on its way into the folder."""

    def __init__(self, peer: Peer, base: str, folder: Folder, found: Row, people: dict[int, str]) -> None:
        self.peer, self.base, self.folder = peer, base, folder
        self.people: dict[Any, str] = {**people}
        project = found["project"]
        self.together = bool(project.get("collaborative_annotation"))
        self.pictured = not project.get("is_text_project", True)
        self.routes = _ROUTES[project["project_type"]]
        if not project.get("use_relation", True):
            self.routes = tuple(route for route in self.routes if route[1] != "relation")
        self.names = {name: {row["id"]: row["text"] for row in found[name]} for name in set(_TYPES.values())}
        # Of a project where everybody has labels of their own: labels and confirmations by example.
        self.exported: dict[int, list[Row]] = {}
        self.confirmed: dict[int, list[Row]] = {}

    def pages(self, meter: Meter) -> None:
        """Take every example, with its labels and its file."""
        comments = self._comments()
        # doccano sorts by the time of making alone, where two may be alike: the other way round shows the rest.
        known: set[int] = {row["id"] for row in self.folder.rows()}
        for turn, order in enumerate(("created_at", "-created_at")):
            page, total = 0, 1
            while page * PAGE < total:
                query: Params = {"limit": PAGE, "offset": page * PAGE, "ordering": order}
                answer = self.peer.json("GET", f"{self.base}/examples", params=query)
                total = int(answer["count"])
                fresh = [row for row in answer["results"] if row["id"] not in known]
                if fresh:
                    name = f"{turn}-{page:06}-{fresh[0]['id']}"
                    self.folder.write_page(name, self._page(fresh, comments))
                    known.update(row["id"] for row in fresh)
                meter.show(min(len(known), total), total, "examples")
                page += 1
            if len(known) >= total:
                return
        lacking = f"{total - len(known)} examples came or went while this ran. Take it again with --afresh."
        self.folder.lose("examples", "examples_missing", lacking)

    def _comments(self) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in _each(self.peer, f"{self.base}/comments"):
            kept = {"user": self._name(row), "text": row.get("text"), "created_at": row.get("created_at")}
            found.setdefault(row["example"], []).append(kept)
        return found

    def _name(self, row: Mapping[str, Any]) -> str:
        who = row.get("user")
        return str(row.get("username") or self.people.get(who, "") or (f"doccano user {who}" if who else ""))

    def _page(self, examples: list[Row], comments: Mapping[int, list[Row]]) -> list[Row]:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="examples") as pool:
            said = list(pool.map(self._said, examples))
        rows = []
        wanted = []
        for example, (labels, states) in zip(examples, said, strict=True):
            row = {name: example.get(name) for name in ("id", "text", "upload_name", "meta")}
            row |= {"labels": labels, "states": states, "comments": comments.get(example["id"], [])}
            if self.pictured:
                address = str(example.get("filename") or "")
                file_name = str(example.get("upload_name") or PurePosixPath(urlsplit(address).path).name)
                row["picture"], target = self.folder.media(str(example["id"]), file_name)
                wanted.append(Wanted(f"example {example['id']}", self._on_host(address), target))
            rows.append(row)
        fetch_all(self.peer, self.folder, wanted)
        return rows

    def _on_host(self, address: str) -> str:
        """Return the path of doccano's own files: behind a proxy it may know itself under another address."""
        path = urlsplit(address).path
        return path if path.startswith("/media/") else address

    def _said(self, example: Row) -> tuple[list[Row], list[Row]]:
        number = example["id"]
        if not self.together:
            return self.exported.get(number, []), self.confirmed.get(number, [])
        labels = []
        for route, kind in self.routes:
            rows = _each(self.peer, f"{self.base}/examples/{number}/{route}")
            labels += [self._label(row, kind) for row in rows]
        states = []
        if example.get("is_confirmed"):
            for row in _each(self.peer, f"{self.base}/examples/{number}/states"):
                who = self.people.get(row.get("confirmed_by"), f"doccano user {row.get('confirmed_by')}")
                states.append({"user": who, "confirmed_at": row.get("confirmed_at")})
        return labels, states

    def _label(self, row: Row, kind: str) -> Row:
        kept = {name: row[name] for name in _KEPT if row.get(name) is not None}
        said = {"kind": kind, "user": self._name(row), "created_at": row.get("updated_at") or row.get("created_at")}
        if kind in _TYPES:
            said["label"] = self.names[_TYPES[kind]].get(row["type" if kind == "relation" else "label"], "")
        return {**kept, **said}

    def read_export(self, sleep: Callable[[float], None]) -> None:
        """Read doccano's own export, with a file for each member, twice: of all examples, and of those confirmed."""
        plain = "text" if any(kind == "text" for _route, kind in self.routes) else "category"
        for approved in (False, True):
            for member, rows in self._export(approved, sleep):
                for row in rows:
                    if approved:
                        self.confirmed.setdefault(row["id"], []).append({"user": member})
                    else:
                        labels = [{**label, "user": member} for label in _exported(row, plain)]
                        self.exported.setdefault(row["id"], []).extend(labels)
        reason = "doccano tells no times where everybody has labels of their own. They are those of the import here."
        self.folder.lose("answers", "times", reason)

    def _export(self, approved: bool, sleep: Callable[[float], None]) -> Iterator[tuple[str, list[Row]]]:
        body = {"format": "JSONL", "exportApproved": approved}
        task = self.peer.json("POST", f"{self.base}/download", body=body, again=True)["task_id"]
        waited = 0.0
        while True:
            state = self.peer.json("GET", f"/v1/tasks/status/{task}")
            if state.get("error"):
                raise UnexpectedAnswer(f"doccano could not export the project: {str(state['error'])[:300]}")
            if state.get("ready"):
                break
            if waited >= EXPORT_SECONDS:
                raise ConnectionFailed("doccano does not finish its export. Does “doccano task” run there?")
            sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
        packed = self.folder.place / "export.zip"
        try:
            self.peer.save(f"{self.base}/download?taskId={task}", packed)
        except FileRefused as refused:
            raise UnexpectedAnswer(f"doccano made an export and does not give it: {refused}") from None
        with zipfile.ZipFile(packed) as archive:
            for name in archive.namelist():
                with archive.open(name) as lines:
                    rows = [json.loads(line) for line in io.TextIOWrapper(lines, "utf-8") if line.strip()]
                yield PurePosixPath(name).stem, rows
        packed.unlink()

    def count(self) -> dict[str, int]:
        """Return what there was."""
        counts = dict.fromkeys(("tasks", "answers", "pictures", "people"), 0)
        people: set[str] = set()
        for row in self.folder.rows():
            counts["tasks"] += 1
            counts["pictures"] += "picture" in row
            given = {label["user"] for label in row["labels"]}
            if not given or not self.together:
                given |= {state["user"] for state in row["states"]}
            counts["answers"] += len(given)
            people |= given
        counts["people"] = len(people)
        return counts


def _signed(row: Row, folder: Folder) -> Row:
    """Return an example with people as they are called here."""
    for said in (*row["labels"], *row["states"], *row["comments"]):
        said["user"] = folder.person(said["user"])
    return row


def _exported(row: Row, plain: str) -> Iterator[Row]:
    """Give the labels of a row of doccano's own export; `plain` is the kind of those that are words alone."""
    for name, kind in (("label", ""), ("cats", "category"), ("entities", "span"), ("relations", "relation")):
        for value in row.get(name) or ():
            if isinstance(value, list):
                start, end, label = value
                yield {"kind": "span", "start_offset": start, "end_offset": end, "label": label}
            elif isinstance(value, dict):
                yield {**value, "kind": kind or "span", "label": value.get("label", value.get("type"))}
            else:
                yield {"kind": kind or plain, "label": value, "text": value}
    for name, kind in (("bbox", "bbox"), ("segmentation", "segment")):
        for value in row.get(name) or ():
            yield {**value, "kind": kind}
