"""The whole chain on one file: import, curate, label, suggest, publish, train, export, deploy, predict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.data import run_curation, run_import
from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import progress_text, run_project, run_publish
from assay_client._command.models import figures_text, run_deploy, run_export, run_training
from assay_client._command.session import Session, session_of
from assay_client._resources.annotation import answer_to

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "sms_spam.csv.gz"
LICENCE = "CC BY 4.0"
SOURCE = "UCI SMS Spam Collection, Almeida and Hidalgo"
SAMPLES = ("Are we still meeting at six?", "WINNER!! Claim your free prize now, text WIN to 80086")
TASKS_AT_ONCE = 20


def run_demo(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A file with texts and labels.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of what is made; a new one by default.")] = "",
    answers: Annotated[int, typer.Option(min=20, help="Tasks to answer before and again after suggestions.")] = 60,
    family: Annotated[str | None, typer.Option(help="Family of models.")] = None,
    limit: Annotated[float | None, typer.Option(min=0, max=100, help="Points of macro-F1 a bundle may lose.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of split and training.")] = 20,
) -> None:
    """Take a file through the whole chain and print the figures.

    The tasks are leased and answered through the service by the token's owner; the answers are the labels that stand in
    the file, so nobody has to sit and click. Without a file, the SMS collection that comes with this client is taken.
    """
    session = session_of(context)
    title = name or f"Demo {time.strftime('%Y-%m-%d %H:%M:%S')}"
    chain = Chain(session, title, answers)
    licence, source = ("", "") if file else (LICENCE, SOURCE)
    chain.prepare(file or SHIPPED, licence, source)
    chain.label()
    chain.model(family, limit, seed)
    session.out.result(chain.found, report(chain.found))


class Chain:
    """The chain on one file.

    Attributes:
        found: What each step gave, by its name.
    """

    def __init__(self, session: Session, title: str, answers: int) -> None:
        self.session = session
        self.title = title
        self.answers = answers
        self.found: dict[str, Any] = {"name": title}
        self._gold: dict[int, str] = {}

    def step(self, name: str, result: dict[str, Any], said: str) -> dict[str, Any]:
        """Keep what a step gave and say it."""
        self.found[name] = result
        self.session.out.say(f"{name:>8}: {said}")
        return result

    def prepare(self, file: Path, licence: str, source: str) -> None:
        """Import and curate, and read the labels that the file came with."""
        imported = run_import(self.session, file, self.title, {}, licence=licence, source=source)
        said = f"{imported['rows']:,} rows, {imported['refused']:,} refused"
        self.step("import", imported, said)
        curated = run_curation(self.session, imported["version"])
        self.step("curate", curated, f"{curated['rows']:,} rows kept, {curated['dropped']:,} dropped")
        version = self.session.client.versions.get(curated["version"])
        label = version.manifest.get("roles", {}).get("label")
        if not label:
            raise UsageProblem(f"{file.name} has no column with labels, which the demo needs for its answers.")
        with self.session.out.meter("Reading labels") as meter:
            for number, item in enumerate(self.session.client.versions.items(version.id), start=1):
                if item.get(label) is not None:
                    self._gold[item["item_id"]] = str(item[label])
                if number % 200 == 0:
                    meter.show(number, version.row_count)

    def label(self) -> None:
        """Answer a batch, fit suggestions, answer another batch with them, and publish."""
        labels = sorted(set(self._gold.values()))
        made = run_project(self.session, self.found["curate"]["version"], self.title, labels, suggest_every=0)
        self.step("project", made, f"{made['tasks']:,} tasks, labels {', '.join(labels[:9])}")
        self._answer(made["project"], self.answers)
        job = self.session.wait(self.session.client.projects.suggest(made["project"]), "Suggesting")
        self.step("suggest", job.result or {}, "suggestions stored for what nobody has answered")
        self._answer(made["project"], self.answers)
        progress = self.session.client.projects.get(made["project"]).progress
        said = progress_text(progress, "").replace("\n", ";").strip("; ")
        self.step("label", progress, f"{said}. The answers are the file's own labels.")
        published = run_publish(self.session, made["project"], seed=20)
        self.step("publish", published, f"v{published['number']} with {published['rows']:,} rows")

    def _answer(self, project: int, count: int) -> None:
        annotations = self.session.client.annotations
        done = 0
        with self.session.out.meter("Answering") as meter:
            while done < count:
                tasks: Sequence[dict[str, Any]] = annotations.lease(project, min(TASKS_AT_ONCE, count - done))["tasks"]
                if not tasks:
                    return
                annotations.answer(project, [self._answer_to(task) for task in tasks])
                done += len(tasks)
                meter.show(done, count)

    def _answer_to(self, task: dict[str, Any]) -> dict[str, Any]:
        label = self._gold.get(task["item_id"])
        shown = task.get("suggestion") or {}
        answer = None if label is None else {"label": [label]}
        return answer_to(task, answer, suggestion=shown.get("id"), reason="" if label else "no label in the file")

    def model(self, family: str | None, limit: float | None, seed: int) -> None:
        """Train, export, deploy and predict."""
        trained = run_training(self.session, self.found["publish"]["version"], family, seed=seed, name=self.title)
        self.step("train", trained, figures_text(trained["report"]))
        exported = run_export(self.session, trained["model"], limit)
        self.step("export", exported, f"{exported['bytes'] / 1e6:.1f} MB. {exported['gate'].get('sentence', '')}")
        deployed = run_deploy(self.session, exported["bundle"], self.title)
        self.step("deploy", deployed, deployed["predict"])
        rows = self.session.client.deployments.predict(deployed["id"], SAMPLES)
        pairs = [
            {"text": text, "label": row.label, "confidence": row.confidence}
            for text, row in zip(SAMPLES, rows, strict=True)
        ]
        said = "; ".join(f"{pair['label']} {pair['confidence']:.3f}" for pair in pairs)
        self.step("predict", {"predictions": pairs}, said)


def report(found: dict[str, Any]) -> str:
    """Return the figures and the links of a chain."""
    lines = [f"{found['name']}: {found['import']['rows']:,} rows in, {found['publish']['rows']:,} published"]
    lines.append(f"  {figures_text(found['train']['report'])}")
    lines.append(f"  {found['export']['gate'].get('sentence', '')}")
    lines += [
        f"  {pair['label']} ({pair['confidence']:.3f}): {pair['text']}" for pair in found["predict"]["predictions"]
    ]
    steps = ("import", "curate", "project", "publish", "train", "export", "deploy")
    lines += [f"  {name:>8}  {found[name]['url']}" for name in steps]
    lines.append(f"   predict  POST {found['deploy']['predict']}")
    return "\n".join(lines)
