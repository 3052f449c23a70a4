"""project create, project list, label, suggest, publish."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.session import Session, session_of
from assay_client._resources.project import choice_schema

app = typer.Typer(help="Labeling projects: make one, list them.", no_args_is_help=True)
ProjectArgument = Annotated[str, typer.Argument(help="Number or name of the project.")]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the project.")],
    version: Annotated[int, typer.Option(help="Number of the version to label.")],
    label: Annotated[list[str] | None, typer.Option(help="A label; give one --label for each.")] = None,
    text: Annotated[str | None, typer.Option(help="Column to show; the version's text by default.")] = None,
    overlap: Annotated[int, typer.Option(min=1, max=20, help="How many people answer each task.")] = 1,
    guidelines: Annotated[str, typer.Option(help="What annotators read, in Markdown.")] = "",
    suggest_every: Annotated[int | None, typer.Option(min=0, help="Suggest anew after so many answers.")] = None,
    lease_seconds: Annotated[
        int | None, typer.Option(min=10, max=86_400, help="How long a task waits for the person who has it.")
    ] = None,
) -> None:
    """Make a project that asks for one label a text."""
    session = session_of(context)
    options: dict[str, Any] = {"overlap": overlap, "guidelines": guidelines, "suggest_every": suggest_every}
    options["lease_seconds"] = lease_seconds
    result = run_project(session, version, name, label or [], text, **options)
    said = f"Project {result['project']} ({name}): {result['tasks']:,} tasks\n{result['url']}"
    session.out.result(result, said)


def run_project(
    session: Session, version_id: int, name: str, labels: list[str], text: str | None = None, **options: Any
) -> dict[str, Any]:
    """Make a project and wait for its tasks."""
    if not labels:
        raise UsageProblem("Name the labels: --label ham --label spam")
    roles = session.client.versions.get(version_id).manifest.get("roles", {})
    shown = text or roles.get("text")
    if not shown:
        raise UsageProblem("The version names no text column; say which one to show with --text.")
    project, job = session.client.projects.create(version_id, name, choice_schema(labels, shown), **options)
    session.wait(job, "Making tasks")
    made = session.client.projects.get(project.id)
    return {"project": made.id, "tasks": made.task_count, "url": session.link(f"projects/{made.id}/")}


@app.command("list")
def list_projects(context: typer.Context) -> None:
    """List the projects."""
    session = session_of(context)
    rows = [dict(row.raw) for row in session.client.projects.list()]
    session.out.table(rows, ["id", "name", "version", "state", "task_count", "overlap"])


def find_project(session: Session, name: str) -> int:
    """Return the number of a project given by number or name."""
    if name.isdigit():
        return int(name)
    found = session.client.projects.find(name)
    if found is None:
        raise UsageProblem(f"There is no project called {name}. assay project list names them.")
    return found.id


def label(context: typer.Context, project: ProjectArgument) -> None:
    """Say how far the labeling is: in all, for each person, label and model."""
    session = session_of(context)
    found = session.client.projects.get(find_project(session, project))
    session.out.result(found.progress, progress_text(found.progress, session.link(f"projects/{found.id}/label/")))


def progress_text(progress: dict[str, Any], link: str) -> str:
    """Return the figures of a project in lines."""
    lines = [f"{progress['answers']:,} of {progress['answers_wanted']:,} answers, {progress['skipped']:,} skipped"]
    lines += [f"  {row['name']}: {row['answers']:,}" for row in progress["people"]]
    lines += [f"  {row['title']}: {row['count']:,}" for row in progress["labels"] if row["count"]]
    for row in progress["suggestions"]:
        share = f"{100 * row['accepted_share']:.1f}%"
        lines.append(f"  {row['model']}: {row['accepted']:,} of {row['shown']:,} suggestions accepted ({share})")
    return "\n".join([*lines, link])


def suggest(context: typer.Context, project: ProjectArgument) -> None:
    """Fit a quick model on the labels so far and suggest labels for the rest."""
    session = session_of(context)
    job = session.wait(session.client.projects.suggest(find_project(session, project)), "Suggesting")
    result = job.result or {}
    session.out.result(result, ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))


def publish(
    context: typer.Context,
    project: ProjectArgument,
    only_labeled: Annotated[bool, typer.Option(help="Leave out items without a label.")] = False,
    only_reviewed: Annotated[bool, typer.Option(help="Count only answers that a reviewer accepted or fixed.")] = False,
    with_model: Annotated[bool, typer.Option(help="Also labels of a model that were accepted automatically.")] = True,
    keep_labels: Annotated[bool, typer.Option(help="Unanswered items keep their version's label.")] = True,
    consensus: Annotated[
        str, typer.Option(help="Who decides where people differ: majority, or auto: a model.")
    ] = "majority",
    split: Annotated[bool, typer.Option(help="Split into train, validation and test.")] = True,
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Share for validation.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=0.9, help="Share for the locked test.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    group: Annotated[str, typer.Option(help="Column whose equal values stay on one side.")] = "",
) -> None:
    """Publish the labels as a new version."""
    session = session_of(context)
    result = run_publish(
        session,
        find_project(session, project),
        only_labeled=only_labeled,
        only_reviewed=only_reviewed,
        with_model=with_model,
        keep_labels=keep_labels,
        consensus=consensus,
        split=split,
        validation=validation,
        test=test,
        seed=seed,
        group_column=group,
    )
    session.out.result(result, publish_text(result))


def run_publish(session: Session, project_id: int, **options: Any) -> dict[str, Any]:
    """Publish and return what became of the labels."""
    job = session.wait(session.client.projects.publish(project_id, **options), "Publishing")
    result = dict(job.result or {})
    return {**result, "url": session.link(f"versions/{result['version']}/")}


def publish_text(result: dict[str, Any]) -> str:
    """Return a publication in two lines."""
    said = f"Version {result['version']} (v{result['number']}): {result['rows']:,} rows"
    if "labeled" in result:
        said += f", {result['labeled']:,} labels by people, {result['kept_labels']:,} kept from the file"
        said += f", {result['by_model']:,} by a model" if result.get("by_model") else ""
        said += f", {result['ties']:,} ties" if result["ties"] else ""
    return f"{said}\n{result['url']}"
