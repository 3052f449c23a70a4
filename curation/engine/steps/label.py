"""Steps on labels."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Batches, Context, Found, Outcome, Step, drop_where, replace


@dataclass(frozen=True, slots=True)
class DropInvalidLabel(Step):
    """Drops rows whose label says that there is none, such as -1, or that is not among the allowed ones.

    A missing label is no invalid one: such a row waits for an annotator, unless `drop_missing` is set.
    """

    name: ClassVar[str] = "drop_invalid_label"
    title: ClassVar[str] = "Drop invalid labels"
    reasons: ClassVar[dict[str, str]] = {
        "label_invalid": "The label is one of the values that mean no label.",
        "label_not_allowed": "The label is not among the allowed ones.",
        "label_missing": "There is no label.",
    }
    invalid: tuple[str, ...] = ("-1", "-1.0")
    allowed: tuple[str, ...] = ()
    drop_missing: bool = False

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Keep rows whose label may stay."""
        labels = as_text(table[context.column("label")])
        trimmed = pc.utf8_trim_whitespace(labels)
        outcome = Outcome(table)
        for reason, bad in self._tests(trimmed):
            names = as_text(outcome.kept[context.column("label")]) if reason != "label_invalid" else labels
            shown = names.to_pylist()
            found = drop_where(outcome.kept, bad(names), reason, partial(_shown, shown))
            outcome = Outcome(found.kept, outcome.drops + found.drops)
        return outcome

    def _tests(self, _labels: pa.Array) -> list[tuple[str, Any]]:
        def among(values: tuple[str, ...]) -> Any:
            wanted = pa.array(values, pa.large_string())
            return lambda names: pc.is_in(pc.utf8_trim_whitespace(names), value_set=wanted)

        def missing(names: pa.Array) -> pa.Array:
            return pc.equal(pc.fill_null(pc.utf8_trim_whitespace(names), ""), "")

        tests: list[tuple[str, Any]] = [("label_invalid", among(self.invalid))]
        if self.allowed:
            tests.append(
                (
                    "label_not_allowed",
                    lambda names: pc.and_(pc.invert(among(self.allowed)(names)), pc.invert(missing(names))),
                )
            )
        if self.drop_missing:
            tests.append(("label_missing", missing))
        return tests


@dataclass(frozen=True, slots=True)
class MapLabels(Step):
    """Trims labels and renames them by a table; what the table does not name stays."""

    name: ClassVar[str] = "map_labels"
    title: ClassVar[str] = "Map labels"
    mapping: dict[str, str] = field(default_factory=dict)
    trim: bool = True

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table with the label column renamed; empty labels become missing."""
        name = context.column("label")
        before = as_text(table[name])
        after = pc.utf8_trim_whitespace(before) if self.trim else before
        if self.mapping:
            place = pc.index_in(after, value_set=pa.array(self.mapping, pa.large_string()))
            after = pc.coalesce(pa.array(self.mapping.values(), pa.large_string()).take(place), after)
        after = pc.if_else(pc.equal(after, ""), pa.scalar(None, pa.large_string()), after)
        same = pc.equal(pc.fill_null(before, "\0"), pc.fill_null(after, "\0"))
        changed = len(same) - (pc.sum(same).as_py() or 0)
        if changed and table.schema.field(name).type != after.type and pa.types.is_null(table.schema.field(name).type):
            return Outcome(table)
        return Outcome(replace(table, name, after) if changed else table, changed=changed)


@dataclass(frozen=True, slots=True)
class ConflictingLabels(Step):
    """Finds equal texts that carry different labels and lists each of them as a finding.

    Texts are compared folded (NFKC, lower case, single blanks). With `settle` the rows of a group get the label that
    more than half of its labeled rows carry; without such a label theirs is taken away, so that a person decides.
    """

    name: ClassVar[str] = "conflicting_labels"
    title: ClassVar[str] = "Find conflicting labels"
    reasons: ClassVar[dict[str, str]] = {"label_conflict": "An equal text carries another label."}
    settle: bool = True

    def prepare(self, batches: Batches, context: Context) -> dict[str, tuple[int, Counter[str]]]:
        """Return the texts in conflict with a group number and the count of each label."""
        hashes, names = _hashes_and_labels(batches, context)
        suspects = _hashes_with_several_labels(hashes, names)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        if not len(suspects):
            return {}
        for table in batches():
            context.check()
            folded = fold(as_text(table[context.column("text")]))
            labels = as_text(table[context.column("label")])
            near = pc.and_(pa.array(np.isin(hash64(folded), suspects)), pc.is_valid(labels))
            for text, label in zip(folded.filter(near).to_pylist(), labels.filter(near).to_pylist(), strict=True):
                counts[text or ""][label] += 1
        groups = [text for text, labels_of in counts.items() if len(labels_of) > 1]
        return {text: (number, counts[text]) for number, text in enumerate(groups, 1)}

    def apply(self, table: pa.Table, state: dict[str, tuple[int, Counter[str]]], context: Context) -> Outcome:
        """List the rows of each group in conflict, and settle their label when asked to."""
        if not state:
            return Outcome(table)
        name = context.column("label")
        folded = fold(as_text(table[context.column("text")]))
        near = pc.fill_null(pc.is_in(folded, value_set=pa.array(state, pa.large_string())), False)
        rows = pc.indices_nonzero(near).to_pylist()
        if not rows:
            return Outcome(table)
        labels = as_text(table[name]).to_pylist()
        outcome = Outcome(table)
        for row in rows:
            group, counts = state[folded[row].as_py() or ""]
            shares = ", ".join(f"{label} × {count}" for label, count in sorted(counts.items()))
            detail = f"labeled {labels[row] or '(none)'}; the same text: {shares}"
            outcome.found.append(Found(table["item_id"][row].as_py(), "label_conflict", detail, group))
            if self.settle and labels[row] != (settled := _majority(counts)):
                labels[row] = settled
                outcome.changed += 1
        if outcome.changed:
            outcome.kept = replace(table, name, pa.array(labels, pa.large_string()))
        return outcome


def _shown(labels: list[str | None], row: int) -> str:
    return labels[row] or ""


def _majority(counts: Counter[str]) -> str | None:
    label, most = counts.most_common(1)[0]
    return label if 2 * most > counts.total() else None


def _hashes_and_labels(batches: Batches, context: Context) -> tuple[np.ndarray, np.ndarray]:
    texts, labels = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for table in batches():
        context.check()
        label = as_text(table[context.column("label")])
        known = pc.is_valid(label)
        texts.append(hash64(fold(as_text(table[context.column("text")]).filter(known))))
        labels.append(hash64(label.filter(known)))
    return np.concatenate(texts), np.concatenate(labels)


def _hashes_with_several_labels(texts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    order = np.lexsort((labels, texts))
    text, label = texts[order], labels[order]
    changes = (text[1:] == text[:-1]) & (label[1:] != label[:-1])
    return np.unique(text[1:][changes])
