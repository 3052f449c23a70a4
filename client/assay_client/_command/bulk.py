"""project bulk give, count, list, undo."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import Session, session_of
from assay_client._records import Bulk, Job

app = typer.Typer(help="One answer to many items at once, and undoing it.", no_args_is_help=True)
MOST_NAMED = 10_000
WORDS = {
    "stored": "answered",
    "changed": "earlier answers changed",
    "same": "had this answer already",
    "answered": "answered by you before",
    "earlier": "still answer earlier questions",
    "full": "have all their answers",
    "leased": "with somebody else now",
    "unknown": "not in this project",
    "taken_back": "taken back",
    "restored": "earlier answers brought back",
    "kept": "stay, changed since",
}
Text = Annotated[str, typer.Option("--text", help="Items whose text contains this.")]
State = Annotated[str, typer.Option("--state", help="open (nobody answered), answered, or todo (open for you).")]
Given = Annotated[str, typer.Option("--given", help="Items that were given a label, as control=label.")]
Suggested = Annotated[str, typer.Option("--suggested", help="Items with this newest suggestion, as control=label.")]
Least = Annotated[float | None, typer.Option("--least", min=0, max=1, help="Least confidence of the suggestion.")]
Column = Annotated[str, typer.Option("--column", help="Items with this value in a column, as column=value.")]
Like = Annotated[int | None, typer.Option("--like", min=1, help="The items nearest to this one by meaning.")]
Cluster = Annotated[int | None, typer.Option("--cluster", min=0, help="A cluster of the version's meaning.")]


@app.command()
def give(
    context: typer.Context,
    project: ProjectArgument,
    answer: Annotated[list[str], typer.Option(help="control=label; give one --answer for each label.")],
    items: Annotated[str, typer.Option(help="Numbers and ranges of items, such as 1-5,9.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All items of the project.")] = False,
    text: Text = "",
    state: State = "",
    given: Given = "",
    suggested: Suggested = "",
    least: Least = None,
    column: Column = "",
    like: Like = None,
    cluster: Cluster = None,
    change_own: Annotated[bool, typer.Option("--change-own", help="Change your earlier answers too.")] = False,
) -> None:
    """Give one answer to many items, named by --items or found by the other options."""
    session = session_of(context)
    wanted = filter_of(text, state, given, suggested, least, column, like, cluster)
    if sum([bool(items), bool(wanted), everything]) != 1:
        raise UsageProblem("Say which items: --items 1-5,9, or options that find them, or --all.")
    number = find_project(session, project)
    named = items_of(items) if items else None
    bulk = session.client.bulks.give(
        number, answer_of(answer), items=named, where=None if items else wanted, change_own=change_own
    )
    bulk = waited(session, bulk, "Answering")
    link = session.link(f"projects/{number}/bulk/")
    session.out.result(dict(bulk.raw), f"Bulk {bulk.id}: {said(bulk.counts)}\n{link}")


@app.command()
def count(
    context: typer.Context,
    project: ProjectArgument,
    text: Text = "",
    state: State = "",
    given: Given = "",
    suggested: Suggested = "",
    least: Least = None,
    column: Column = "",
    like: Like = None,
    cluster: Cluster = None,
) -> None:
    """Say how many items a filter finds."""
    session = session_of(context)
    wanted = filter_of(text, state, given, suggested, least, column, like, cluster)
    found, is_all = session.client.bulks.count(find_project(session, project), **wanted)
    session.out.result({"count": found, "is_all": is_all}, f"{'' if is_all else 'more than '}{found:,} items")


@app.command("list")
def list_bulks(context: typer.Context, project: ProjectArgument) -> None:
    """List the bulk answers of a project, newest first."""
    session = session_of(context)
    rows = [
        {**bulk.raw, "counts": said(bulk.counts), "undone": said(bulk.undone)}
        for bulk in session.client.bulks.list(find_project(session, project))
    ]
    session.out.table(rows, ["id", "annotator_name", "answer", "filter", "state", "counts", "undone"])


@app.command()
def undo(
    context: typer.Context,
    bulk: Annotated[int, typer.Argument(help="Number of the bulk answers, as `assay project bulk list` lists them.")],
) -> None:
    """Take back what nobody changed since; the items return to the queue."""
    session = session_of(context)
    undone = waited(session, session.client.bulks.undo(bulk), "Undoing")
    session.out.result(dict(undone.raw), f"Bulk {bulk}: {said(undone.undone)}")


def waited(session: Session, bulk: Bulk, what: str) -> Bulk:
    """Wait for the job of bulk answers, if one is under way, and return them as they are then."""
    if bulk.state not in ("running", "undoing") or bulk.job is None:
        return bulk
    session.wait(Job.parse(bulk.job), what)
    return session.client.bulks.get(bulk.id)


def said(counts: dict[str, int]) -> str:
    """Return figures in words."""
    return ", ".join(f"{counts[name]:,} {words}" for name, words in WORDS.items() if counts.get(name)) or "nothing"


def answer_of(pairs: list[str]) -> dict[str, list[str]]:
    """Return an answer from control=label, any number of times."""
    answer: dict[str, list[str]] = {}
    for pair in pairs:
        control, sign, label = pair.partition("=")
        if not sign or not control or not label:
            raise UsageProblem(f"Write --answer control=label, such as label=spam, instead of {pair}.")
        answer.setdefault(control, []).append(label)
    return answer


def items_of(text: str) -> list[int]:
    """Return the items of 1-5,9."""
    found: set[int] = set()
    for piece in text.replace(" ", "").split(","):
        ends = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", piece)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (1, 0)
        if last < first:
            raise UsageProblem(f"Write --items 1-5,9 instead of {piece}.")
        if last - first >= MOST_NAMED or len(found) > MOST_NAMED:
            raise UsageProblem(f"Name at most {MOST_NAMED:,} items, or find them by a filter.")
        found.update(range(first, last + 1))
    return sorted(found)


def filter_of(
    text: str, state: str, given: str, suggested: str, least: float | None, column: str, like: int | None,
    cluster: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the filter that the options describe, empty when they describe none."""
    name, _sign, value = column.partition("=")
    found = {"q": text, "state": state, "label": given, "suggested": suggested, "column": name, "value": value}
    numbers = {"least": least, "like": like, "cluster": cluster}
    wanted: dict[str, Any] = {key: each for key, each in found.items() if each}
    return wanted | {key: number for key, number in numbers.items() if number is not None}
