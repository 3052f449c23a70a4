"""Labels become a version: what people answered, joined to the items, and split for training."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Context
from curation.engine.steps.split import Split
from curation.engine.writer import VersionReader, VersionWriter
from curation.models import Version, VersionKind
from curation.services.version import commit_version, open_version
from labeling.engine.answer_columns import EVERYBODY, answer_columns
from labeling.engine.consensus import Consensus, canonical, majority
from labeling.engine.crowd.consensus import find_consensus
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Adjudication, DisputeState, Project
from labeling.services.accepted_label import Accepted, accepted_labels, has_accepted
from labeling.services.publish_marks import Agreement, MarkModel, add_agreed, model_marks, with_column
from labeling.services.ratings import ratings_of
from labeling.services.task import without_copies
from workers.context import JobContext
from workers.work_folder import work_folder

LABEL = "label"
COLUMNS = {
    LABEL: pa.string(),
    "label_annotators": pa.list_(pa.int64()),
    "label_agreement": pa.float64(),
    "labeled_at": pa.timestamp("us", tz="UTC"),
    # Who accepted or fixed the answers that were counted.
    "label_reviewers": pa.list_(pa.int64()),
    # How the label came about: a row of the five below, null where there is none.
    "label_source": pa.string(),
}
# Each answer given by itself; all of them, or some, in bulk and untouched since; the version's own label; a model's.
PERSON, BULK, BOTH, KEPT, MODEL = "person", "bulk", "both", "kept", "model"
# Somebody looked at all answers and decided: labeling.services.adjudication.
ADJUDICATED = "adjudicated"
CONFIDENCE = "label_confidence"
# Who decided; only in versions of projects where something was decided.
ADJUDICATOR = "label_adjudicator"
# Which model a label is of: its name, and the beginning of the hash that tells it from every other.
LABEL_MODEL = "label_model"
# The job's result names this many tied items; all of them are counted.
TIES_NAMED = 1_000

_ANSWERS = """
SELECT t.item_id, a.annotator_id, a.answer::text, a.updated_at, a.verdict, a.reviewer_id,
  EXISTS (
    SELECT 1 FROM labeling_bulktask b
    WHERE b.task_id = t.id AND b.annotation_number = a.id AND b.revision = a.revision)
FROM labeling_task t JOIN labeling_annotation a ON a.task_id = t.id
WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s) AND NOT a.skipped
  AND (a.verdict <> '' OR NOT %(only_reviewed)s) AND (a.gold = '' OR %(with_gold)s)
ORDER BY t.item_id, a.annotator_id
"""


@dataclass(slots=True)
class Counts:
    """What a publication came to."""

    labeled: int = 0
    ties: int = 0
    tied_items: list[int] = field(default_factory=list)
    left_out: int = 0
    kept_labels: int = 0
    adjudicated: int = 0
    by_model: int = 0
    # The model that was chosen; empty where the majority decided.
    method: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which answers and items a publication takes; the arguments of `publish_labels` say what each means."""

    only_labeled: bool
    only_reviewed: bool
    keep_labels: bool
    consensus: str
    seed: int
    with_gold: bool = False
    with_model: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What a model of the people who answered makes of an item: its label, None where two lead together, and how
    probable it is."""

    label: str | None
    confidence: float


def publish_labels(
    *,
    job: JobContext,
    project_id: int,
    only_labeled: bool = False,
    only_reviewed: bool = False,
    with_gold: bool = False,
    with_model: bool = True,
    keep_labels: bool = True,
    consensus: str = "majority",
    split: bool = True,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    group_column: str = "",
    note: str = "",
) -> dict[str, Any]:
    """Write the project's consensus labels into a new version of its dataset, once for each job.

    Args:
        job: The job whose work this is.
        project_id: The project.
        only_labeled: Leave out items without a label.
        only_reviewed: Count only answers that a reviewer accepted or fixed.
        with_gold: Count answers to tasks whose right answer was known, too.
        with_model: Items that nobody answered get the label of a model whose answer was accepted, unless its audit
            refuted it or `only_reviewed` asks for people. Such an item is never in a validation or test set.
        keep_labels: Items that nobody answered keep the label their version gave them, if any.
        consensus: ``majority``: what most people gave; ``auto``: a model of how well each person answers, chosen by
            `labeling.engine.crowd`, with its probability in the column ``label_confidence``, or for spans and shapes
            in a column of their control's name that ends with ``_confidence``. Everything else is voted on.
        split: Add the column ``split``. Where the version has one already, its test set stays what it is, so that
            models of one version and the next are measured by the same items.
        validation: Share of rows for validation.
        test: Share of rows for the test.
        seed: Of the split, and of the choice of a model.
        group_column: Column whose equal values stay on one side, beside equal texts, which always do.
        note: One line on the version; says how many labels were published when empty.

    Returns:
        The job's result: version id and number, rows, labels, ties with the first item ids, rows left out, final
        answers that somebody decided, the model.
    """
    project = Project.objects.visible_to(job.actor).select_related("version__dataset").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        return {"version": done.pk, "number": done.number, "rows": done.row_count}
    counts = Counts()
    with work_folder(job) as folder:
        labeled, final = folder / "labeled", folder / "final"
        for place in (labeled, final):
            place.mkdir(exist_ok=True)
        choice = Choice(only_labeled, only_reviewed, keep_labels, consensus, seed, with_gold, with_model)
        manifest = _join_labels(job, project, labeled, counts, choice)
        if not manifest.row_count:
            raise DomainError("nothing_to_publish", _("There is no label to publish yet. Answer some tasks first."))
        if split:
            reader = VersionReader([labeled / part.name for part in manifest.parts], manifest)
            params: dict[str, Any] = {"validation": validation, "test": test, "seed": seed}
            step = Split(**params, group_column=group_column, lock_column=_test_to_keep(reader))
            manifest = _split(job, reader, step, final)
        version = commit_version(
            job=job,
            dataset=project.version.dataset,
            parent=project.version,
            kind=VersionKind.PUBLISH,
            folder=final if split else labeled,
            manifest=manifest,
            note=note or _("%(count)s labels from %(project)s") % {"count": counts.labeled, "project": project.name},
        )
    return {
        "version": version.pk,
        "number": version.number,
        "rows": version.row_count,
        "labeled": counts.labeled,
        "kept_labels": counts.kept_labels,
        "by_model": counts.by_model,
        "ties": counts.ties,
        "tied_items": counts.tied_items,
        "left_out": counts.left_out,
        "adjudicated": counts.adjudicated,
        "method": counts.method,
    }


def _join_labels(job: JobContext, project: Project, folder: Path, counts: Counts, choice: Choice) -> Any:
    schema = parse_schema(project.schema)
    models = _by_model(job, project, schema, counts, choice)
    accepts = choice.with_model and not choice.only_reviewed and has_accepted(project)
    with open_version(project.version) as reader:
        roles = dict(reader.manifest.roles)
        if schema.classifier is not None:
            roles["label"] = LABEL
        taken = [*reader.schema.names, *COLUMNS, CONFIDENCE, ADJUDICATOR, LABEL_MODEL, EVERYBODY]
        layout = answer_columns(schema, taken)
        # What a model of the people makes of what they marked; nothing where they vote.
        things = _marks_by_model(job, project, schema, counts, choice)
        # Also where an earlier publication left the column: what it says is of other labels.
        names_adjudicator = _has_decisions(project) or ADJUDICATOR in reader.schema.names
        writer = VersionWriter(folder, roles=roles, encoders=reader.manifest.encoders)
        done = 0
        for batch in reader.batches():
            table = without_copies(pa.Table.from_batches([batch]))
            done += batch.num_rows
            counts.left_out += batch.num_rows - table.num_rows
            if not table.num_rows:
                continue
            earlier = _earlier_labels(table, reader.manifest.roles.get("label") if choice.keep_labels else None)
            answers = _answers_to(project, table["item_id"].to_pylist(), choice)
            final = _final_answers(project, table["item_id"].to_pylist()) if names_adjudicator else {}
            counts.adjudicated += len(final)
            answered = pa.array([bool(answers.get(item)) or item in final for item in table["item_id"].to_pylist()])
            if schema.classifier is not None:
                accepted = accepted_labels(project, table["item_id"].to_pylist()) if accepts else None
                table = _label_batch(schema.classifier.name, answers, table, earlier, counts, models, final, accepted)
            else:
                counts.labeled += len({item for item, said in answers.items() if said} | set(final))
            if layout:
                table = _add_answers(Agreement(schema, layout, things), answers, table, final)
            if names_adjudicator:
                who = [final[item].by if item in final else None for item in table["item_id"].to_pylist()]
                table = with_column(table, ADJUDICATOR, pa.array(who, pa.int64()))
            if choice.only_labeled:
                kept = table.filter(pc.is_valid(table[LABEL]) if schema.classifier is not None else answered)
                counts.left_out += table.num_rows - kept.num_rows
                table = kept
            writer.write(table)
            job.progress(done, reader.row_count, _("joining labels"))
        return writer.finish()


def _by_model(
    job: JobContext, project: Project, schema: Schema, counts: Counts, choice: Choice
) -> dict[int, Found] | None:
    """Return what a model makes of each item that has answers; None where the majority decides."""
    if choice.consensus != "auto" or schema.classifier is None:
        return None
    job.progress(0, 0, _("weighing answers"))
    ratings = ratings_of(project, schema.classifier, only_reviewed=choice.only_reviewed, check=job.check)
    found = find_consensus(ratings, seed=choice.seed)
    counts.method = found.method
    rows = zip(ratings.items, found.label.tolist(), found.confidence.tolist(), found.tied.tolist(), strict=True)
    return {int(item): Found(None if tied else ratings.labels[code], sure) for item, code, sure, tied in rows}


def _marks_by_model(
    job: JobContext, project: Project, schema: Schema, counts: Counts, choice: Choice
) -> dict[str, MarkModel]:
    if choice.consensus != "auto":
        return {}
    found = model_marks(job, project, schema, only_reviewed=choice.only_reviewed, seed=choice.seed)
    counts.method = counts.method or next((model.method for model in found.values()), "")
    return found


def _earlier_labels(table: pa.Table, column: str | None) -> list[str | None]:
    if column is None or column not in table.schema.names:
        return [None] * table.num_rows
    return pc.cast(table[column], pa.string()).to_pylist()  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Said:
    """One person's answer to an item, with who reviewed it."""

    who: int
    answer: dict[str, Any]
    at: Any
    verdict: str
    reviewer: int | None
    in_bulk: bool


@dataclass(frozen=True, slots=True)
class Final:
    """What somebody decided is the answer to an item."""

    answer: dict[str, Any]
    by: int | None
    at: Any


def _has_decisions(project: Project) -> bool:
    return Adjudication.objects.filter(project=project, state=DisputeState.DECIDED).exists()


def _final_answers(project: Project, items: list[int]) -> dict[int, Final]:
    rows = Adjudication.objects.filter(project=project, state=DisputeState.DECIDED, task__item_id__in=items)
    found = rows.values_list("task__item_id", "answer", "decided_by", "decided_at")
    return {item: Final(answer, by, at) for item, answer, by, at in found}


def _answers_to(project: Project, items: list[int], choice: Choice) -> dict[int, list[Said]]:
    """Return for each item who answered what and when, in the order of the people."""
    answers: dict[int, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"project": project.pk, "items": items}
        options = {"only_reviewed": choice.only_reviewed, "with_gold": choice.with_gold}
        cursor.execute(_ANSWERS, values | options)
        for item_id, annotator, answer, at, verdict, reviewer, in_bulk in cursor.fetchall():
            if answer:
                answers[item_id].append(Said(annotator, orjson.loads(answer), at, verdict, reviewer, in_bulk))
    return answers


def _label_batch(
    control: str,
    answers: dict[int, list[Said]],
    table: pa.Table,
    earlier: list[str | None],
    counts: Counts,
    models: dict[int, Found] | None,
    final: dict[int, Final],
    accepted: dict[int, Accepted] | None,
) -> pa.Table:
    """Add label and all that is said of it; the last two arguments are None where their columns are not wanted."""
    sure: list[float | None] = []
    by: list[str | None] = []
    found: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    names = _earlier_labels(table, LABEL_MODEL)
    for item_id, before, named in zip(table["item_id"].to_pylist(), earlier, names, strict=True):
        said = [(row, canonical(row.answer.get(control, ""))) for row in answers.get(item_id, [])]
        said = [(row, chosen) for row, chosen in said if chosen]
        model = (models or {}).get(item_id) if said else None
        decided = final.get(item_id)
        instead = None if said or decided else (accepted or {}).get(item_id)
        if decided is not None:
            # No model had a say in it, so there is no probability either.
            model, values = None, _decided_label(decided, canonical(decided.answer.get(control, "")), said, counts)
        elif instead is not None:
            counts.by_model += 1
            values = (instead.label, [], None, instead.at, [], MODEL)
        else:
            values = _labels_of(item_id, said, before, counts, model)
        for name, value in zip(COLUMNS, values, strict=True):
            found[name].append(value)
        sure.append(instead.confidence if instead else model.confidence if model else None)
        # A label that is kept is still that of the model that an earlier version names.
        by.append(instead.model if instead else named if values[5] == KEPT else None)
    for name, kind in COLUMNS.items():
        table = with_column(table, name, pa.array(found[name], kind))
    if models is not None or accepted is not None:
        table = with_column(table, CONFIDENCE, pa.array(sure, pa.float64()))
    known = accepted is not None or LABEL_MODEL in table.schema.names
    return with_column(table, LABEL_MODEL, pa.array(by, pa.string())) if known else table


Labeled = tuple[str | None, list[int], float | None, Any, list[int], str | None]


def _decided_label(decided: Final, label: str, answers: list[tuple[Said, str]], counts: Counts) -> Labeled:
    """Return what the columns say of an item that somebody decided; its agreement is the share who said the same."""
    counts.labeled += bool(label)
    given = [chosen for _row, chosen in answers]
    agreement = given.count(label) / len(given) if given else None
    people = [row.who for row, _chosen in answers]
    reviewers = {row.reviewer for row, _chosen in answers if row.verdict and row.reviewer is not None}
    return label or None, people, agreement, decided.at, sorted(reviewers), ADJUDICATED


def _add_answers(
    agreement: Agreement, answers: dict[int, list[Said]], table: pa.Table, final: dict[int, Final]
) -> pa.Table:
    """Add what somebody decided, or else people agree on for controls that do not classify, and everybody's words."""
    items = table["item_id"].to_pylist()
    said = [[(str(row.who), row.answer) for row in answers.get(item, [])] for item in items]
    decided = [final[item].answer if item in final else None for item in items]
    table = add_agreed(agreement, table, said, decided)
    rows = [[_said_json(row) for row in answers.get(item, [])] for item in items]
    everybody = [orjson.dumps(of_item).decode() if of_item else None for of_item in rows]
    return with_column(table, EVERYBODY, pa.array(everybody, pa.string()))


def _said_json(row: Said) -> dict[str, Any]:
    said = {"annotator": row.who, "at": row.at.isoformat(), "answer": row.answer}
    if row.in_bulk:
        said["source"] = BULK
    return {**said, "review": row.verdict, "reviewer": row.reviewer} if row.verdict else said


def _labels_of(
    item_id: int, answers: list[tuple[Said, str]], before: str | None, counts: Counts, model: Found | None = None
) -> Labeled:
    if not answers:
        counts.kept_labels += before is not None
        return before, [], None, None, [], None if before is None else KEPT
    given = [chosen for _row, chosen in answers]
    vote = majority(given) if model is None else _as_vote(model, given)
    people = [row.who for row, _chosen in answers]
    reviewers = sorted({row.reviewer for row, _chosen in answers if row.verdict and row.reviewer is not None})
    if vote.tied:
        counts.ties += 1
        if len(counts.tied_items) < TIES_NAMED:
            counts.tied_items.append(item_id)
    else:
        counts.labeled += 1
    at = max(row.at for row, _chosen in answers)
    return vote.label, people, vote.agreement, at, reviewers, _source([row.in_bulk for row, _chosen in answers])


def _source(in_bulk: list[bool]) -> str:
    if all(in_bulk):
        return BULK
    return BOTH if any(in_bulk) else PERSON


def _as_vote(model: Found, given: list[str]) -> Consensus:
    """Return a model's label with the share of people who gave it; an answer that came after the model counts there."""
    if model.label is None:
        return majority(given)
    return Consensus(model.label, given.count(model.label) / len(given), len(given))


def _test_to_keep(reader: VersionReader) -> str:
    """Return the column by which an earlier version locks its test set, empty for none."""
    place = reader.schema.get_field_index("split")
    kind = reader.schema.field(place).type if place >= 0 else pa.null()
    return "split" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else ""


def _split(job: JobContext, reader: VersionReader, step: Split, folder: Path) -> Any:
    context = Context(roles=reader.manifest.roles, check=job.check)

    def batches() -> Any:
        return (pa.Table.from_batches([batch]) for batch in reader.batches())

    state = step.prepare(batches, context)
    by_people = _texts_of_people(batches(), reader, step)
    writer = VersionWriter(folder, roles=reader.manifest.roles, encoders=reader.manifest.encoders)
    done = 0
    for table in batches():
        writer.write(_measured_by_people(step.apply(table, state, context).kept, reader, by_people))
        done += table.num_rows
        job.progress(done, reader.row_count, _("splitting"))
    return writer.finish()


def _texts_of_people(batches: Any, reader: VersionReader, step: Split) -> np.ndarray | None:
    """Return the hashes of the texts that stand beside a label that is no model's, in rising order.

    None where items are tied by more than an equal text, so that nobody can tell by it which are.
    """
    text = reader.manifest.roles.get("text")
    if text is None or step.group_column or LABEL_MODEL not in reader.schema.names:
        return None
    found = [hash64(fold(as_text(table.filter(pc.is_null(table[LABEL_MODEL]))[text]))) for table in batches]
    return np.unique(np.concatenate([np.empty(0, np.uint64), *found]))


def _measured_by_people(table: pa.Table, reader: VersionReader, by_people: np.ndarray | None) -> pa.Table:
    """Take items that a model labeled out of validation and test: by its own labels a model measures nothing.

    They are trained on instead; or are on no side, where a person labeled an equal text, since that one may be in
    the test.
    """
    if LABEL_MODEL not in table.schema.names:
        return table
    moves = pc.and_(pc.is_valid(table[LABEL_MODEL]), pc.not_equal(table["split"], "train"))
    alone = pa.array(np.zeros(table.num_rows, bool))
    if by_people is not None:
        alone = pa.array(~np.isin(hash64(fold(as_text(table[reader.manifest.roles["text"]]))), by_people))
    instead = pc.if_else(alone, pa.scalar("train"), pa.scalar(None, pa.string()))
    return with_column(table, "split", pc.if_else(moves, instead, table["split"]))
