"""Predictions that others made: sent over REST, or in columns of the version, and shown as suggestions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.services.version import open_version
from labeling.engine.controls.base import Control
from labeling.engine.schema import AnswerError, Schema, parse_schema, validate_answer
from labeling.models import Project, Task
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.queue import refuse_archived
from labeling.services.suggestion import LONGEST_SOURCE, Suggested, store_suggestions
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.import_predictions"
# Rows of one request.
MOST_ROWS = 5_000
BATCH = 5_000
# The job's result names this many values that are no answer.
NAMED = 20

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of predictions that were sent.

    Attributes:
        stored: How many are suggestions now.
        passed: Right ones whose task needs no suggestion: it is full, or there is no such item in the project.
        refused: ``{"row", "item", "where", "reason"}`` of each that is no answer to what is asked; rows count from 0.
    """

    stored: int
    passed: int
    refused: list[Row]


def store_predictions(
    *, actor: Actor, project_id: int, source: str, rows: Sequence[Mapping[str, Any]], keep: bool = False
) -> Kept:
    """Keep predictions as suggestions; the good ones are kept whatever the others are.

    A later prediction to the same item takes the place of an earlier one, so that sending twice changes nothing.

    Args:
        actor: Who manages the project.
        project_id: The project.
        source: Name of what made them, as annotators read it.
        rows: ``{"item", "answer", "confidence"}``, at most 5,000; the answer may leave open what must be answered, the
            confidence is from 0 to 1 or missing.
        keep: Earlier ones stay, also those that nobody was shown.

    Raises:
        NotFound: No such project. Conflict: ``project_archived``, ``questions_changing``.
        DomainError: ``source_missing``, ``too_many_rows``.
    """
    if len(rows) > MOST_ROWS:
        detail = _("Send at most %(most)s predictions at once.") % {"most": MOST_ROWS}
        raise DomainError("too_many_rows", detail, field="predictions")
    name = _source(source)
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    refuse_while_changing(project)
    schema = parse_schema(project.schema)
    shown = _tasks(project, schema, [int(row["item"]) for row in rows])
    refused: list[Row] = []
    # Of several for one item the last one counts.
    fitting: dict[int, Suggested] = {}
    for number, row in enumerate(rows):
        item = int(row["item"])
        if item not in shown:
            continue
        try:
            answer = _some_answer(schema, row["answer"], shown[item])
        except AnswerError as error:
            refused.append({"row": number, "item": item, "where": error.where, "reason": f"{error.what} {error.mend}"})
            continue
        fitting[item] = (item, answer, row.get("confidence"))
    stored = 0
    if fitting:
        stored = store_suggestions(
            actor=actor, project_id=project.pk, source=name, rows=fitting.values(), partial=True, keep=keep
        )
        audit.record(actor=actor, action="suggestion.send", subject=f"project:{project.pk}", source=name, count=stored)
    return Kept(stored, len(rows) - len(refused) - stored, refused)


def _some_answer(schema: Schema, answer: Any, data: Any) -> Row:
    """Return an answer in normal form that says something; questions may be left open."""
    found = validate_answer(schema, answer, data, draft=True)
    if not found:
        raise AnswerError("", _("The answer is empty."), _("Leave the row out."))
    return found


def _source(source: str) -> str:
    name = " ".join(source.replace("\0", "").split())
    if not 0 < len(name) <= LONGEST_SOURCE:
        detail = _("Say what made the predictions, in 1 to %(longest)s characters.") % {"longest": LONGEST_SOURCE}
        raise DomainError("source_missing", detail, field="source")
    return name


def _tasks(project: Project, schema: Schema, items: Sequence[int]) -> dict[int, Any]:
    """Return by item what answers point into; only that it is there where they point into nothing."""
    rows = Task.objects.filter(project=project, item_id__in=items)
    if schema.pointed:
        return dict(rows.values_list("item_id", "data"))
    return dict.fromkeys(rows.values_list("item_id", flat=True))


@transaction.atomic
def start_import(
    *, actor: Actor, project_id: int, column: str, confidence: str = "", control: str = "", source: str = ""
) -> Job:
    """Send the job that takes predictions from a column of the project's version.

    Args:
        actor: Who manages the project.
        project_id: The project.
        column: Holds for each item a label, several with ``|`` between them, or the answer of the control as JSON.
        confidence: Column with how sure the model was, 0 to 1; empty for none.
        control: Which question the column answers; empty for the one that classifies, else the first.
        source: Name of what made them; empty for the column's name.

    Raises:
        NotFound: No such project. Conflict: ``project_archived``, ``questions_changing``.
        DomainError: ``column_unknown``, ``control_unknown``, ``source_missing``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_archived(project.state)
    refuse_while_changing(project)
    columns = {name for name, _type in project.version.manifest.get("columns", [])}
    for field, name in (("column", column), ("confidence", confidence)):
        if name not in columns and (name or field == "column"):
            detail = _("The version has no column %(name)s.") % {"name": name[:80]}
            raise DomainError("column_unknown", detail, field=field)
    asked = _control(parse_schema(project.schema), control)
    subject = f"project:{project.pk}"
    if Job.objects.filter(kind=KIND, subject=subject, finished_at=None).exists():
        raise Conflict("import_under_way", _("Predictions are being imported already. Wait for that job."))
    name = _source(source or column)
    params = {"project_id": project.pk, "column": column, "confidence": confidence, "control": asked.name}
    title = _("Take predictions for %(project)s from %(column)s") % {"project": project.name, "column": column}
    job = enqueue(kind=KIND, actor=actor, params={**params, "source": name}, title=title, subject=subject)
    audit.record(actor=actor, action="suggestion.import", subject=subject, column=column, source=name, job=job.pk)
    return job


def _control(schema: Schema, name: str) -> Control:
    if not name:
        return schema.classifier or schema.controls[0]
    found = schema.by_name.get(name)
    if found is None:
        detail = _("The project asks nothing called %(name)s.") % {"name": name[:80]}
        raise DomainError("control_unknown", detail, field="control")
    return found


def run_import(
    *, job: JobContext, project_id: int, column: str, confidence: str, control: str, source: str
) -> dict[str, Any]:
    """Read the column and store what it says, batch by batch; a second run of the job changes nothing.

    Returns:
        ``suggestions`` stored, ``empty`` cells, ``passed`` (their tasks need no suggestion), ``misfits`` and some of
        them ``named`` with item, value and reason; ``source``.
    """
    project = (
        Project.objects.select_related("version").filter(pk=project_id, organization_id=job.organization_id).first()
    )
    if project is None:
        raise NotFound(_("This project is gone."))
    schema = parse_schema(project.schema)
    asked = _control(schema, control)
    counts: Counter[str] = Counter()
    named: list[Row] = []
    columns = ["item_id", column, *([confidence] if confidence else [])]
    seen = 0
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=columns, batch_rows=BATCH):
            rows = list(zip(*(batch.column(name).to_pylist() for name in columns), strict=True))
            right = list(_fitting(project, schema, asked, rows, counts, named))
            stored = store_suggestions(actor=job.actor, project_id=project.pk, source=source, rows=right, partial=True)
            counts["suggestions"] += stored
            counts["passed"] += len(right) - stored
            seen += batch.num_rows
            job.progress(seen, reader.row_count, _("taking predictions"), rows_done=counts["suggestions"])
    names = ("suggestions", "empty", "passed", "misfits")
    return {**{name: counts[name] for name in names}, "named": named, "source": source}


def _fitting(
    project: Project,
    schema: Schema,
    asked: Control,
    rows: Sequence[tuple[Any, ...]],
    counts: Counter[str],
    named: list[Row],
) -> Iterator[Suggested]:
    shown = _tasks(project, schema, [row[0] for row in rows])
    for item, value, *sure in rows:
        if value is None or value == "":
            counts["empty"] += 1
            continue
        if item not in shown:
            counts["passed"] += 1
            continue
        try:
            answer = _some_answer(schema, {asked.name: _said(asked, value)}, shown[item])
            yield item, answer, _sure(sure)
        except AnswerError as error:
            counts["misfits"] += 1
            if len(named) < NAMED:
                named.append({"item": item, "value": str(value)[:80], "reason": f"{error.what} {error.mend}"[:300]})


def _said(asked: Control, value: Any) -> Any:
    """Return what a cell says: JSON where it is JSON of the right kind, labels as a publication writes them else."""
    if asked.type in {"choice", "taxonomy"}:
        return value if isinstance(value, list) else str(value).split("|")
    if isinstance(value, str) and asked.type not in {"text", "preference"}:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise AnswerError(asked.name, _("The cell is not JSON."), _("Write the answer as JSON.")) from None
    return value


def _sure(found: Sequence[Any]) -> float | None:
    """Return the confidence; one that is no number from 0 to 1 is none."""
    try:
        value = float(found[0]) if found and found[0] is not None else None
    except (TypeError, ValueError):
        return None
    return value if value is not None and 0 <= value <= 1 else None
