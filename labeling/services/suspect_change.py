"""What a decision on a suspicion does to the answer, and to the other suspicions of the same answer.

Only the doubted mark, or the choice, is changed. What else was suspected of the answer is brought along to its new
revision as far as it still says what was judged.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError, NotAllowed
from labeling.engine.mark_change import MarkGone, free_id, part_in, stands, with_change, with_ties_again
from labeling.engine.schema import Answer, Schema, parse_schema
from labeling.models import Annotation, AnnotationRevision, SuspectKind, SuspectLabel, SuspectState
from labeling.services.annotation import change_annotation
from labeling.services.review import judge_answer


def take_suggestion(actor: Actor, suspect: SuspectLabel) -> dict[str, Any]:
    """Change the answer as the suspicion suggests; return what the row then holds.

    Args:
        actor: Who decides.
        suspect: With ``answer``, at the revision that was judged.

    Raises:
        DomainError: ``revision_old`` (412), ``answer_invalid`` when the project does not take such an answer.
    """
    answer: Annotation = suspect.answer  # type: ignore[attr-defined]
    schema = parse_schema(suspect.project.schema)
    after = suspect.after
    if suspect.control and suspect.before is None and after is not None:
        after = {**after, "id": free_id(answer.answer, suspect.control, after["id"])}
    said = _changed(schema, answer.answer or {}, suspect, suspect.before, after, suspect.suggested)
    revision = _say(actor, answer, suspect.revision, said)
    now = _follow(suspect, schema, suspect.revision, revision)
    if suspect.control and after is not None:
        # As the answer holds it: attributes that the new label is not asked for are gone.
        return {"revision_after": revision, "after": part_in(now, suspect.control, after["id"]), "mark": after["id"]}
    return {"revision_after": revision}


def bring_back(actor: Actor, suspect: SuspectLabel) -> dict[str, Any]:
    """Change the answer back to what it said before the suggestion was taken; return what the row then holds.

    A fix after which the answer reads as its writer left it is taken back, so that no verdict stays on it.

    Raises:
        DomainError: ``revision_old`` (412) when the answer was changed elsewhere.
    """
    answer: Annotation | None = suspect.answer  # type: ignore[attr-defined]
    if answer is None or suspect.revision_after is None or answer.revision != suspect.revision_after:
        raise changed_meanwhile()
    schema = parse_schema(suspect.project.schema)
    said = _changed(schema, answer.answer or {}, suspect, suspect.after, suspect.before, suspect.given)
    if suspect.kind == SuspectKind.SPURIOUS and suspect.control:
        said = with_ties_again(schema, said, suspect.control, suspect.mark, _earlier(suspect))
    if answer.annotator_id != actor.user_id and answer.verdict == "fixed" and _is_own(answer, schema, said):
        back = judge_answer(actor=actor, annotation_id=answer.pk, verdict="none", revision=answer.revision)
        revision = int(back["revision"])
    else:
        revision = _say(actor, answer, answer.revision, said)
    _follow(suspect, schema, suspect.revision_after, revision)
    return {"revision": revision, "revision_after": None}


def changed_meanwhile() -> DomainError:
    """Return the error of a suspicion whose answer says something else by now."""
    return DomainError(
        "revision_old", _("This answer was changed meanwhile. What the model said of it no longer holds."), status=412
    )


def _changed(
    schema: Schema, answer: Mapping[str, Any], suspect: SuspectLabel, before: Any, after: Any, values: list[str]
) -> Answer:
    """Return the answer with one mark changed, or with other values of the choice."""
    if suspect.control:
        try:
            return with_change(schema, answer, suspect.control, before, after)
        except MarkGone:
            raise changed_meanwhile() from None
    if schema.choice is None:
        raise changed_meanwhile()
    return {**answer, schema.choice.name: list(values)}


def _say(actor: Actor, answer: Annotation, revision: int, said: Answer) -> int:
    """Give another answer, as its writer or as a reviewer who fixes it, and return the new revision."""
    if answer.annotator_id == actor.user_id:
        if not actor.can("label"):
            raise NotAllowed(("label",))
        return change_annotation(actor=actor, annotation_id=answer.pk, revision=revision, answer=said).revision
    fixed = judge_answer(actor=actor, annotation_id=answer.pk, verdict="fixed", revision=revision, answer=said)
    return int(fixed["revision"])


def _earlier(suspect: SuspectLabel) -> Mapping[str, Any]:
    """Return the answer from which the suggestion took a mark."""
    rows = AnnotationRevision.objects.filter(annotation_number=suspect.annotation_number, revision=suspect.revision)
    return rows.filter(taken_back=False).values_list("answer", flat=True).first() or {}


def _is_own(answer: Annotation, schema: Schema, said: Answer) -> bool:
    """Tell whether this is what the writer said last, before anybody fixed it."""
    rows = AnnotationRevision.objects.filter(annotation_number=answer.pk, revision__lt=answer.revision)
    own = rows.filter(taken_back=False, author=None).order_by("-revision").values_list("answer", flat=True).first()
    return own is not None and _sorted(schema, own) == _sorted(schema, said)


def _sorted(schema: Schema, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer without what is empty and with its spans and relations in an order of their own."""
    found = {name: value for name, value in answer.items() if value not in (None, [], {}, "")}
    for name, value in found.items():
        if name in schema.by_name and schema.by_name[name].type in ("spans", "relations", "shapes"):
            found[name] = sorted(value, key=lambda row: sorted(map(str, row.items())))
    return found


def _follow(decided: SuspectLabel, schema: Schema, old: int, new: int) -> Answer:
    """Bring what else is known of an answer along to its new revision, where it still holds; return the answer."""
    row = Annotation.objects.filter(pk=decided.annotation_number).values_list("answer", flat=True).first()
    answer: Answer = row or {}
    others = SuspectLabel.objects.filter(annotation_number=decided.annotation_number).exclude(pk=decided.pk)
    others = others.filter(Q(revision=old) | Q(revision_after=old)).order_by("pk")
    waiting, taken = [], []
    for each in others.select_for_update(of=("self",)):
        if each.state == SuspectState.ACCEPTED:
            if each.revision_after == old and _holds(schema, answer, each, each.after, each.suggested):
                taken.append(each.pk)
        elif each.revision == old and _holds(schema, answer, each, each.before, each.given):
            waiting.append(each.pk)
    SuspectLabel.objects.filter(pk__in=waiting).update(revision=new)
    SuspectLabel.objects.filter(pk__in=taken).update(revision_after=new)
    return answer


def _holds(schema: Schema, answer: Answer, suspect: SuspectLabel, part: Any, values: list[str]) -> bool:
    """Tell whether an answer says of the doubted thing what it said."""
    if not suspect.control:
        return schema.choice is not None and answer.get(schema.choice.name) == values
    if not stands(answer, suspect.control, suspect.mark, part):
        return False
    if part is not None or suspect.after is None or "start" not in suspect.after:
        return True
    # Nothing was marked there; something may be by now.
    start, end = suspect.after["start"], suspect.after["end"]
    return not any(span["start"] < end and start < span["end"] for span in answer.get(suspect.control) or [])
