"""Automatic acceptance, the model's part: which answers are sure enough, judged by labels that it had not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling.engine.schema import Schema
from labeling.models import AcceptRound, Project
from labeling.services.acceptance import acceptance_of
from labeling.services.acceptance_audit import judge_audits
from labeling.services.acceptance_round import (
    NO_THRESHOLD,
    TOO_FEW,
    Sure,
    accept_round,
    measuring_items,
    note_last,
)

if TYPE_CHECKING:
    import numpy as np

    from modeling.engine.heads.quick import QuickHead


@dataclass(frozen=True)
class Candidate:
    """A head and what it may answer.

    Attributes:
        head: Learned from all labeled items.
        encoder: Whose vectors it takes.
        source: Its name, as people read it.
        contents: Of the labeled items, their texts or the hashes of their pictures.
        labels: Theirs.
        waiting: Numbers of the items that nobody has answered.
        vectors: [len(contents) + len(waiting), d], labeled items first.
    """

    head: "QuickHead"
    encoder: str
    source: str
    contents: Sequence[str]
    labels: Sequence[str]
    waiting: Sequence[int]
    vectors: "np.ndarray[Any, Any]"


def accept_sure(
    *,
    project: Project,
    schema: Schema,
    job_number: int,
    candidate: Candidate | None,
    labeled: int,
    on_fit: Callable[[int, int], None] | None = None,
) -> AcceptRound | None:
    """Look at the audit so far, and accept the answers of a head that are sure enough; None when nothing was accepted.

    The threshold is the lowest whose bound on the precision reaches the project's target, on labeled items that the
    judged heads had not learned from.

    Args:
        project: As it was when its labels were read.
        schema: Its questions then.
        job_number: Of the job, which accepts once.
        candidate: The head; None while there is none.
        labeled: How many labeled items there are.
        on_fit: Called while labeled items are judged, with how many fits are done, and how many there are.
    """
    from modeling.engine.active import choose_threshold
    from modeling.engine.errors import BadData
    from modeling.engine.heads.held_out import judge_held_out

    accepts = Project.objects.filter(pk=project.pk).values_list("accepts", flat=True).get()
    # Audits count until they are answered, also after somebody switched acceptance off.
    stopped = judge_audits(project_id=project.pk)
    setting = acceptance_of(project)
    if not accepts or stopped or schema.choice is None:
        return None
    if candidate is None or labeled < setting.labels_from:
        note_last(setting, {"code": TOO_FEW, "labels": labeled, "needed": setting.labels_from})
        return None
    try:
        confidences, right = judge_held_out(
            candidate.vectors[:labeled],
            candidate.labels,
            candidate.contents,
            candidate.head.strength,
            others=candidate.vectors[labeled:] if candidate.head.unlabeled else None,
            on_fit=on_fit,
        )
    except BadData:
        # All labels but a few are the same: no fold can be made that shows two.
        note_last(setting, {"code": NO_THRESHOLD, "labels": labeled, "right": None, "target": setting.target})
        return None
    chosen = choose_threshold(confidences, right, setting.target)
    if chosen.threshold is None:
        facts = {"labels": labeled, "right": round(float(right.mean()), 4), "target": setting.target}
        note_last(setting, {"code": NO_THRESHOLD, "needed": chosen.needed, **facts})
        return None
    items, answers, shares = _reaching(project, schema, candidate, chosen.threshold, labeled)
    sure = Sure(
        items=items,
        answers=answers,
        confidences=shares,
        source=candidate.source,
        fingerprint=candidate.head.fingerprint(candidate.encoder),
        schema_revision=project.schema_revision,
        epoch=setting.epoch,
        threshold=chosen.threshold,
        held_out=chosen.seen,
        held_out_right=chosen.right,
        bound=chosen.bound,
    )
    return accept_round(project_id=project.pk, job_number=job_number, sure=sure)


def _reaching(
    project: Project, schema: Schema, candidate: Candidate, threshold: float, labeled: int
) -> tuple[list[int], list[dict[str, Any]], list[float]]:
    """Return items, answers and confidences that reach the threshold; never of items by which models are measured."""
    import numpy as np

    assert schema.choice is not None
    named, confidences = candidate.head.predict(candidate.vectors[labeled:])
    waiting = np.asarray(candidate.waiting, np.int64)
    places = np.flatnonzero((confidences >= threshold) & ~np.isin(waiting, measuring_items(project)))
    items = waiting[places].tolist()
    answers = [answer_of(schema, named[place]) for place in places.tolist()]
    return items, answers, np.minimum(confidences[places], 1.0).tolist()


def answer_of(schema: Schema, label: str) -> dict[str, Any]:
    """Return a label of a quick head as an answer; several labels stand in one, joined with ``|``."""
    assert schema.choice is not None
    return {schema.choice.name: label.split("|") if schema.choice.multiple else [label]}


def facts_of(made: AcceptRound | None) -> dict[str, Any]:
    """Return what a job's result says of a round."""
    if made is None:
        return {}
    return {"accepted": made.accepted, "audited": made.audited, "threshold": made.threshold}
