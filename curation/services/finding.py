"""Decisions about findings: saved before the next question shows, compared before set, undone one by one or all."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.decisions import PERSONAL_RULE, RULES, Member, VerdictError, make_verdict, rule_verdict
from curation.models import Decision, Finding, FindingState, Question, QuestionState, Run
from curation.sentences import in_words
from curation.services.question import decision_json, item_states, members_of, members_of_many, visible_run
from curation.services.question_count import (
    count_bulks,
    count_decided,
    reopen_questions,
    start_bulk,
    undo_decisions,
)
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

# A rule decides about a thousand questions a second on two busy cores; more than this is work for a job.
INLINE_QUESTIONS = 2_000
CHUNK = 500
# Each try of a portion fails only when somebody else's answer was written in the milliseconds that it took.
TRIES = 25

_TIE_BULK = """
UPDATE curation_question q SET decision_id = d.id, state = 'decided', replayed = false, updated_at = now()
FROM curation_decision d
WHERE q.id = ANY(%s) AND d.dataset_id = %s AND d.bulk = %s AND d.undone_at IS NULL
  AND d.step = q.step AND d.code = q.code AND d.key = q.key
"""


@transaction.atomic
def decide_question(
    *,
    actor: Actor,
    run_id: int,
    number: int,
    action: str,
    items: Sequence[int] = (),
    label: str | None = None,
    expected: int | None = None,
    client_key: uuid.UUID | None = None,
) -> Question:
    """Answer a question, or answer it differently.

    Args:
        actor: Who decides.
        run_id: The run.
        number: The question.
        action: ``keep``, ``drop``, ``keep_only``, ``merge`` or ``label``.
        items: What ``keep_only`` keeps, the one that ``merge`` keeps.
        label: What ``label`` sets.
        expected: The decision that the person saw, None for an open question.
        client_key: The sender's name for this answer; sent again, it decides nothing more.

    Raises:
        Conflict: ``question_decided`` with the present decision, when it is not the expected one.
        DomainError: ``verdict_invalid`` when the answer does not fit the question.
    """
    run = visible_run(actor, run_id)
    question = _locked(run, number)
    if client_key is not None and Decision.objects.visible_to(actor).filter(client_key=client_key).exists():
        return question
    if question.decision_id != expected:
        raise _decided(question)
    members = members_of(question)
    was_open = question.state == QuestionState.OPEN
    try:
        verdict = make_verdict(members, action, items=items, label=label)
    except VerdictError as error:
        raise DomainError(
            "verdict_invalid", in_words(str(error)), title=_("This answer does not fit the question")
        ) from None
    _supersede(actor, run, question)
    try:
        with transaction.atomic():
            decision = Decision.objects.create(**_fields(actor, run, question), verdict=verdict, client_key=client_key)
    except IntegrityError:
        # Somebody answered the same question on another run at this moment.
        raise _decided(question) from None
    Question.objects.filter(pk=question.pk).update(decision=decision, state=QuestionState.DECIDED, replayed=False)
    _mark(question, members, verdict)
    count_decided(run_id=run.pk, code=question.code, change=int(was_open))
    audit.record(
        actor=actor,
        action="question.decide",
        subject=f"run:{run.pk}",
        question=number,
        decision=decision.pk,
        verdict=verdict["action"],
    )
    question.refresh_from_db()
    return question


@transaction.atomic
def undo_decision(*, actor: Actor, run_id: int, number: int, decision_id: int) -> Question:
    """Open a question again; done twice, it changes nothing.

    Raises:
        Conflict: ``question_decided`` when another decision stands by now.
    """
    run = visible_run(actor, run_id)
    # The same answer may stand on other runs too: whoever undoes it there locks the same questions in the same order.
    _lock_questions_of([decision_id])
    question = _question(run, number)
    if question.decision_id is None:
        return question
    if question.decision_id != decision_id:
        raise _decided(question)
    _reopen(actor, [decision_id])
    audit.record(actor=actor, action="question.undo", subject=f"run:{run.pk}", question=number, decision=decision_id)
    question.refresh_from_db()
    return question


def decide_by_rule(
    *, actor: Actor, run_id: int, rule: str, code: str, bulk: uuid.UUID
) -> tuple[int | None, Job | None]:
    """Answer every open question of a code by a rule; what the rule cannot decide stays open.

    Args:
        actor: Who decides.
        run_id: The run.
        rule: A row of `curation.engine.decisions.RULES`.
        code: Only questions with this code.
        bulk: Names the whole, to undo it; sent again, it decides nothing more.

    Returns:
        How many were decided, or the job that decides when they are more than two thousand.
    """
    run = visible_run(actor, run_id)
    if rule not in RULES and not rule.startswith(PERSONAL_RULE):
        raise DomainError(
            "rule_unknown", _("There is no such rule. The rules are %(names)s.") % {"names": ", ".join(RULES)}
        )
    if Decision.objects.filter(run=run, bulk=bulk).exists():
        return Decision.objects.filter(run=run, bulk=bulk).count(), None
    rows = Question.objects.filter(run=run, code=code, state=QuestionState.OPEN).order_by("number")
    if rows[INLINE_QUESTIONS : INLINE_QUESTIONS + 1].exists():
        return None, _bulk_job(actor, run, {"rule": rule, "code": code, "bulk": str(bulk)})
    return _decide_all(actor, run, rule, code, bulk, None), None


def undo_rule(*, actor: Actor, run_id: int, bulk: uuid.UUID) -> tuple[int | None, Job | None]:
    """Undo every decision that a rule made and that still stands; many are undone by a job."""
    run = visible_run(actor, run_id)
    rows = Decision.objects.filter(run=run, bulk=bulk, undone_at=None)
    if rows[INLINE_QUESTIONS : INLINE_QUESTIONS + 1].exists():
        return None, _bulk_job(actor, run, {"bulk": str(bulk), "undo": True})
    return _undo_all(actor, run, bulk, None), None


def _bulk_job(actor: Actor, run: Run, params: dict[str, Any]) -> Job:
    with transaction.atomic():
        return enqueue(
            kind="curation.decide_by_rule",
            actor=actor,
            params={"run_id": run.pk, **params},
            subject=f"dataset:{run.input.dataset_id}",
        )


def execute_rule(
    *, job: JobContext, run_id: int, bulk: str, rule: str = "", code: str = "", undo: bool = False
) -> dict[str, Any]:
    """Carry out a rule, or its undoing, as a job; a second attempt goes on with what is left."""
    run = visible_run(job.actor, run_id)
    if undo:
        return {"run": run.pk, "undone": _undo_all(job.actor, run, uuid.UUID(bulk), job)}
    return {"run": run.pk, "decided": _decide_all(job.actor, run, rule, code, uuid.UUID(bulk), job), "bulk": bulk}


def _decide_all(actor: Actor, run: Run, rule: str, code: str, bulk: uuid.UUID, job: JobContext | None) -> int:
    number = 0
    start_bulk(run=run, bulk=bulk, code=code, made_by_id=actor.user_id or None)
    while last := _decide_some(actor, run, rule, code, bulk, number):
        number = last
        if job is not None:
            job.progress(number, run.questions.count())
    count = Decision.objects.filter(run=run, bulk=bulk, undone_at=None).count()
    audit.record(
        actor=actor,
        action="question.rule",
        subject=f"run:{run.pk}",
        rule=rule,
        code=code,
        decided=count,
        bulk=str(bulk),
    )
    return count


def _decide_some(actor: Actor, run: Run, rule: str, code: str, bulk: uuid.UUID, after: int) -> int | None:
    """Decide the next questions behind a number and return the last one's number, None when there are no more."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                rows = Question.objects.filter(run=run, code=code, state=QuestionState.OPEN, number__gt=after)
                # Locked in the order of their keys; a question that somebody is answering now is theirs.
                questions = list(rows.select_for_update(skip_locked=True).order_by("number")[:CHUNK])
                if questions:
                    _decide_chunk(actor, run, rule, bulk, questions)
                return questions[-1].number if questions else None
        except IntegrityError:
            # Somebody answered one of these on another run at this moment; the next try sees and supersedes it.
            if not tries_left:
                raise
    return None


def _decide_chunk(actor: Actor, run: Run, rule: str, bulk: uuid.UUID, questions: list[Question]) -> None:
    members = members_of_many([question.pk for question in questions])
    made, states = [], []
    for question in questions:
        verdict = rule_verdict(members[question.pk], rule)
        if verdict is None:
            continue
        made.append(Decision(**_fields(actor, run, question), verdict=verdict, bulk=bulk))
        states.append((question.pk, item_states(members[question.pk], verdict)))
    older = Decision.objects.filter(dataset=run.input.dataset_id, key__in=[row.key for row in made], undone_at=None)
    places = {(row.step, row.code, row.key) for row in made}
    superseded = [row.pk for row in older if (row.step, row.code, row.key) in places]
    bulks = undo_decisions(keys=superseded, user_id=actor.user_id or None).bulks
    # In the order of their keys, so that two rules on two runs wait for each other in one direction only.
    Decision.objects.bulk_create(sorted(made, key=lambda row: row.key))
    with connection.cursor() as cursor:
        cursor.execute(_TIE_BULK, [[question.pk for question in questions], run.input.dataset_id, bulk])
        tied = cursor.rowcount
    found = Finding.objects.filter(question__in=[key for key, _items in states])
    wanted = dict(states)
    by_state: dict[str, list[int]] = {}
    for key, asked, item in found.values_list("pk", "question_id", "item_id"):
        by_state.setdefault(wanted[asked or 0][item], []).append(key)
    for state, keys in by_state.items():
        Finding.objects.filter(pk__in=keys).update(state=state)
    # Together with those of the rules that were superseded: two rules that supersede each other lock them in one order.
    count_bulks({**bulks, (run.pk, bulk): len(made) + bulks.get((run.pk, bulk), 0)})
    # All of these were open, and are of one code.
    count_decided(run_id=run.pk, code=questions[0].code, change=tied)


def _undo_all(actor: Actor, run: Run, bulk: uuid.UUID, job: JobContext | None) -> int:
    undone = 0
    while True:
        with transaction.atomic():
            rows = Decision.objects.filter(run=run, bulk=bulk, undone_at=None).order_by("pk")
            keys = list(rows.values_list("pk", flat=True)[:CHUNK])
            if not keys:
                break
            _lock_questions_of(keys)
            undone += _reopen(actor, keys)
        if job is not None:
            job.progress(undone)
    audit.record(actor=actor, action="question.undo_rule", subject=f"run:{run.pk}", undone=undone, bulk=str(bulk))
    return undone


def _reopen(actor: Actor, keys: list[int]) -> int:
    """Mark decisions as undone, open their questions on every run again, and return how many stood until now."""
    undone = _undo(actor, keys)
    Finding.objects.filter(question__decision__in=keys).update(state=FindingState.OPEN)
    reopen_questions(keys=keys)
    return undone


def _undo(actor: Actor, keys: list[int]) -> int:
    """Mark decisions as undone, count them, and return how many stood until now."""
    undone = undo_decisions(keys=keys, user_id=actor.user_id or None)
    count_bulks(undone.bulks)
    return undone.decisions


def _supersede(actor: Actor, run: Run, question: Question) -> None:
    """Undo what was decided before about this content, here or on another run of the dataset."""
    place = {"dataset": run.input.dataset_id, "step": question.step, "code": question.code, "key": question.key}
    _undo(actor, list(Decision.objects.filter(**place, undone_at=None).values_list("pk", flat=True)))


def _fields(actor: Actor, run: Run, question: Question) -> dict[str, Any]:
    return {
        "organization_id": run.organization_id,
        "dataset_id": run.input.dataset_id,
        "run": run,
        "step": question.step,
        "code": question.code,
        "key": question.key,
        "made_by_id": actor.user_id or None,
    }


def _mark(question: Question, members: Sequence[Member], verdict: dict[str, Any]) -> None:
    states = item_states(members, verdict)
    for state in (FindingState.KEPT, FindingState.DROPPED):
        items = [item for item, found in states.items() if found == state]
        Finding.objects.filter(question=question, item_id__in=items).update(state=state)


def _locked(run: Run, number: int) -> Question:
    rows = Question.objects.select_for_update(of=("self",)).select_related("decision__made_by")
    question = rows.filter(run=run, number=number).first()
    if question is None:
        raise NotFound(_("There is no such question."))
    return question  # type: ignore[no-any-return]


def _question(run: Run, number: int) -> Question:
    question = Question.objects.select_related("decision__made_by").filter(run=run, number=number).first()
    if question is None:
        raise NotFound(_("There is no such question."))
    return question  # type: ignore[no-any-return]


def _lock_questions_of(keys: Sequence[int]) -> None:
    """Lock the questions that some decisions answer, on every run, in the order of their keys."""
    rows = Question.objects.select_for_update().filter(decision__in=keys).order_by("pk")
    list(rows.values_list("pk", flat=True))


def _decided(question: Question) -> Conflict:
    decision = question.decision
    if decision is None:
        return Conflict("question_decided", _("This decision was undone by somebody else. Look at the question again."))
    who = str(decision.made_by) if decision.made_by else _("somebody else")
    return Conflict(
        "question_decided",
        _("%(who)s has decided this question. Look at the answer, and change it if you must.") % {"who": who},
        decision=decision_json(decision),
    )
