"""Each item of a test split with answer, prediction and loss, stored once and read a page at a time."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import objects
from core.errors import NotFound
from curation.engine.interval import wilson_interval
from curation.services.version import open_version
from modeling.models import Training
from modeling.services.trainable import ABOUT_LABELS, SPLIT_COLUMN

if TYPE_CHECKING:
    from modeling.engine.evaluate import Evaluation

PAGE_LIMIT = 100
# Values of a column that figures are shown for; the rarer ones count together.
MOST_SLICES = 30
_SLICEABLE = re.compile(r"(large_)?string|bool|u?int\d+|dictionary")


def store_rows(training: Training, evaluation: "Evaluation", folder: Path) -> str:
    """Store the judged rows of a training and return the object's key."""
    rows = evaluation.rows
    table = pa.table(
        {
            "item_id": pa.array([int(row["id"]) for row in rows], pa.int64()),
            "answer": pa.array([_word(row["answer"]) for row in rows], pa.large_string()),
            "prediction": pa.array([_word(row["prediction"]) for row in rows], pa.large_string()),
            "confidence": pa.array([row["confidence"] for row in rows], pa.float64()),
            "loss": pa.array([row["loss"] for row in rows], pa.float64()),
            "right": pa.array([row["right"] for row in rows], pa.bool_()),
        }
    )
    path = folder / "rows.parquet"
    pq.write_table(table, path, row_group_size=2_000)
    return objects.put_file(path, objects.key("trainings", training.organization_id, f"{training.pk}-rows.parquet"))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def forget_judged(*, organization_id: int, items: Mapping[int, Any]) -> int:
    """Write the judged rows of trainings again without erased items; return how many rows went.

    Args:
        organization_id: Whose trainings.
        items: Numbers of the items that go, by dataset.
    """
    rows = Training.objects.filter(organization_id=organization_id, version__dataset__in=list(items))
    gone = 0
    for training in rows.exclude(rows_key="").select_related("version").iterator(chunk_size=50):
        table = judged_table(training)
        erased = pa.array(items[training.version.dataset_id], pa.int64())
        left = table.filter(pc.invert(pc.is_in(table["item_id"], value_set=erased)))
        if left.num_rows == table.num_rows:
            continue
        sink = pa.BufferOutputStream()
        pq.write_table(left, sink, row_group_size=2_000)
        objects.put_bytes(sink.getvalue().to_pybytes(), training.rows_key)
        gone += table.num_rows - left.num_rows
    return gone


def training_with_rows(*, actor: Actor, training_id: int) -> Training:
    """Return a training whose test items were judged.

    Raises:
        NotFound: No such training, or it has no judged rows (yet).
    """
    rows = Training.objects.visible_to(actor).select_related("version__dataset", "model")
    training = rows.filter(pk=training_id).exclude(rows_key="").first()
    if training is None:
        raise NotFound(_("There is no such training with judged items."))
    return training  # type: ignore[no-any-return]


def judged_table(training: Training, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the judged rows, the worst first."""
    with objects.local_path(training.rows_key) as path:
        return pq.read_table(path, columns=list(columns) if columns else None)


def judged_page(
    training: Training, *, offset: int = 0, limit: int = 50, answer: str = "", prediction: str = "", wrong: bool = True
) -> tuple[list[dict[str, Any]], int]:
    """Return judged rows `offset` to `offset + limit`, the worst first, and how many there are.

    Args:
        training: One with rows.
        offset: From 0.
        limit: 1 to 100.
        answer: Only items with this answer.
        prediction: Only items that were given this.
        wrong: Only items that are not right, where that is a question of yes or no.
    """
    table = judged_table(training, ["item_id", "answer", "prediction", "confidence", "loss", "right"])
    for name, value in (("answer", answer), ("prediction", prediction)):
        if value:
            table = table.filter(pc.equal(table[name], value))
    if wrong:
        table = table.filter(pc.fill_null(pc.invert(table["right"]), True))
    chosen = table.slice(max(0, offset), max(1, min(limit, PAGE_LIMIT)))
    return chosen.to_pylist(), table.num_rows


def slices_of(training: Training) -> list[str]:
    """Return the columns of the version that figures may be sliced by."""
    roles = training.version.manifest["roles"]
    hidden = {"item_id", SPLIT_COLUMN, roles.get("text"), roles.get("image"), roles.get("id")}
    return [
        name
        for name, kind in training.version.manifest["columns"]
        if name not in hidden and not name.startswith(ABOUT_LABELS) and _SLICEABLE.match(kind)
    ]


def slice_figures(training: Training, column: str) -> list[dict[str, Any]]:
    """Return for each value of a column: items, mean loss, and where rows are right or wrong the share right with its
    95 % Wilson interval; the value with the least right first.

    The column is read from the version, so that what was erased there is not shown here. Values beyond the 30 most
    frequent count together, as None.

    Raises:
        NotFound: No such column.
    """
    if column not in slices_of(training):
        raise NotFound(_("There is no such column to slice by."))
    with open_version(training.version) as reader:
        values = reader.table(["item_id", column])
    values = pa.table({"item_id": values["item_id"], "value": pc.cast(values[column], pa.large_string())})
    table = judged_table(training, ["item_id", "loss", "right"]).join(values, "item_id", join_type="inner")
    counts = sorted(pc.value_counts(table["value"]).to_pylist(), key=lambda row: -row["counts"])
    kept = pa.array([row["values"] for row in counts[:MOST_SLICES]], pa.large_string())
    shown = pc.if_else(pc.is_in(table["value"], kept), table["value"], None)
    grouped = table.set_column(table.schema.get_field_index("value"), "value", shown).group_by("value")
    found = grouped.aggregate([("loss", "mean"), ("right", "sum"), ("right", "count"), ("loss", "count")])
    rows = [_slice(row) for row in found.to_pylist()]
    return sorted(rows, key=lambda row: (row["right"] if row["right"] is not None else -row["loss"], str(row["value"])))


def _slice(row: dict[str, Any]) -> dict[str, Any]:
    judged = row["right_count"]
    low, high = wilson_interval(row["right_sum"] or 0, judged) or (None, None)
    share = (row["right_sum"] or 0) / judged if judged else None
    return {
        "value": row["value"],
        "items": row["loss_count"],
        "loss": row["loss_mean"],
        "right": share,
        "low": low,
        "high": high,
    }


def compare_trainings(first: Training, second: Training) -> dict[str, Any]:
    """Compare two trainings on the test items that both judged.

    Returns:
        ``items`` in common, ``only_first`` and ``only_second`` (items that one alone has right) with ``p_value`` of the
        exact McNemar test, None where rows are not right or wrong; ``loss_difference`` (first - second, negative when
        the first is better) with its 95 % interval ``low`` and ``high``; ``changed``, the items that one alone has
        right, those first whose loss differs most, at most 50.
    """
    import numpy as np

    from modeling.engine.metrics import mcnemar_of

    columns = ["item_id", "answer", "prediction", "loss", "right"]
    one, other = judged_table(first, columns), judged_table(second, columns)
    joined = one.join(other, "item_id", join_type="inner", right_suffix="_2").combine_chunks()
    count = joined.num_rows
    if not count:
        return {"items": 0, "mcnemar": None, "loss_difference": None, "changed": []}
    difference = joined["loss"].to_numpy() - joined["loss_2"].to_numpy()
    middle = float(difference.mean())
    half = 1.96 * float(difference.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    found: dict[str, Any] = {
        "items": count,
        "mcnemar": None,
        "loss_difference": {"difference": middle, "low": middle - half, "high": middle + half},
    }
    if joined["right"].null_count == 0 and joined["right_2"].null_count == 0:
        rights = [np.asarray(joined[name].to_pylist(), bool) for name in ("right", "right_2")]
        found["mcnemar"] = mcnemar_of(*rights)
        found["right"] = [float(right.mean()) for right in rights]
    unlike = joined.append_column("gap", pa.array(np.abs(difference)))
    unlike = unlike.filter(pc.not_equal(unlike["prediction"], unlike["prediction_2"]))
    order = pc.sort_indices(unlike, sort_keys=[("gap", "descending"), ("item_id", "ascending")])
    found["changed"] = unlike.take(order[:50]).to_pylist()
    return found
