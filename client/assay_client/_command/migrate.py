"""migrate label-studio, doccano, cvat: a project of another tool with everything in it, as one command."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from assay_client._command.bringing import Brought, bring
from assay_client._command.exits import MigrationIncomplete, UsageProblem
from assay_client._command.session import Session, session_of
from assay_client._exceptions import AssayError, ConnectionFailed, NotAllowed, NotAuthenticated
from assay_client._migration import cvat as cvat_api
from assay_client._migration import doccano as doccano_api
from assay_client._migration import label_studio as label_studio_api
from assay_client._migration.folder import STATE, Folder
from assay_client._migration.peer import Peer
from assay_client._migration.taken import Listed, Meter, Taken

app = typer.Typer(help="Take over projects of other tools, with media and everybody's answers.", no_args_is_help=True)

Address = Annotated[
    str,
    typer.Argument(help="Address of the tool, or of a project's page there; nothing with --file.", show_default=False),
]
ProjectOption = Annotated[str, typer.Option("--project", help="Number of the project there.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every project; those that Assay has by name are passed over.")]
FileOption = Annotated[
    Path | None, typer.Option("--file", exists=True, help="What the tool exported, instead of an address; or a folder.")
]
NameOption = Annotated[str, typer.Option(help="Name of the project here; its name there by default.")]
DatasetOption = Annotated[str, typer.Option(help="Dataset of its items; named like the project by default.")]
LossesOption = Annotated[Path | None, typer.Option(help="Write a CSV of everything that was left out or changed.")]
FolderOption = Annotated[
    Path | None, typer.Option(help="Where to keep what was had, so that the same command goes on; a cache by default.")
]
AfreshOption = Annotated[bool, typer.Option("--afresh", help="Throw away what an interrupted one had.")]
MediaOption = Annotated[
    list[str] | None, typer.Option("--media-from", help="Another host that files may come from; give one for each.")
]
PersonOption = Annotated[
    list[str] | None,
    typer.Option("--person", help="Who somebody is here, as NAME-THERE=E-MAIL-HERE; give one for each."),
]
_Take = Callable[[Peer, str, Folder, Meter], Taken]


@dataclass(frozen=True)
class Wish:
    """What the options say."""

    tool: str
    address: str = ""
    project: str = ""
    every: bool = False
    file: Path | None = None
    name: str = ""
    dataset: str = ""
    losses: Path | None = None
    folder: Path | None = None
    afresh: bool = False
    media_from: list[str] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)


@app.command("label-studio")
def label_studio(
    context: typer.Context,
    address: Address = "",
    project: ProjectOption = "",
    every: AllOption = False,
    file: FileOption = None,
    key: Annotated[str, typer.Option(help="Access token there; else LABEL_STUDIO_API_KEY, else asked for.")] = "",
    name: NameOption = "",
    dataset: DatasetOption = "",
    losses: LossesOption = None,
    folder: FolderOption = None,
    afresh: AfreshOption = False,
    media_from: MediaOption = None,
    person: PersonOption = None,
) -> None:
    """Take over a project of Label Studio: tasks, annotations, skips, predictions, pictures, questions."""
    wish = Wish(
        label_studio_api.TOOL,
        address,
        project,
        every,
        file,
        name,
        dataset,
        losses,
        folder,
        afresh,
        media_from or [],
        _people(person),
    )

    def connect(peer: Peer) -> None:
        label_studio_api.sign_in(peer, key or _secret("LABEL_STUDIO_API_KEY", f"Access token of {peer.root}"))

    _migrate(session_of(context), wish, connect, label_studio_api.list_projects, label_studio_api.take)


@app.command("doccano")
def doccano(
    context: typer.Context,
    address: Address = "",
    project: ProjectOption = "",
    every: AllOption = False,
    file: FileOption = None,
    user: Annotated[str, typer.Option(help="Name there, of an administrator of the project.")] = "",
    key: Annotated[
        str, typer.Option(help="Password, or a token without --user; else DOCCANO_PASSWORD, else asked for.")
    ] = "",
    name: NameOption = "",
    dataset: DatasetOption = "",
    losses: LossesOption = None,
    folder: FolderOption = None,
    afresh: AfreshOption = False,
    media_from: MediaOption = None,
    person: PersonOption = None,
) -> None:
    """Take over a project of doccano: examples, everybody's labels, spans, relations, texts and shapes, pictures."""
    wish = Wish(
        doccano_api.TOOL,
        address,
        project,
        every,
        file,
        name,
        dataset,
        losses,
        folder,
        afresh,
        media_from or [],
        _people(person),
    )

    def connect(peer: Peer) -> None:
        secret = key or _secret("DOCCANO_PASSWORD", f"{'Password' if user else 'Token'} of {peer.root}")
        doccano_api.sign_in(peer, user, secret)

    _migrate(session_of(context), wish, connect, doccano_api.list_projects, doccano_api.take)


@app.command("cvat")
def cvat(
    context: typer.Context,
    address: Address = "",
    project: ProjectOption = "",
    task: Annotated[str, typer.Option("--task", help="Number of one task, instead of a project.")] = "",
    every: AllOption = False,
    file: FileOption = None,
    user: Annotated[str, typer.Option(help="Name there.")] = "",
    key: Annotated[
        str, typer.Option(help="Password, or an access token without --user; else CVAT_ACCESS_TOKEN, else asked for.")
    ] = "",
    organization: Annotated[str, typer.Option(help="Short name of the organization there.")] = "",
    name: NameOption = "",
    dataset: DatasetOption = "",
    losses: LossesOption = None,
    folder: FolderOption = None,
    afresh: AfreshOption = False,
    media_from: MediaOption = None,
    person: PersonOption = None,
) -> None:
    """Take over a project or task of CVAT: pictures, shapes, tags, tracks frame by frame, who had which job."""
    if project and task:
        raise UsageProblem("Say --project or --task, not both.")
    number = f"task:{task}" if task else f"project:{project}" if project else ""
    wish = Wish(
        cvat_api.TOOL,
        address,
        number,
        every,
        file,
        name,
        dataset,
        losses,
        folder,
        afresh,
        media_from or [],
        _people(person),
    )

    def connect(peer: Peer) -> None:
        secret = key or _secret("CVAT_ACCESS_TOKEN", f"{'Password' if user else 'Access token'} of {peer.root}")
        cvat_api.sign_in(peer, user, secret, organization)

    _migrate(session_of(context), wish, connect, cvat_api.list_projects, cvat_api.take)


def _people(rows: list[str] | None) -> dict[str, str]:
    wrong = next((row for row in rows or () if not all(row.partition("="))), "")
    if wrong:
        raise UsageProblem(f"--person takes NAME-THERE=E-MAIL-HERE, not {wrong!r}.")
    return {name: here for name, _is, here in (row.partition("=") for row in rows or ())}


class NothingThere(UsageProblem):
    """A project without anything in it."""


def _secret(variable: str, title: str) -> str:
    found = os.environ.get(variable, "").strip()
    if found:
        return found
    if sys.stdin.isatty():
        return str(typer.prompt(title, hide_input=True, err=True)).strip()
    found = sys.stdin.readline().strip()
    if not found:
        raise UsageProblem(f"There is no token. Set {variable}, say --key, or write it to standard input.")
    return found


def _migrate(
    session: Session,
    wish: Wish,
    connect: Callable[[Peer], None],
    listed: Callable[[Peer], Iterator[Listed]],
    take: _Take,
) -> None:
    if wish.file is not None:
        _of_file(session, wish)
        return
    root, number = _placed(wish)
    peer = Peer(wish.tool, root, media_from=wish.media_from)
    begun = (_place(wish, peer, number) / STATE).is_file()
    _may_make_projects(session, "" if begun else wish.name)
    try:
        connect(peer)
        if not wish.every:
            result, words = _one(session, wish, peer, number, take)
            session.out.result(result, words)
            return
        _all(session, wish, peer, list(listed(peer)), take)
    finally:
        peer.close()


def _may_make_projects(session: Session, name: str) -> None:
    """Say at once, and not after hours of taking, what would keep the project from being made."""
    lacking = {"data.write", "project.write"} - set(session.client.me().scopes)
    if lacking:
        raise UsageProblem(f"Your token of Assay lacks the scope {', '.join(sorted(lacking))}.")
    if name and session.client.projects.find(name) is not None:
        raise UsageProblem(f"There is a project called {name} already. Say another --name.")


def _of_file(session: Session, wish: Wish) -> None:
    assert wish.file is not None
    if wish.address or wish.every or wish.project:
        raise UsageProblem("Give --file, or an address with a project; not both.")
    if wish.people:
        raise UsageProblem("With --file, people are called as the file calls them: leave out --person.")
    name = wish.name or wish.file.stem
    brought = bring(session, wish.file, name, dataset=wish.dataset)
    if wish.losses is not None:
        brought.save_losses(session, wish.losses)
    session.out.result(brought.result, brought.words(session, losses=wish.losses))


# Where the number of a project stands in the address of its page.
_PAGE = re.compile(r"/(projects|tasks)/(\d+)(?:/|$)")


def _placed(wish: Wish) -> tuple[str, str]:
    """Return the tool's address and the number; the address may be that of a project's page."""
    if not wish.address.startswith(("http://", "https://")):
        raise UsageProblem(f"Name the address of {wish.tool}, such as https://labels.example.com, or a --file.")
    parts = urlsplit(wish.address)
    found = _PAGE.search(parts.path)
    path = parts.path[: found.start()] if found else parts.path
    root = f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"
    number = wish.project
    if not number and found:
        number = found[2] if wish.tool != cvat_api.TOOL else f"{found[1][:-1]}:{found[2]}"
    if wish.every:
        if wish.name or number:
            raise UsageProblem("With --all, every project keeps its own name: leave out --name and --project.")
    elif not number:
        raise UsageProblem("Say which --project, or --all.")
    return root, number


def _all(session: Session, wish: Wish, peer: Peer, projects: list[Listed], take: _Take) -> None:
    """Take every project; one that fails does not keep the others."""
    known = {project.name for project in session.client.projects.list()}
    titles = Counter(_named(each.title, each.number) for each in projects)
    done: list[dict[str, Any]] = []
    failed = 0
    for each in projects:
        name = _named(each.title, each.number)
        # The other tool may have several of one name.
        name = name if titles[name] == 1 else _named(f"{name[:100]} ({each.number})", each.number)
        begun = (_place(wish, peer, each.number) / STATE).is_file()
        if name in known and not begun:
            session.out.say(f"{name}: Assay has a project of this name; it is passed over")
            done.append({"number": each.number, "name": name, "passed_over": True})
            continue
        try:
            result, words = _one(session, replace(wish, name=name), peer, each.number, take)
        except (NotAuthenticated, NotAllowed, ConnectionFailed):
            raise
        except NothingThere as error:
            session.out.say(str(error))
            done.append({"number": each.number, "name": name, "empty": True})
        except AssayError as error:
            failed += 1
            session.out.say(f"{name}: {error}")
            done.append({"number": each.number, "name": name, "error": str(error)})
        else:
            session.out.say(words)
            done.append(result)
    kept = sum("project" in row for row in done)
    session.out.result(done, f"{kept} of {len(projects)} projects are here now")
    if failed:
        raise MigrationIncomplete(f"{failed} of {len(projects)} projects could not be taken; each is named above.")


def _one(session: Session, wish: Wish, peer: Peer, number: str, take: _Take) -> tuple[dict[str, Any], str]:
    """Take one project, and return what came of it as data and in words."""
    source = {"tool": wish.tool, "address": peer.root, "number": number}
    place = _place(wish, peer, number)
    folder = Folder(place, source, afresh=wish.afresh)
    folder.people = wish.people
    if folder.went_on:
        session.out.say(f"Going on with what {place} holds; --afresh throws it away")
    try:
        brought, taken = _taken(session, wish, peer, number, take, folder)
    except (AssayError, KeyboardInterrupt):
        if folder.holds_something:
            session.out.say(f"What was had is in {place}; the same command goes on with it.")
        elif wish.folder is None:
            folder.remove()
        raise
    lost = folder.lost
    if wish.losses is not None:
        own = wish.losses if not wish.every else wish.losses.with_stem(f"{wish.losses.stem}-{_safe(number)}")
        folder.write_losses(own, brought.losses(session))
    words = brought.words(session, there=taken.counts, lost=lost, losses=wish.losses, tool=wish.tool)
    result = {**brought.result, "source": source, "there": taken.counts, "not_taken": dict(lost)}
    if wish.folder is None:
        folder.remove()
    return result, words


def _taken(session: Session, wish: Wish, peer: Peer, number: str, take: _Take, folder: Folder) -> tuple[Brought, Taken]:
    with session.out.meter(f"Taking {number} of {wish.tool}") as meter:
        taken = take(peer, number, folder, meter)
    if not taken.counts.get("tasks"):
        raise NothingThere(f"{taken.title} has no tasks, so there is nothing to take.")
    name = wish.name or _named(taken.title, number)
    brought = bring(
        session,
        taken.archive,
        name,
        dataset=wish.dataset,
        file_format=taken.file_format,
        state=folder.state,
        keep=folder.keep,
    )
    changes: dict[str, Any] = {"guidelines": taken.guidelines} if taken.guidelines else {}
    if taken.overlap:
        changes["overlap"] = min(taken.overlap, 20)
    if changes:
        session.client.projects.change(brought.result["project"], **changes)
    return brought, taken


def _named(title: str, number: str) -> str:
    return " ".join(title.split())[:120] or number


def _place(wish: Wish, peer: Peer, number: str) -> Path:
    name = _safe(f"{wish.tool}-{urlsplit(peer.root).netloc}-{number}".lower())
    if wish.folder is not None:
        return wish.folder / name if wish.every else wish.folder
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "assay" / "migrations" / name


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)
