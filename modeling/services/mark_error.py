"""Label errors of spans and shapes: out-of-fold models learn from a project's marks and doubt those that do not fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from curation.engine.suspicion import FOLDS
from curation.services.meaning import vectors_folder
from curation.services.media import open_media
from labeling.engine.agreement.shapes import bounds
from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.controls.spans import Spans
from labeling.engine.mark_change import Part as MarkedPart
from labeling.engine.mark_change import parted
from labeling.engine.schema import Schema
from labeling.models import Project, SuspectKind
from labeling.services.label_error import Judged, Part, Suspicion, marked_answers
from workers.context import JobContext

# Of all answers' texts; a search over more reads the first so many. Their words take some 400 MB, in Chinese.
MOST_CHARACTERS = 2_000_000
# Points have no inside to look at.
SEEN = ("box", "rotated_box", "polygon")
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with its marks of a control."""

    answer: Judged
    parts: list[MarkedPart]


def doubted_marks(
    job: JobContext, project: Project, schema: Schema, part: Part, worst: float
) -> tuple[list[Suspicion], list[Facts]]:
    """Return the suspicions of every control with marks, and what was learned from each.

    Args:
        job: Told how far the search is.
        project: Whose answers.
        schema: What is asked.
        part: Which answers are read.
        worst: Marks that can be believed more are no suspicions.

    Returns:
        The suspicions, and for each control ``control``, ``type``, ``answers``, ``marks``, ``labels`` (how many were
        told apart), ``accuracy_cv`` (share of marks that a model which did not see their item names right) and
        ``encoder``; or ``message``, what is missing. ``left_out`` counts answers beyond what one search reads, and
        ``unreadable`` shapes whose picture cannot be read.
    """
    suspicions: list[Suspicion] = []
    facts: list[Facts] = []
    for control in parted(schema):
        read = [Answered(answer, parts) for answer, parts in marked_answers(project, control.name, part)]
        job.check()
        if isinstance(control, Spans):
            found, learned = _of_spans(job, control, read, worst)
        else:
            found, learned = _of_shapes(job, control, read, worst)
        suspicions += found
        facts.append({"control": control.name, "type": control.type, **learned})
    return suspicions, facts


def _of_spans(job: JobContext, control: Spans, read: list[Answered], worst: float) -> tuple[list[Suspicion], Facts]:
    from curation.engine.embedding import choose_encoder
    from modeling.engine.marks.search import Told, search_spans
    from modeling.engine.marks.spans import Marks, usable_span_labels

    texts, text_of, kept = _texts(control, read)
    placed = [(text, span, n) for n, text in zip(kept, text_of, strict=True) for span in read[n].parts]
    facts: Facts = {"answers": len(kept), "marks": len(placed), "left_out": len(read) - len(kept)}
    marks = Marks(
        np.array([text for text, _span, _n in placed], np.int64),
        np.array([span["start"] for _text, span, _n in placed], np.int64),
        np.array([span["end"] for _text, span, _n in placed], np.int64),
        [span["label"] for _text, span, _n in placed],
    )
    labels = usable_span_labels(marks)
    if not labels:
        detail = _("Nothing was searched: no label is marked in %(least)s items yet.")
        return [], {**facts, "labels": 0, "message": detail % {"least": FOLDS}}
    encoder = choose_encoder(texts).name

    def told(stage: str) -> Any:
        return lambda done, total: job.progress(done, total, stage, rows_done=done)

    asked = Told(told(_("reading the texts")), told(_("judging the spans")), job.cancelled)
    doubts = search_spans(texts, marks, encoder=encoder, cache_dir=Path(settings.ASSAY_MODEL_CACHE), told=asked)
    answers: dict[int, list[int]] = {}
    for number, text in zip(kept, text_of, strict=True):
        answers.setdefault(text, []).append(number)
    found: list[Suspicion] = []
    for doubt in doubts.found:
        if doubt.score > worst:
            continue
        if doubt.mark >= 0:
            _text, span, number = placed[doubt.mark]
            found += _of_span(control, read[number], span, doubt, texts[doubt.text])
        else:
            for number in answers[doubt.text]:
                found.append(_missing(control, read[number].answer, texts[doubt.text], doubt))
    told_apart = {"labels": len(doubts.labels), "accuracy_cv": round(doubts.accuracy, 4), "encoder": encoder}
    return found, {**facts, **told_apart}


def _texts(control: Spans, read: list[Answered]) -> tuple[list[str], list[int], list[int]]:
    """Return the texts, each once; for each answer that is read which text is its; and the numbers of these answers."""
    texts: list[str] = []
    text_of, kept = [], []
    task, characters = None, 0
    for number, row in enumerate(read):
        if row.answer.task != task:
            text = row.answer.data.get(control.field)
            characters += len(text) if isinstance(text, str) else 0
            if characters > MOST_CHARACTERS and texts:
                break
            texts.append(text if isinstance(text, str) else "")
            task = row.answer.task
        text_of.append(len(texts) - 1)
        kept.append(number)
    return texts, text_of, kept


def _of_span(control: Spans, row: Answered, span: MarkedPart, doubt: Any, text: str) -> Iterator[Suspicion]:
    """Give the suspicion of a span, unless the answer has what is suggested too."""
    after: MarkedPart | None = None
    if doubt.kind == SuspectKind.EDGE:
        after = {**span, "start": doubt.start, "end": doubt.end, "text": text[doubt.start : doubt.end]}
    elif doubt.kind == SuspectKind.LABEL:
        after = {**span, "label": doubt.label}
    if after is not None and any(
        (each["start"], each["end"], each["label"]) == (after["start"], after["end"], after["label"])
        for each in row.parts
    ):
        return
    suggested = () if after is None else (str(after["label"]),)
    yield Suspicion(row.answer, suggested, doubt.score, control.name, doubt.kind, span, after)


def _missing(control: Spans, answer: Judged, text: str, doubt: Any) -> Suspicion:
    # By its place, so that what somebody decided of it is known to the next search.
    after = {
        "id": f"new-{doubt.start}-{doubt.end}",
        "start": doubt.start,
        "end": doubt.end,
        "label": doubt.label,
        "text": text[doubt.start : doubt.end],
    }
    return Suspicion(answer, (doubt.label,), doubt.score, control.name, SuspectKind.OVERLOOKED, None, after)


def _of_shapes(job: JobContext, control: Shapes, read: list[Answered], worst: float) -> tuple[list[Suspicion], Facts]:
    from curation.engine.embedding.crop import Part as Cut
    from curation.engine.embedding.crop import PartEncoder
    from modeling.engine.marks.shapes import doubt_shapes, usable_shape_labels

    drawn = [
        (row, shape, str(row.answer.data.get(control.field) or ""))
        for row in read
        for shape in row.parts
        if shape["type"] in SEEN
    ]
    facts: Facts = {"answers": len(read), "marks": len(drawn)}
    drawn = [row for row in drawn if row[2]]
    labels, pictures = [shape["label"] for _row, shape, _name in drawn], [name for *_shape, name in drawn]
    if len(usable_shape_labels(labels, pictures)) < 2:
        return [], {**facts, "labels": 0, "message": _too_few(len(usable_shape_labels(labels, pictures)))}
    encoder = PartEncoder(cache_dir=Path(settings.ASSAY_MODEL_CACHE), vectors_dir=vectors_folder(job.organization_id))

    def told(done: int, total: int) -> None:
        job.progress(done, total, _("looking at the shapes"), rows_done=done)

    with open_media(job.organization_id) as media:
        cuts = [Cut(name, tuple(bounds([corners(shape)])[0].tolist())) for _row, shape, name in drawn]
        vectors, _broken = encoder.encode_parts(cuts, media.path, progress=told, cancelled=job.cancelled)
    usable = np.flatnonzero(~np.isnan(vectors).any(axis=1)).tolist()
    facts["unreadable"] = facts["marks"] - len(usable)
    if len(usable_shape_labels([labels[n] for n in usable], [pictures[n] for n in usable])) < 2:
        return [], {**facts, "labels": 0, "message": _("Nothing was searched: the pictures cannot be read.")}
    job.progress(0, None, _("judging the shapes"))
    doubts = doubt_shapes(vectors, labels, pictures)
    found = [
        Suspicion(drawn[row][0].answer, (label,), score, control.name, SuspectKind.LABEL, drawn[row][1],
                  {**drawn[row][1], "label": label})
        for row, label, score in zip(doubts.rows.tolist(), doubts.suggested, doubts.scores.tolist(), strict=True)
        if score <= worst
    ]  # fmt: skip
    told_apart = {"labels": len(doubts.labels), "accuracy_cv": round(doubts.accuracy, 4), "encoder": encoder.name}
    return found, {**facts, **told_apart}


def _too_few(usable: int) -> str:
    detail = _(
        "Nothing was searched: at least two labels must be drawn in %(least)s pictures each; %(count)s is so far."
    )
    return detail % {"least": FOLDS, "count": usable}
