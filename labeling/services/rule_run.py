"""Applying labeling rules: they vote on every item, a label model weighs the votes, and suggestions come of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict
from labeling.engine.rules.kinds import parse_rule
from labeling.engine.rules.label_model import LabelModel, fit_label_model, label_texts
from labeling.engine.rules.votes import ABSTAIN, Rule, cast_votes, figures, torn_texts
from labeling.engine.schema import Schema, parse_schema
from labeling.models import LabelingRule, Project, Task
from labeling.services.project import find_project, labeled_items, refuse_while_changing, text_of
from labeling.services.rule import choice_of
from labeling.services.suggestion import store_suggestions
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.apply_rules"
# Texts in memory at once.
BATCH = 10_000


@dataclass(slots=True)
class Count:
    """What rules said of the items so far. A bit is a vote, since a rule has one label: a million items take megabytes.

    Attributes:
        items: Ids of the items, in blocks.
        hits: Which rules hit each item, packed bits, uint8 [items, rules / 8], in blocks.
        stopped: Why a rule was stopped, by its place.
    """

    items: list[NDArray[np.int64]] = field(default_factory=list)
    hits: list[NDArray[np.uint8]] = field(default_factory=list)
    stopped: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tallied:
    """Items counted together by what hit them and what people said of them.

    Attributes:
        items: Ids of all items, rising, int64 [items].
        row: The row of each item below, int64 [items].
        votes: Different rows of votes, int16 [rows, rules].
        known: The label that people gave, `ABSTAIN` where none, int16 [rows].
        times: Items of each row, int64 [rows].
    """

    items: NDArray[np.int64]
    row: NDArray[np.int64]
    votes: NDArray[np.int16]
    known: NDArray[np.int16]
    times: NDArray[np.int64]

    def shares(self) -> dict[str, float]:
        """Return the shares of items on which some rule votes, and on which rules contradict each other."""
        total = max(1, len(self.items))
        voted = (self.votes != ABSTAIN).any(axis=1)
        covered, torn = int(self.times[voted].sum()), int(self.times[torn_texts(self.votes)].sum())
        return {"coverage": covered / total, "conflict": torn / total}


@transaction.atomic
def start_rules(*, actor: Actor, project_id: int) -> Job:
    """Send the job that applies a project's rules, or return the one that is under way.

    Raises:
        NotFound: No such project.
        Conflict: ``questions_changing``, ``no_choice``, ``no_texts``, ``no_rules``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_while_changing(project)
    choice_of(parse_schema(project.schema))
    subject = f"project:{project.pk}"
    jobs = Job.objects.visible_to(actor).filter(kind=KIND, subject=subject)
    waiting: Job | None = jobs.filter(finished_at=None).first()
    if waiting is not None:
        return waiting
    if not project.rules.filter(enabled=True).exists():
        raise Conflict("no_rules", _("There is no rule in use. Write one first."))
    title = _("Apply the labeling rules of %(project)s") % {"project": project.name}
    job = enqueue(kind=KIND, actor=actor, params={"project_id": project.pk}, title=title, subject=subject)
    audit.record(actor=actor, action="rule.apply", subject=subject, job=job.pk)
    return job


def last_run(*, actor: Actor, project: Project) -> Job | None:
    """Return the newest job that applied a project's rules."""
    jobs = Job.objects.visible_to(actor).filter(kind=KIND, subject=f"project:{project.pk}")
    found: Job | None = jobs.order_by("-pk").first()
    return found


def run_rules(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Let every rule in use vote on every item, fit the label model, and store its labels as suggestions.

    Returns:
        ``items`` and ``rules``; ``coverage`` and ``conflict``, the shares of items on which some rule votes and on
        which rules contradict each other; ``suggestions`` stored and their ``source``; ``stopped``, the names of rules
        that took too long. Without a vote ``suggestions`` is 0 and ``message`` says so.
    """
    project = Project.objects.get(pk=project_id, organization_id=job.organization_id)
    schema = parse_schema(project.schema)
    choice = choice_of(schema)
    # A label that the questions lost since has no place among the votes.
    rows = [row for row in project.rules.filter(enabled=True).order_by("pk") if row.label in choice.positions]
    rules = [Rule(row.name, choice.positions[row.label], parse_rule(row.kind, row.params)) for row in rows]
    count = _vote(job, project, schema, rules)
    tallied = _tally(project, choice.positions, rules, count)
    working = [place for place in range(len(rules)) if place not in count.stopped]
    own = np.array([rules[place].label for place in working], np.int16)
    votes = tallied.votes[:, working]
    model = fit_label_model(votes, own, len(choice.labels), tallied.known, tallied.times) if working else None
    _keep_figures(rows, tallied, model, working, count.stopped)
    result = {
        "items": len(tallied.items),
        "rules": len(working),
        **tallied.shares(),
        "suggestions": 0,
        "stopped": [rows[place].name for place in sorted(count.stopped)],
    }
    if model is None or not (votes != ABSTAIN).any():
        return {**result, "message": _("No rule hit any item, so there is nothing to suggest.")}
    job.progress(0, None, _("storing the suggestions"))
    said = label_texts(model, votes)
    source = f"labeling rules {_number(job, project)}"
    asked = (said.labels != ABSTAIN) & (tallied.known == ABSTAIN)
    values = [choice.labels[label].value if label != ABSTAIN else "" for label in said.labels.tolist()]
    suggestions = (
        (int(tallied.items[place]), {choice.name: [values[row]]}, float(said.confidence[row]))
        for place, row in enumerate(tallied.row.tolist())
        if asked[row]
    )
    kept = store_suggestions(actor=job.actor, project_id=project.pk, source=source, rows=suggestions)
    return {**result, "suggestions": kept, "source": source}


def _vote(job: JobContext, project: Project, schema: Schema, rules: list[Rule]) -> Count:
    count = Count()
    seen = 0
    for items, texts in _batches(project, schema):
        # A rule that was stopped on earlier items is not asked again.
        asked = [place for place in range(len(rules)) if place not in count.stopped]
        job.progress(seen, project.task_count, _("asking the rules"), rows_done=seen)
        cast = cast_votes([rules[place] for place in asked], texts, progress=lambda _done, _total: job.check())
        hits = np.zeros((len(texts), len(rules)), bool)
        hits[:, asked] = cast.votes != ABSTAIN
        for each in cast.stopped:
            count.stopped[asked[each.rule]] = "slow" if each.text < 0 else f"text:{items[each.text]}"
        count.items.append(np.array(items, np.int64))
        count.hits.append(np.packbits(hits, axis=1))
        seen += len(items)
    return count


def _tally(project: Project, positions: dict[str, int], rules: list[Rule], count: Count) -> Tallied:
    """Count the items together that the same rules hit and that people gave the same label."""
    items = np.concatenate([np.empty(0, np.int64), *count.items])
    known = _known(project, positions, items)
    width = -(-len(rules) // 8)
    hits = np.concatenate([np.empty((0, width), np.uint8), *count.hits])
    keys = np.column_stack([hits, known.astype("<i2").view(np.uint8).reshape(-1, 2)])
    different, row, times = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    hit = np.unpackbits(different[:, :width], axis=1, count=len(rules)).astype(bool)
    hit[:, list(count.stopped)] = False
    labels = np.array([rule.label for rule in rules], np.int16)
    votes = np.where(hit, labels, np.int16(ABSTAIN)).astype(np.int16)
    said = np.ascontiguousarray(different[:, width:]).view("<i2").reshape(-1).astype(np.int16)
    return Tallied(items, row.reshape(-1), votes, said, times)


def _batches(project: Project, schema: Schema) -> Iterator[tuple[list[int], list[str]]]:
    """Give items and their texts by rising item."""
    after = -1
    while True:
        rows = Task.objects.filter(project=project, item_id__gt=after).order_by("item_id")
        found = list(rows.values_list("item_id", "data")[:BATCH])
        if not found:
            return
        yield [item for item, _data in found], [text_of(schema, data) for _item, data in found]
        after = found[-1][0]


def _known(project: Project, positions: dict[str, int], items: NDArray[np.int64]) -> NDArray[np.int16]:
    """Return the labels that people agree on, `ABSTAIN` elsewhere, int16 [items]; several labels at once are none."""
    known = np.full(len(items), ABSTAIN, np.int16)
    for item, _text, label in labeled_items(project):
        place = int(np.searchsorted(items, item))
        if label in positions and place < len(items) and items[place] == item:
            known[place] = positions[label]
    return known


def _keep_figures(
    rows: list[LabelingRule],
    tallied: Tallied,
    model: LabelModel | None,
    working: list[int],
    stopped: dict[int, str],
) -> None:
    """Store on each rule what it did; a rule that was changed while the job ran keeps none."""
    believed = dict(zip(working, model.accuracies().tolist(), strict=True)) if model is not None else {}
    found = figures(tallied.votes, tallied.known, tallied.times)
    for place, (row, each) in enumerate(zip(rows, found, strict=True)):
        # What the model thinks of a rule that hit nothing is its prior and no finding.
        told = None if place in stopped else {**each.to_json(), "believed": believed.get(place) if each.hits else None}
        same = LabelingRule.objects.filter(pk=row.pk, updated_at=row.updated_at)
        same.update(figures=told, stopped=stopped.get(place, ""))


def _number(job: JobContext, project: Project) -> int:
    """Count the project's jobs of this kind up to this one, so that a second attempt has the same name."""
    earlier = Job.objects.filter(kind=KIND, subject=f"project:{project.pk}", pk__lte=job.job_id)
    return earlier.filter(organization_id=project.organization_id).count()
