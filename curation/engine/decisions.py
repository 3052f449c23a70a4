"""What people decided about findings: kept by content, so that it holds for later versions too, and applied."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.decision_merge import fill_rows, fills_of
from curation.engine.findings import ids_in
from curation.engine.folding import as_text
from curation.engine.manifest import VersionManifest
from curation.engine.pii.uncertain import Doubt, Doubts, mask, mask_spans
from curation.engine.reader import VersionReader
from curation.engine.steps.base import Replaced, replace
from curation.engine.writer import VersionWriter

ACTIONS = ("keep", "drop", "keep_only", "merge", "label", "personal")
# The answers that keep some items of a question and drop the others.
CHOOSING = ("keep_only", "merge")
RULES = (
    "keep_all", "drop_all", "keep_first", "keep_longest", "merge_first", "merge_longest", "majority_label",
    "all_personal",
)  # fmt: skip
# With a type behind it: all uncertain spans are personal data where they are all of this type.
PERSONAL_RULE = "personal:"
STEP = "decisions"
REASON = "decided_drop"
BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Member:
    """One item of a question, as the step saw it.

    Attributes:
        item_id: The item.
        text_key: Digest of its folded text.
        content_key: Digest of text and label to the letter.
        length: Code points of its text; None when it is not known.
        label: Its label; None when it had none.
        detail: What the step said about it.
    """

    item_id: int
    text_key: str
    content_key: str
    length: int | None = None
    label: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Findings that one decision answers: those of one step, code and group.

    Attributes:
        step: The step that asks.
        code: What it found.
        key: Hash of the folded texts of the items: the same question about a later version has the same key.
        members: The items, in the order in which they were found.
    """

    step: str
    code: str
    key: str
    members: tuple[Member, ...]

    @property
    def place(self) -> tuple[str, str, str]:
        """What stored decisions are found by."""
        return self.step, self.code, self.key


def question_key(text_keys: Iterable[str]) -> str:
    """Return the key of a question about items with these text keys; how often a text occurs does not count."""
    return hashlib.sha256(json.dumps(sorted(set(text_keys))).encode()).hexdigest()


def questions_of(findings: pa.Table) -> list[Question]:
    """Group findings (rows of `findings.FINDINGS`) into questions, in the order in which they were found.

    Findings of group 0 or null are questions of their own; two that ask the same about equal texts are one.
    """
    groups: dict[tuple[str, str, int, int], dict[int, Member]] = defaultdict(dict)
    for row in findings.to_pylist():
        group = row["group"] or 0
        alone = 0 if group else row["item_id"]
        member = Member(
            row["item_id"], row["text_key"], row["content_key"], row["length"], row["label"], row["detail"] or ""
        )
        groups[row["step"], row["code"], group, alone].setdefault(member.item_id, member)
    merged: dict[tuple[str, str, str], dict[int, Member]] = {}
    for (step, code, _group, _alone), members in groups.items():
        key = question_key(member.text_key for member in members.values())
        merged.setdefault((step, code, key), {}).update(members)
    return [Question(*place, tuple(members.values())) for place, members in merged.items()]


class VerdictError(ValueError):
    """An answer that does not fit its question; the sentence says why."""


def make_verdict(
    members: Sequence[Member], action: str, *, items: Sequence[int] = (), label: str | None = None
) -> dict[str, Any]:
    """Return an answer in the form that is stored.

    Args:
        members: The items of the question.
        action: ``keep`` leaves all as the plan left them, ``drop`` drops all, ``keep_only`` keeps `items` and drops the
            others, ``merge`` does so with one item and fills what it lacks from the others, ``label`` gives all the
            label `label`, ``personal`` says that uncertain spans are personal data.
        items: Ids of the items to keep, for ``keep_only``; of the one for ``merge``; numbers of the spans from 1, all
            when there is none, for ``personal``.
        label: The label, for ``label``. A kept item keeps its own; it is noted here when the items disagree about it,
            because the step may have taken it away.

    Raises:
        VerdictError: The action is unknown, or an item or a label is missing.
    """
    if action not in ACTIONS:
        raise VerdictError(f"There is no action {action}. The actions are {', '.join(ACTIONS)}.")
    if action == "label":
        name = (label or "").strip()
        if not name:
            raise VerdictError("The label is missing.")
        return {"action": "label", "label": name}
    if action == "personal":
        return _personal_verdict(members, items)
    if action not in CHOOSING:
        return {"action": action}
    known = {member.item_id: member for member in members}
    chosen = sorted(set(items))
    if not chosen:
        raise VerdictError("Name the items to keep; to keep none, drop all.")
    strange = [item for item in chosen if item not in known]
    if strange:
        raise VerdictError(f"Item {strange[0]} does not belong to this question.")
    if action == "merge" and len(chosen) > 1:
        raise VerdictError("Items are merged into one: choose a single item.")
    if action == "merge" and len(known) == 1:
        raise VerdictError("There is nothing to merge: this question has one item.")
    verdict: dict[str, Any] = {"action": action, "keep": [_reference(members, known[item]) for item in chosen]}
    own = known[chosen[0]].label
    if len(chosen) == 1 and own is not None and len({member.label for member in members}) > 1:
        verdict["label"] = own
    return verdict


def _personal_verdict(members: Sequence[Member], numbers: Sequence[int]) -> dict[str, Any]:
    spans = doubts_of(members)
    chosen = sorted(set(numbers)) or list(range(1, len(spans) + 1))
    if not spans:
        raise VerdictError("There is no uncertain span in this item.")
    strange = [number for number in chosen if not 1 <= number <= len(spans)]
    if strange:
        raise VerdictError(f"There is no span {strange[0]}; there are {len(spans)}.")
    return {"action": "personal", "spans": [[number, spans[number - 1].label] for number in chosen]}


def doubts_of(members: Sequence[Member]) -> tuple[Doubt, ...]:
    """Return the uncertain spans of a question; its items have the same text, so the first speaks for all."""
    return Doubts.of_detail(members[0].detail).spans if members else ()


def _reference(members: Sequence[Member], member: Member) -> dict[str, Any]:
    """Name an item so that it is found again: by its id, and by which of the items of its content it is."""
    same = sorted(other.item_id for other in members if other.content_key == member.content_key)
    return {"item": member.item_id, "content": member.content_key, "nth": same.index(member.item_id)}


def rule_verdict(members: Sequence[Member], rule: str) -> dict[str, Any] | None:
    """Return the answer that a rule gives, or None where it cannot decide: no label, or no majority of one.

    ``keep_longest`` keeps the item with the most code points, the first of equals; ``keep_first`` the smallest id; with
    ``merge_`` the others are merged into it;
    ``majority_label`` the label that more than half of the labeled items carry.
    """
    if rule in {"keep_all", "drop_all"}:
        return make_verdict(members, "keep" if rule == "keep_all" else "drop")
    if rule == "majority_label":
        counts = Counter(member.label for member in members if member.label is not None)
        label, most = counts.most_common(1)[0] if counts else ("", 0)
        return make_verdict(members, "label", label=label) if 2 * most > counts.total() else None
    if rule == "all_personal" or rule.startswith(PERSONAL_RULE):
        labels = {one.label for one in doubts_of(members)}
        wanted = rule == "all_personal" or labels == {rule.removeprefix(PERSONAL_RULE)}
        return make_verdict(members, "personal") if labels and wanted else None
    if rule not in RULES:
        raise VerdictError(f"There is no rule {rule}. The rules are {', '.join(RULES)}.")
    longest = rule.endswith("_longest")
    best = min(members, key=lambda member: (-(member.length or 0) if longest else 0, member.item_id))
    if not rule.startswith("merge_"):
        return make_verdict(members, "keep_only", items=[best.item_id])
    return make_verdict(members, "merge", items=[best.item_id]) if len(members) > 1 else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer on its way into a version.

    Attributes:
        verdict: What `make_verdict` returned.
        said: Who decided and when, for the detail of a drop.
    """

    verdict: dict[str, Any]
    said: str = ""


@dataclass(slots=True)
class Effects:
    """What answers come to for the items of one version.

    Attributes:
        drops: Item and the detail of its drop.
        labels: Item and its label.
        choices: For each answer that keeps some items: the kept and the dropped ones, and the label.
        merges: The items that are merged into one, by the one that stays.
        moot: Answers that fit no item any more and were left out.
        masks: Item and the spans to replace in it, with the lengths of its texts.
        stand_in: Returns the pseudonym of a type and value.
    """

    drops: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    choices: list[tuple[list[int], list[int]]] = field(default_factory=list)
    merges: dict[int, list[int]] = field(default_factory=dict)
    moot: int = 0
    masks: dict[int, tuple[tuple[Doubt, ...], dict[str, int]]] = field(default_factory=dict)
    stand_in: Callable[[str, str], str] = mask

    def __bool__(self) -> bool:
        return bool(self.drops or self.labels or self.masks)


def fits(question: Question, verdict: dict[str, Any]) -> bool:
    """Tell whether an answer can be given again: the items that it keeps must be there."""
    return verdict["action"] not in CHOOSING or bool(_kept(question, verdict))


def effects_of(pairs: Iterable[tuple[Question, Answer]], *, stand_in: Callable[[str, str], str] = mask) -> Effects:
    """Turn answers into what happens to each item.

    An item that one answer drops is dropped, whatever another says; of two labels the later one holds.
    """
    effects = Effects(stand_in=stand_in)
    for question, answer in pairs:
        action = answer.verdict["action"]
        ids = [member.item_id for member in question.members]
        if action == "drop":
            effects.drops.update(dict.fromkeys(ids, answer.said))
        elif action == "personal":
            _add_masks(effects, question, answer)
        elif action == "label":
            effects.labels.update(dict.fromkeys(ids, answer.verdict["label"]))
        elif action in CHOOSING:
            kept = _kept(question, answer.verdict)
            if not kept:
                effects.moot += 1
                continue
            others = [item for item in ids if item not in kept]
            # Of a merged item it is said where its values went.
            said = f"{answer.said} → {kept[0]}" if action == "merge" else answer.said
            effects.drops.update(dict.fromkeys(others, said))
            effects.choices.append((kept, others))
            if action == "merge":
                effects.merges.setdefault(kept[0], []).extend(others)
            if "label" in answer.verdict:
                effects.labels.update(dict.fromkeys(kept, answer.verdict["label"]))
    return effects


def _add_masks(effects: Effects, question: Question, answer: Answer) -> None:
    for member in question.members:
        doubts = Doubts.of_detail(member.detail)
        known = dict(enumerate(doubts.spans, 1))
        named = [
            known[number]
            for number, label in answer.verdict["spans"]
            if number in known and known[number].label == label
        ]
        if any(one.action == "drop" for one in named):
            effects.drops[member.item_id] = answer.said
        written = tuple(one for one in named if one.action in {"mask", "pseudonym"})
        if written:
            effects.masks[member.item_id] = (written, doubts.lengths)


def _kept(question: Question, verdict: dict[str, Any]) -> list[int]:
    """Return the items that an answer keeps: those it named if they are unchanged, else those of their content."""
    found = []
    for entry in verdict["keep"]:
        same = sorted(member.item_id for member in question.members if member.content_key == entry["content"])
        if entry["item"] in same:
            found.append(entry["item"])
        elif same:
            found.append(same[min(entry["nth"], len(same) - 1)])
    return sorted(set(found))


@dataclass(slots=True)
class Applied:
    """What was written.

    Attributes:
        manifest: The new version.
        dropped: Items left out.
        labeled: Items whose label changed.
        merged: Items that got something from those that were merged into them.
        masked: Items in which spans were replaced.
        replaced: The replacements.
        restored: Items that the plan had dropped and that took the place of one that people dropped.
        rows_in: Rows read.
    """

    manifest: VersionManifest
    dropped: int = 0
    labeled: int = 0
    merged: int = 0
    masked: int = 0
    replaced: list[Replaced] = field(default_factory=list)
    restored: tuple[int, ...] = ()
    rows_in: int = 0


def apply_decisions(
    table: pa.Table, effects: Effects, stand_ins: dict[int, dict[str, Any]], label: str | None
) -> tuple[pa.Table, pa.Table, int]:
    """Apply answers to one batch.

    Args:
        table: Rows of a version.
        effects: What to do.
        stand_ins: For an item that is dropped, the row that takes its place.
        label: The label column, if there is one.

    Returns:
        The rows to keep, the rows dropped, and how many labels changed.
    """
    gone = ids_in(table, np.array(sorted(effects.drops), np.int64))
    dropped = table.filter(pa.array(gone))
    if stand_ins:
        table, gone = _with_stand_ins(table, gone, stand_ins)
    kept = table.filter(pa.array(~gone))
    if label is None or label not in kept.schema.names or not effects.labels:
        return kept, dropped, 0
    wanted = pa.array(list(effects.labels), pa.int64())
    names = pa.array(list(effects.labels.values()), pa.large_string())
    place = pc.index_in(kept["item_id"].combine_chunks(), value_set=wanted)
    before = as_text(kept[label])
    after = pc.coalesce(names.take(place), before)
    changed = len(after) - (pc.sum(pc.equal(pc.fill_null(before, "\0"), pc.fill_null(after, "\0"))).as_py() or 0)
    return (replace(kept, label, after) if changed else kept), dropped, changed


def _with_stand_ins(
    table: pa.Table, gone: np.ndarray, stand_ins: dict[int, dict[str, Any]]
) -> tuple[pa.Table, np.ndarray]:
    ids = table["item_id"].to_pylist()
    rows = [row for row, item in enumerate(ids) if item in stand_ins]
    if not rows:
        return table, gone
    # What the plan added after it had dropped the row, such as the split, is that of the row it replaces.
    changed = [{**table.slice(row, 1).to_pylist()[0], **stand_ins[ids[row]]} for row in rows]
    fresh = pa.Table.from_pylist([{name: row[name] for name in table.schema.names} for row in changed], table.schema)
    both = pa.concat_tables([table, fresh])
    order = np.arange(table.num_rows)
    order[rows] = table.num_rows + np.arange(len(rows))
    gone = gone.copy()
    gone[rows] = False
    return both.take(pa.array(order)), gone


def decide_version(
    reader: VersionReader,
    folder: Path,
    effects: Effects,
    *,
    spare: Callable[[list[int]], list[dict[str, Any]]] = lambda _ids: [],
    drops: Path | None = None,
    check: Callable[[int], None] = lambda _rows: None,
) -> Applied:
    """Write a version as people decided it into a folder, one batch in memory at a time.

    Where an answer keeps an item that the plan had dropped as the duplicate of another, and drops that other, the kept
    item takes its place: nobody's choice makes the whole group vanish. Where none of the kept items can be had, the
    answer is left out and counted in ``effects.moot``.

    Args:
        reader: The version to change.
        folder: An empty folder for the parts.
        effects: What `effects_of` returned.
        spare: Returns, of these items, the rows that the plan had dropped.
        drops: Where to write the dropped rows (item_id, step, reason, detail, then their columns), if there are any.
        check: Called once a batch with rows done; may raise to stop.
    """
    fills = fills_of(reader, effects.merges, spare)
    stand_ins = _choose_stand_ins(reader, effects, spare)
    label = reader.manifest.roles.get("label")
    writer = VersionWriter(folder, roles=dict(reader.manifest.roles))
    applied = Applied(reader.manifest)
    notes: list[pa.Table] = []
    for batch in reader.batches(batch_rows=BATCH_ROWS):
        table = pa.Table.from_batches([batch])
        kept, dropped, labeled = apply_decisions(table, effects, stand_ins, label)
        kept, merged = fill_rows(kept, fills)
        kept, replaced = mask_spans(kept, effects.masks, effects.stand_in)
        applied.masked += len({row.item_id for row in replaced})
        applied.replaced += replaced
        applied.rows_in += table.num_rows
        applied.dropped += dropped.num_rows
        applied.labeled += labeled
        applied.merged += merged
        notes.append(_notes(dropped, effects))
        writer.write(kept.cast(reader.schema))
        check(applied.rows_in)
    applied.manifest = writer.finish()
    applied.restored = tuple(sorted(row["item_id"] for row in stand_ins.values()))
    if drops is not None and applied.dropped:
        import pyarrow.parquet as pq

        pq.write_table(pa.concat_tables(note for note in notes if note.num_rows), drops, compression="zstd")
    return applied


def _choose_stand_ins(
    reader: VersionReader, effects: Effects, spare: Callable[[list[int]], list[dict[str, Any]]]
) -> dict[int, dict[str, Any]]:
    relevant = np.array(sorted({item for kept, others in effects.choices for item in (*kept, *others)}), np.int64)
    here: set[int] = set()
    if len(relevant):
        for batch in reader.batches(["item_id"], batch_rows=100_000):
            ids = batch.column("item_id").to_numpy()
            here.update(ids[np.isin(ids, relevant)].tolist())
    missing = [kept for kept, _others in effects.choices if not here & set(kept)]
    rows = {row["item_id"]: row for row in spare([item for kept in missing for item in kept])} if missing else {}
    stand_ins: dict[int, dict[str, Any]] = {}
    for kept, others in effects.choices:
        places = [item for item in others if item in here and item not in stand_ins]
        if here & set(kept) or not places:
            continue
        back = [item for item in kept if item in rows and item not in effects.drops]
        if not back:
            effects.moot += 1
            for item in others:
                effects.drops.pop(item, None)
            continue
        stand_ins.update({place: rows[item] for place, item in zip(places, back, strict=False)})
    return stand_ins


def _notes(dropped: pa.Table, effects: Effects) -> pa.Table:
    ids = dropped["item_id"].to_pylist()
    notes = {
        "item_id": dropped["item_id"],
        "step": pa.array([STEP] * len(ids), pa.string()),
        "reason": pa.array([REASON] * len(ids), pa.string()),
        "detail": pa.array([effects.drops.get(item, "") for item in ids], pa.string()),
    }
    rest = {name: dropped[name] for name in dropped.schema.names if name not in notes}
    return pa.table({**notes, **rest})
