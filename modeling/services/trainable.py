"""What a version can teach: which task, from which columns; and its rows as the engine takes them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from curation.engine.item_lookup import items_by_id
from curation.models import Version
from curation.services.media import open_media
from curation.services.version import open_version
from modeling.engine.data import Examples, Pair
from modeling.services.answers import (
    kind_of_answers,
    marked_shapes,
    marked_spans,
    shares_of_consensus,
    shares_of_people,
)

SPLIT_COLUMN = "split"
# Rows that are looked at to tell what a column of answers holds.
LOOKED_AT = 500
# A number with more values than this among those rows is measured, not a class.
MOST_CLASSES = 20
# Columns that say how a label came about; nobody predicts with them.
ABOUT_LABELS = ("label_", "labeled_at", "annotations", "augment")
# Columns of a prompt and two answers, as the files that people exchange call them; in `chosen` the first is better.
PAIR_COLUMNS = (
    ("prompt", "a", "b"),
    ("instruction", "response1", "response2"),
    ("prompt", "first", "second"),
    ("prompt", "response_a", "response_b"),
)
_FIRST_BETTER, _SECOND_BETTER = {"a", "first", "1", "left"}, {"b", "second", "2", "right"}


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that a version can teach: the answers of a column, as answers of a task."""

    task: str
    answer: str

    @property
    def key(self) -> str:
        """One word for forms."""
        return f"{self.task}:{self.answer}"


def trainable_versions(*, actor: Actor) -> QuerySet[Version]:
    """Return the versions that have something to learn from and a split, newest first."""
    rows = Version.objects.visible_to(actor).filter(
        Q(manifest__roles__has_key="text") | Q(manifest__roles__has_key="image") | Q(manifest__roles__has_key="label"),
        dataset__deleted_at=None,
        trashed_at=None,
        manifest__columns__contains=[[SPLIT_COLUMN]],
    )
    return rows.select_related("dataset").order_by("-pk")


def hold_version(*, actor: Actor, version_id: int) -> Version:
    """Return a version that is to be learned from, locked until the transaction ends, so that nobody puts it in the
    trash before what was started on it holds it.

    Raises:
        NotFound: No such version.
        Conflict: ``version_trashed``.
    """
    rows = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id)
    version = rows.select_for_update(no_key=True, of=("self",)).first()
    if version is None or version.dataset.deleted_at is not None:
        raise NotFound(_("There is no such version."))
    if version.trashed_at is not None:
        raise Conflict("version_trashed", _("This version is in the trash. Restore it before you train on it."))
    return version  # type: ignore[no-any-return]


def goals_of(*, version: Version) -> list[Goal]:
    """Return what a version can teach, the likeliest first; empty where it has no answers or no split.

    Only the first rows are read, so the cost does not depend on the size of the version.
    """
    roles, columns = version.manifest["roles"], dict(version.manifest["columns"])
    if SPLIT_COLUMN not in columns:
        return []
    label = roles.get("label")
    with open_version(version) as reader:
        batch = next(iter(reader.batches(None, LOOKED_AT)), None)
    head = pa.Table.from_batches([batch]) if batch is not None else pa.table({})
    found: list[Goal] = []
    if label in columns:
        found += _goals_of_label(head, roles, label)
    for name, kind in columns.items():
        if "string" in kind and name not in {*roles.values(), SPLIT_COLUMN} and not name.startswith("annotations"):
            answers = kind_of_answers(head[name].to_pylist() if name in head.schema.names else [])
            found += [Goal(task, name) for task in _TASKS_OF_ANSWERS.get(answers, ()) if _fits(task, roles)]
    return found


_TASKS_OF_ANSWERS = {
    "spans": ("ner",),
    "boxes": ("detection",),
    "polygons": ("segmentation", "detection"),
    "labels": ("text-multilabel", "image-multilabel"),
}


def _fits(task: str, roles: dict[str, str]) -> bool:
    needed = "text" if task in {"ner", "text-multilabel"} else "image"
    return bool(roles.get(needed))


def _goals_of_label(head: pa.Table, roles: dict[str, str], label: str) -> list[Goal]:
    found = []
    values = [str(value) for value in head[label].drop_null().to_pylist()] if label in head.schema.names else []
    several = any("|" in value for value in values)
    pair = pair_columns(head.schema.names)
    if pair and values and set(values) <= _FIRST_BETTER | _SECOND_BETTER | {"tie", "neither", "0"}:
        found.append(Goal("preference", label))
    if roles.get("image"):
        found.append(Goal("image-classification", label))
        found += [Goal("image-multilabel", label)] if several else []
    if roles.get("text"):
        found.append(Goal("text-classification", label))
        found += [Goal("text-multilabel", label)] if several else []
    if several:
        found.reverse()
    number = head.schema.field(label).type if label in head.schema.names else pa.null()
    plain = [name for name in feature_columns(head.schema, roles, label) if name != roles.get("text")]
    rows = [Goal("table", label)] if plain else []
    if plain and (pa.types.is_floating(number) or pa.types.is_integer(number)) and len(set(values)) > MOST_CLASSES:
        rows.insert(0, Goal("table-regression", label))
    return [*found, *rows]


def pair_columns(names: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the columns of a prompt and of two answers, when a version has such."""
    return next((found for found in PAIR_COLUMNS if set(found) <= set(names)), None)


def feature_columns(schema: pa.Schema, roles: dict[str, str], answer: str) -> list[str]:
    """Return the columns that a model of rows may look at: not the answers, what is said of them, ids or pictures."""
    hidden = {"item_id", SPLIT_COLUMN, answer, roles.get("image"), roles.get("id")}
    return [
        field.name
        for field in schema
        if field.name not in hidden and not field.name.startswith(ABOUT_LABELS) and not pa.types.is_nested(field.type)
    ]


def check_trainable(*, version: Version, goal: Goal | None = None) -> Goal:
    """Return what is to be learned: what was asked for, or the likeliest.

    Raises:
        DomainError: ``version_without_labels``, ``version_without_split``, ``version_one_label`` or ``goal_unknown``.
    """
    columns = {name for name, _kind in version.manifest["columns"]}
    found = goals_of(version=version)
    if not found:
        if SPLIT_COLUMN not in columns and (version.manifest["roles"].get("label") or "annotations" in columns):
            detail = _(
                "This version has no split into train, validation and test. Publish the labels with a split, or run a "
                "plan with the split step."
            )
            raise DomainError("version_without_split", detail, field="version")
        detail = _("This version has no labels to learn from. Label items in a project and publish the labels first.")
        raise DomainError("version_without_labels", detail, field="version")
    if goal is not None and goal not in found:
        detail = _("This version does not teach that. It teaches: %(goals)s.")
        raise DomainError("goal_unknown", detail % {"goals": ", ".join(row.key for row in found)}, field="goal")
    chosen = goal or found[0]
    labels = version.manifest.get("stats", {}).get("labels") or []
    if chosen.answer == version.manifest["roles"].get("label") and len(labels) == 1:
        detail = _("Every item of this version has the label %(label)s; a model needs at least two.")
        raise DomainError("version_one_label", detail % {"label": labels[0][0]}, field="version")
    return chosen


def find_goal(*, actor: Actor, version_id: int, task: str = "", answer: str = "") -> Goal:
    """Return the first goal of a version with this task and this column of answers, where they are named.

    Raises:
        NotFound: No such version.
        DomainError: ``goal_unknown``.
    """
    version = Version.objects.visible_to(actor).filter(pk=version_id, dataset__deleted_at=None).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    goals = goals_of(version=version)
    for goal in goals:
        if task in {"", goal.task} and answer in {"", goal.answer}:
            return goal
    detail = _("This version does not teach that. It teaches: %(goals)s.")
    names = ", ".join(goal.key for goal in goals) or "–"
    raise DomainError("goal_unknown", detail % {"goals": names}, field="task")


@contextmanager
def open_examples(*, version: Version, goal: Goal, soft: bool = False) -> Iterator[Examples]:
    """Give the labeled rows of a version with their split for the time of the block; pictures lie in files as long.

    Rows without input, answer or split are left out. With `soft`, one label a row is what share of people said it.

    Raises:
        BadData: What is left cannot be trained on; the sentence says why.
    """
    with open_media(version.organization_id) as media, open_version(version) as reader:
        table = reader.table()
        roles = dict(version.manifest["roles"])
        inputs = _inputs(table, roles, goal, media.path)
        answers = _ANSWERS[goal.task](table, goal)
        splits = table[SPLIT_COLUMN].to_pylist()
        kept = [
            row
            for row in range(table.num_rows)
            if inputs[row] is not None and answers[row] is not None and splits[row] is not None
        ]
        chosen = [answers[row] for row in kept]
        shares = _shares(table, kept, chosen) if soft and goal.task in _ONE_LABEL else None
        ids = table["item_id"].to_pylist()
        yield Examples.of(
            goal.task,
            [inputs[row] for row in kept],
            chosen,
            [splits[row] for row in kept],
            ids=[str(ids[row]) for row in kept],
            soft=shares,
        )


def unlabeled_texts(*, version: Version, goal: Goal) -> list[str]:
    """Return the texts of a version that have no answer and are not of its validation or test part, in order."""
    with open_version(version) as reader:
        table = reader.table()
    inputs = _inputs(table, dict(version.manifest["roles"]), goal, str)
    answers = _ANSWERS[goal.task](table, goal)
    splits = table[SPLIT_COLUMN].to_pylist()
    rows = zip(inputs, answers, splits, strict=True)
    return [text for text, said, split in rows if text is not None and said is None and split in {None, "train"}]


def input_and_answer(*, version: Version, goal: Goal, item_id: int, path_of: Callable[[str], Any]) -> tuple[Any, Any]:
    """Return one item of a version as the engine takes it, and its answer; None for what it does not have.

    Args:
        version: The version.
        goal: What is learned from it.
        item_id: The item.
        path_of: Gives the file of a picture by its hash.

    Raises:
        NotFound: The version has no such item.
    """
    with open_version(version) as reader:
        row = items_by_id(reader, [item_id]).get(item_id)
    if row is None:
        raise NotFound(_("This version has no such item."))
    table = pa.Table.from_pylist([row])
    return _inputs(table, dict(version.manifest["roles"]), goal, path_of)[0], _ANSWERS[goal.task](table, goal)[0]


_ONE_LABEL = ("text-classification", "image-classification", "table")


def _shares(table: pa.Table, kept: Sequence[int], labels: Sequence[str]) -> Any:
    """Return what share of people said each label, or how probable their consensus is; None where nothing tells."""
    for name in ("annotations", "label_confidence", "label_agreement"):
        if name in table.schema.names:
            values = table[name].to_pylist()
            of_rows = [values[row] for row in kept]
            return shares_of_people(of_rows, labels) if name == "annotations" else shares_of_consensus(of_rows, labels)
    return None


def _inputs(table: pa.Table, roles: dict[str, str], goal: Goal, path_of: Callable[[str], Any]) -> list[Any]:
    if goal.task in {"image-classification", "image-multilabel", "detection", "segmentation"}:
        return [path_of(sha) if sha else None for sha in table[roles["image"]].to_pylist()]
    if goal.task in {"table", "table-regression"}:
        names = feature_columns(table.schema, roles, goal.answer)
        rows: list[Any] = table.select(names).to_pylist()
        return rows
    if goal.task == "preference":
        prompt, first, second = pair_columns(table.schema.names) or ("", "", "")
        columns = [table[name].to_pylist() for name in (prompt, first, second)]
        return [
            Pair(str(a or ""), str(b), str(c)) if b is not None and c is not None else None
            for a, b, c in zip(*columns, strict=True)
        ]
    texts = pc.cast(table[roles["text"]], pa.large_string()).to_pylist()
    return [text if text and text.strip() else None for text in texts]


def _labels(table: pa.Table, goal: Goal) -> list[Any]:
    # Labels may be numbers in a typed source; a model's labels are words.
    values: list[Any] = pc.cast(table[goal.answer], pa.large_string()).to_pylist()
    return values


def _several(table: pa.Table, goal: Goal) -> list[Any]:
    found: list[Any] = []
    for value in _labels(table, goal):
        if value is None:
            found.append(None)
        elif value.startswith("["):
            found.append(tuple(sorted({str(label) for label in json.loads(value)})))
        else:
            found.append(tuple(sorted({label for label in value.split("|") if label})))
    return found


def _better(table: pa.Table, goal: Goal) -> list[Any]:
    return [0 if value in _FIRST_BETTER else 1 if value in _SECOND_BETTER else None for value in _labels(table, goal)]


_ANSWERS: dict[str, Callable[[pa.Table, Goal], list[Any]]] = {
    "text-classification": _labels,
    "image-classification": _labels,
    "table": _labels,
    "table-regression": lambda table, goal: pc.cast(table[goal.answer], pa.float64()).to_pylist(),
    "text-multilabel": _several,
    "image-multilabel": _several,
    "preference": _better,
    "ner": lambda table, goal: [marked_spans(value) for value in table[goal.answer].to_pylist()],
    "detection": lambda table, goal: [marked_shapes(value, "box") for value in table[goal.answer].to_pylist()],
    "segmentation": lambda table, goal: [marked_shapes(value, "polygon") for value in table[goal.answer].to_pylist()],
}
