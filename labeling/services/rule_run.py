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
from labeling.engine.rules.votes import ABSTAIN, Rule, cast_votes, figures
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
    """What rules said of the items so far.

    Attributes:
        items: Ids of the items, in blocks.
        votes: Votes of all rules, int16 [items, rules], in blocks.
        stopped: Why a rule was stopped, by its place.
    """

    items: list[NDArray[np.int64]] = field(default_factory=list)
    votes: list[NDArray[np.int16]] = field(default_factory=list)
    stopped: dict[int, str] = field(default_factory=dict)


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
    items = np.concatenate([np.empty(0, np.int64), *count.items])
    votes = np.concatenate([np.empty((0, len(rules)), np.int16), *count.votes])
    for place in count.stopped:
        votes[:, place] = ABSTAIN
    known = _known(project, choice.positions, items)
    working = [place for place in range(len(rules)) if place not in count.stopped]
    own = np.array([rules[place].label for place in working], np.int16)
    model = fit_label_model(votes[:, working], own, len(choice.labels), known) if working else None
    _keep_figures(rows, votes, known, model, working, count.stopped)
    result = {
        "items": len(items),
        "rules": len(working),
        **_shares(votes),
        "suggestions": 0,
        "stopped": [rows[place].name for place in sorted(count.stopped)],
    }
    if model is None or not (votes != ABSTAIN).any():
        return {**result, "message": _("No rule hit any item, so there is nothing to suggest.")}
    job.progress(0, None, _("storing the suggestions"))
    said = label_texts(model, votes[:, working])
    source = f"labeling rules {_number(job, project)}"
    chosen = np.flatnonzero((said.labels != ABSTAIN) & (known == ABSTAIN))
    suggestions = (
        (int(items[row]), {choice.name: [choice.labels[said.labels[row]].value]}, float(said.confidence[row]))
        for row in chosen.tolist()
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
        votes = np.full((len(texts), len(rules)), ABSTAIN, np.int16)
        votes[:, asked] = cast.votes
        for each in cast.stopped:
            count.stopped[asked[each.rule]] = "slow" if each.text < 0 else f"text:{items[each.text]}"
        count.items.append(np.array(items, np.int64))
        count.votes.append(votes)
        seen += len(items)
    return count


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
    votes: NDArray[np.int16],
    known: NDArray[np.int16],
    model: LabelModel | None,
    working: list[int],
    stopped: dict[int, str],
) -> None:
    """Store on each rule what it did; a rule that was changed while the job ran keeps none."""
    believed = dict(zip(working, model.accuracies().tolist(), strict=True)) if model is not None else {}
    for place, (row, found) in enumerate(zip(rows, figures(votes, known), strict=True)):
        told = None if place in stopped else {**found.to_json(), "believed": believed.get(place)}
        same = LabelingRule.objects.filter(pk=row.pk, updated_at=row.updated_at)
        same.update(figures=told, stopped=stopped.get(place, ""))


def _shares(votes: NDArray[np.int16]) -> dict[str, float]:
    voted = votes != ABSTAIN
    some = voted.any(axis=1)
    if not len(votes) or not votes.shape[1]:
        return {"coverage": 0.0, "conflict": 0.0}
    least = np.where(voted, votes, np.iinfo(np.int16).max).min(axis=1)
    torn = some & (least != votes.max(axis=1))
    return {"coverage": float(some.mean()), "conflict": float(torn.mean())}


def _number(job: JobContext, project: Project) -> int:
    """Count the project's jobs of this kind up to this one, so that a second attempt has the same name."""
    earlier = Job.objects.filter(kind=KIND, subject=f"project:{project.pk}", pk__lte=job.job_id)
    return earlier.filter(organization_id=project.organization_id).count()
