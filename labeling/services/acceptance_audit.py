"""The audit of accepted answers: what people said of them, and switching off when that refutes the promise."""

from typing import Any

import orjson
import structlog
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import audit
from accounts.services.actor import system_actor
from labeling.engine.acceptance import Audit, refuted_by
from labeling.engine.consensus import canonical, majority
from labeling.models import AcceptRound, AuditOutcome, AutoAccept, ModelLabel, Project
from labeling.services.acceptance import audits_of
from labeling.services.acceptance_return import start_return
from labeling.services.queue import Desk

log = structlog.get_logger(__name__)


def note_audits(*, desk: Desk, tasks: list[int]) -> None:
    """Compare answers with the model's where they were audited; switch off when the promise is refuted.

    Done after answers are saved, in a transaction of its own: should it fail, the next suggestion job makes up for it.
    One probe of an index for each answer, and only in projects that accept answers.
    """
    if not desk.accepts or not tasks:
        return
    if ModelLabel.objects.filter(task__in=tasks, audited=True).exists():
        judge_audits(project_id=desk.project_id, tasks=tasks)


# The answers of each audited task; a right answer that is known makes it one of another kind.
_SAID = """
SELECT m.id, m.answer::text, t.overlap, count(a.id), m.outcome,
  COALESCE(json_agg(a.answer) FILTER (WHERE NOT a.skipped AND a.answer IS NOT NULL), '[]')::text
FROM labeling_modellabel m JOIN labeling_task t ON t.id = m.task_id
LEFT JOIN labeling_annotation a ON a.task_id = t.id
WHERE m.project_id = %(project)s AND m.audited AND NOT t.is_gold
  AND (m.task_id = ANY(%(tasks)s::bigint[]) OR %(tasks)s::bigint[] IS NULL)
GROUP BY m.id, t.id ORDER BY m.id
"""


@transaction.atomic
def judge_audits(*, project_id: int, tasks: list[int] | None = None) -> bool:
    """Compare the answers to audited tasks anew, to some or to all, and say whether acceptance was switched off.

    An answer is judged when all who are to have answered. Where people differ so that none leads, the model's answer
    counts as wrong: nobody confirmed it.
    """
    # The project's row before its labels, as everywhere.
    project = Project.objects.select_for_update(no_key=True).filter(pk=project_id).first()
    setting = AutoAccept.objects.filter(project=project_id).first()
    if project is None or setting is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_SAID, {"project": project_id, "tasks": tasks})
        rows = cursor.fetchall()
    changed = [
        ModelLabel(pk=number, outcome=outcome)
        for number, said, wanted, count, before, answers in rows
        if (outcome := _outcome(orjson.loads(said), wanted, count, orjson.loads(answers))) != before
    ]
    ModelLabel.objects.bulk_update(changed, ["outcome"], batch_size=1_000)
    return _stop_when_due(project, setting) if changed else False


def _outcome(said: dict[str, Any], wanted: int, count: int, answers: list[dict[str, Any]]) -> str:
    if count < max(1, wanted):
        return AuditOutcome.WAITING
    if not answers:
        return AuditOutcome.OPEN
    (control, value), *_none = said.items()
    given = [canonical(answer.get(control) or []) for answer in answers]
    return AuditOutcome.RIGHT if majority(given).label == canonical(value) else AuditOutcome.WRONG


def _stop_when_due(project: Project, setting: AutoAccept) -> bool:
    rounds = AcceptRound.objects.filter(project=project, epoch=setting.epoch)
    numbers = dict(rounds.values_list("pk", "number"))
    found = audits_of(list(numbers))
    audits = [Audit(numbers[key], each.right, each.wrong) for key, each in sorted(found.items())]
    number = refuted_by(audits, setting.target)
    # Said once; also where a manager switched it off before the audit was through: what stands is refuted all the same.
    if number is None or setting.stopped_at is not None:
        return False
    Project.objects.filter(pk=project.pk).update(accepts=False)
    counted = [each for each in audits if number in (0, each.number)]
    facts = {
        "round": number,
        "right": sum(each.right for each in counted),
        "wrong": sum(each.wrong for each in counted),
        "target": setting.target,
    }
    AutoAccept.objects.filter(pk=setting.pk).update(stopped_at=timezone.now(), stopped_by=facts)
    rounds.update(refuted=True)
    actor = system_actor(organization_id=project.organization_id)
    audit.record(actor=actor, action="project.auto_accept_stopped", subject=f"project:{project.pk}", **facts)
    log.warning("auto_accept_stopped", project=project.pk, **facts)
    if setting.gives_back:
        start_return(actor=actor, project=project, epoch=setting.epoch)
    return True
