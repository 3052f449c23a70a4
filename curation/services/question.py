"""Questions of a run: written once with its findings, and read one at a time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import connection
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import NotFound
from curation.engine.decisions import CHOOSING, Member, questions_of
from curation.engine.decisions import Question as EngineQuestion
from curation.engine.item_lookup import items_by_id
from curation.engine.pictures.facts import FACTS
from curation.engine.pii.uncertain import CODE, Doubts, locate
from curation.engine.text_diff import LONGEST, Segments, diff_texts, sides
from curation.models import Decision, Finding, Question, QuestionState, Run
from curation.sentences import in_words
from curation.services.question_count import question_counts, start_counts
from curation.services.version import open_version

PAGE_LIMIT = 200
# Side by side nobody reads more; the others are counted.
ITEMS_SHOWN = 12
COLUMNS_SHOWN = 12
CELL = 280


def read_questions(path: Path) -> list[EngineQuestion]:
    """Return the questions of a run from its ``findings.parquet``; none when there is no such file."""
    return questions_of(pq.read_table(path)) if path.exists() else []


def store_questions(*, run: Run, questions: Sequence[EngineQuestion], decided: Mapping[int, Decision]) -> None:
    """Write questions, findings and counts; the first two with COPY, which takes a hundred thousand rows a second.

    Args:
        run: Their run; what it had before must be gone.
        questions: In order; the first gets number 1.
        decided: The decision of each question that was answered before, by its place in `questions`.
    """
    if not questions:
        return
    _copy_questions(run, questions, decided)
    start_counts(run=run, codes=(row.code for row in questions), decided=(questions[place].code for place in decided))
    keys = dict(Question.objects.filter(run=run).values_list("number", "pk"))
    columns = (
        'organization_id, run_id, question_id, step, code, item_id, "group", detail, text_key, content_key, length, '
        "label, state"
    )
    with connection.cursor() as cursor, cursor.copy(f"COPY curation_finding ({columns}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for number, question in enumerate(questions, 1):
            states = item_states(question.members, decided[number - 1].verdict) if number - 1 in decided else {}
            for member in question.members:
                state = states.get(member.item_id, "open")
                # A NUL byte, which PostgreSQL cannot store, may stand in what a step quotes.
                detail = member.detail[:500].replace("\0", "�")
                label = member.label[:500].replace("\0", "�") if member.label is not None else None
                facts = (member.text_key, member.content_key, member.length, label, state)
                row = (run.organization_id, run.pk, keys[number], question.step, question.code, member.item_id)
                copy.write_row((*row, number, detail, *facts))


def _copy_questions(run: Run, questions: Sequence[EngineQuestion], decided: Mapping[int, Decision]) -> None:
    columns = (
        "organization_id, run_id, number, step, code, key, size, state, decision_id, replayed, created_at, updated_at"
    )
    with connection.cursor() as cursor, cursor.copy(f"COPY curation_question ({columns}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for place, question in enumerate(questions):
            decision = decided.get(place)
            state = QuestionState.DECIDED.value if decision else QuestionState.OPEN.value
            row = (run.organization_id, run.pk, place + 1, question.step, question.code, question.key)
            times = (run.updated_at, run.updated_at)
            copy.write_row(
                (*row, len(question.members), state, decision.pk if decision else None, bool(decision), *times)
            )


def item_states(members: Sequence[Member], verdict: dict[str, Any]) -> dict[int, str]:
    """Return the state of each finding under an answer."""
    if verdict["action"] in CHOOSING:
        kept = {entry["item"] for entry in verdict["keep"]}
        return {member.item_id: "kept" if member.item_id in kept else "dropped" for member in members}
    state = "dropped" if verdict["action"] == "drop" else "kept"
    return {member.item_id: state for member in members}


def members_of(question: Question) -> list[Member]:
    """Return the items of a stored question in the order in which they were found."""
    return members_of_many([question.pk])[question.pk]


def members_of_many(keys: Sequence[int]) -> dict[int, list[Member]]:
    """Return the items of several questions by the question's primary key."""
    members: dict[int, list[Member]] = {key: [] for key in keys}
    fields = ("question_id", "item_id", "text_key", "content_key", "length", "label", "detail")
    for key, *facts in Finding.objects.filter(question__in=keys).order_by("pk").values_list(*fields):
        members[key].append(Member(*facts))
    return members


def visible_run(actor: Actor, run_id: int) -> Run:
    """Return a run of the actor's organization whose dataset is not in the trash."""
    rows = Run.objects.visible_to(actor).filter(pk=run_id, input__dataset__deleted_at=None)
    run = rows.select_related("input__dataset", "output").first()
    if run is None:
        raise NotFound(_("There is no such run."))
    return run  # type: ignore[no-any-return]


def list_questions(
    *, actor: Actor, run_id: int, code: str = "", state: str = "", after: int = 0, limit: int = 50
) -> dict[str, Any]:
    """Return questions behind number `after`, without their items.

    Args:
        actor: Who looks.
        run_id: The run.
        code: Only questions with this code, if any.
        state: ``open`` or ``decided``; all when empty.
        after: Give those with a higher number.
        limit: At most so many, 1 to 200.
    """
    run = visible_run(actor, run_id)
    limit = max(1, min(limit, PAGE_LIMIT))
    rows = _filtered(run, code, state).filter(number__gt=after).select_related("decision__made_by").order_by("number")
    found = list(rows[: limit + 1])
    return {
        "results": [question_json(question) for question in found[:limit]],
        "next_after": found[limit - 1].number if len(found) > limit else None,
        "counts": question_counts(run),
    }


def _filtered(run: Run, code: str, state: str) -> Any:
    rows = Question.objects.filter(run=run)
    rows = rows.filter(code=code) if code else rows
    return rows.filter(state=state) if state else rows


def neighbours(run: Run, number: int, code: str = "", state: str = "") -> dict[str, int | None]:
    """Return the numbers of the question before and of the one behind, among those that the filter shows."""
    rows = _filtered(run, code, state)
    before = rows.filter(number__lt=number).aggregate(found=Max("number"))["found"]
    behind = rows.filter(number__gt=number).aggregate(found=Min("number"))["found"]
    if behind is None and state == QuestionState.OPEN:
        # Those that were skipped come round again.
        behind = rows.filter(number__lt=number).aggregate(found=Min("number"))["found"]
    return {"previous": before, "next": behind}


def first_question(run: Run, code: str = "", state: str = "") -> int | None:
    """Return the number of the first question that the filter shows."""
    return _filtered(run, code, state).aggregate(found=Min("number"))["found"]  # type: ignore[no-any-return]


def find_question(*, actor: Actor, run_id: int, number: int) -> dict[str, Any]:
    """Return one question with its items as they were in the run's input, and where their texts differ.

    ``segments`` of an item are ``[kind, text]`` with kind "=" (in both), "+" (only here) and "-" (only in the first
    item); of two items the first marks its own parts with "-", so that they read side by side.
    """
    run = visible_run(actor, run_id)
    question = Question.objects.filter(run=run, number=number).select_related("decision__made_by").first()
    if question is None:
        raise NotFound(_("There is no such question."))
    members = members_of(question)
    shown = members[:ITEMS_SHOWN]
    with open_version(run.input) as reader:
        rows = items_by_id(reader, [member.item_id for member in shown])
    roles = run.input.manifest.get("roles", {})
    items = [_item(member, rows.get(member.item_id, {}), roles) for member in shown]
    for item, segments in zip(items, compared([item["text"] for item in items]), strict=True):
        item["segments"] = segments
    if question.code == CODE:
        add_doubts(run, members[:1], items)
        items, shown = items[:1], shown[:1]
    return {
        **question_json(question),
        "items": items,
        "more": len(members) - len(shown),
        "labels": sorted({member.label for member in members if member.label is not None}),
        "same_text": "text" in roles and len({item["text"] for item in items}) == 1 < len(items),
        "same_picture": "image" in roles and len({item["image"] for item in items}) == 1 < len(items),
    }


def add_doubts(run: Run, members: Sequence[Member], items: list[dict[str, Any]]) -> None:
    """Add the uncertain spans to items: in the texts as the run left them, where the certain ones are gone already."""
    for member, item in zip(members, items, strict=False):
        doubts = Doubts.of_detail(member.detail)
        with open_version(run.output or run.input) as reader:
            row = items_by_id(reader, [member.item_id]).get(member.item_id, {})
        cells: dict[str, dict[str, Any]] = {}
        for number, one in enumerate(doubts.spans, 1):
            text = str(row.get(one.column) if row.get(one.column) is not None else "")
            place = locate(one, text, doubts.lengths.get(one.column))
            cell = cells.setdefault(one.column, {"column": one.column, "text": text, "spans": []})
            start, end = place or (0, 0)
            cell["spans"].append({"number": number, "start": start, "end": end, "label": one.label, "score": one.score})
        item["cells"] = list(cells.values())


def compared(texts: Sequence[str]) -> list[Segments]:
    """Compare each text with the first; of two texts each shows its own side."""
    if not texts:
        return []
    if len(texts) == 2:
        return list(sides(diff_texts(*texts)))
    return [[("=", texts[0][:LONGEST])], *(diff_texts(texts[0], text) for text in texts[1:])]


def _item(member: Member, row: dict[str, Any], roles: dict[str, str]) -> dict[str, Any]:
    text = row.get(roles.get("text", "")) if roles.get("text") else None
    apart = {"item_id", roles.get("text"), roles.get("label"), roles.get("image")}
    apart |= set(FACTS) if "image" in roles else set()
    plain = {name: value for name, value in row.items() if name not in apart}
    return {
        "item_id": member.item_id,
        "text": str(text) if text is not None else "",
        "cut": len(str(text or "")) > LONGEST,
        "image": row.get(roles["image"]) if "image" in roles else None,
        "image_facts": {name: row[name] for name in FACTS if name in row} if "image" in roles else {},
        "label": member.label,
        "detail": in_words(member.detail),
        "columns": [[name, _cell(value)] for name, value in list(plain.items())[:COLUMNS_SHOWN]],
    }


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL else text[:CELL] + "…"


def question_json(question: Question) -> dict[str, Any]:
    """Return a question without its items, as the API and the page know it."""
    return {
        "number": question.number,
        "step": question.step,
        "code": question.code,
        "size": question.size,
        "state": question.state,
        "replayed": question.replayed,
        "decision": decision_json(question.decision) if question.decision else None,
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """Return a decision with the name of who made it."""
    verdict = decision.verdict
    return {
        "id": decision.pk,
        "action": verdict["action"],
        "items": [entry["item"] for entry in verdict.get("keep", [])] or [row[0] for row in verdict.get("spans", [])],
        "label": verdict.get("label"),
        "bulk": str(decision.bulk) if decision.bulk else None,
        "made_by": str(decision.made_by) if decision.made_by else "",
        "made_at": decision.made_at.isoformat(),
    }
