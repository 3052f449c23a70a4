"""Labeling rules of a project: written, tried on a sample, and listed; `labeling.services.rule_run` applies them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Max, Min, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.consensus import canonical, majority
from labeling.engine.controls.choice import Choice
from labeling.engine.rules.kinds import Kind, RuleError, RuleTooSlow, parse_rule
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Annotation, LabelingRule, Project, Task
from labeling.services.project import find_project, text_of

MOST_RULES = 200
SAMPLE = 500
EXAMPLES = 5
# With fewer of the evenly chosen items there, the first ones are looked at.
LEAST_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule does on a sample of a project's items.

    Attributes:
        sample: Items looked at.
        hits: Items that it hits.
        judged: Hit items whose answers agree on a label.
        right: How many of these have the rule's label.
        examples: (item_id, text, label that people gave or "") of the first hits.
        stopped: Id of the item that it hung on; None when it did not.
    """

    sample: int
    hits: int
    judged: int
    right: int
    examples: list[tuple[int, str, str]]
    stopped: int | None


def choice_of(schema: Schema) -> Choice:
    """Return the choice whose labels rules vote for.

    Raises:
        Conflict: ``no_choice``, ``no_texts`` when there is nothing that rules could label or read.
    """
    if schema.choice is None:
        raise Conflict("no_choice", _("Rules vote for labels of a choice, and this project asks for none."))
    if not schema.texts:
        raise Conflict("no_texts", _("Rules read texts, and this project shows none."))
    return schema.choice


def list_rules(*, actor: Actor, project: Project) -> QuerySet[LabelingRule]:
    """Return the rules of a project in the order of their making."""
    rows: QuerySet[LabelingRule] = LabelingRule.objects.visible_to(actor).filter(project=project)
    return rows.order_by("pk")


def find_rule(*, actor: Actor, rule_id: int) -> LabelingRule:
    """Return a rule of the actor's organization or raise NotFound."""
    found: LabelingRule | None = (
        LabelingRule.objects.visible_to(actor).select_related("project__version").filter(pk=rule_id).first()
    )
    if found is None:
        raise NotFound(_("There is no such rule."))
    return found


@transaction.atomic
def add_rule(*, actor: Actor, project_id: int, name: str, label: str, kind: str, params: Any) -> LabelingRule:
    """Write a rule.

    Raises:
        NotFound: No such project.
        Conflict: ``no_choice``, ``no_texts``, ``rule_exists``, ``too_many_rules``.
        DomainError: ``rule_invalid`` naming the field.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    if project.rules.count() >= MOST_RULES:
        raise Conflict("too_many_rules", _("A project takes at most %(most)s rules.") % {"most": MOST_RULES})
    rule = LabelingRule(project=project, created_by_id=actor.user_id or None)
    _write(rule, name=name, label=label, kind=kind, params=params)
    audit.record(actor=actor, action="rule.add", subject=f"project:{project.pk}", rule=rule.pk, name=rule.name)
    return rule


@transaction.atomic
def change_rule(*, actor: Actor, rule_id: int, **changes: Any) -> LabelingRule:
    """Change name, label, kind, params or whether a rule is in use; figures of another rule than this are dropped.

    Raises:
        NotFound: No such rule.
        Conflict: ``rule_exists``.
        DomainError: ``rule_invalid`` naming the field.
    """
    rule = find_rule(actor=actor, rule_id=rule_id)
    rule.enabled = changes.pop("enabled", rule.enabled)
    if changes:
        fields = {name: changes.get(name, getattr(rule, name)) for name in ("name", "label", "kind", "params")}
        _write(rule, **fields)
    else:
        rule.save(update_fields=["enabled", "updated_at"])
    subject = f"project:{rule.project_id}"
    audit.record(actor=actor, action="rule.change", subject=subject, rule=rule.pk, name=rule.name, enabled=rule.enabled)
    return rule


@transaction.atomic
def delete_rule(*, actor: Actor, rule_id: int) -> None:
    """Delete a rule; suggestions that it took part in stay until the rules are applied again."""
    rule = find_rule(actor=actor, rule_id=rule_id)
    audit.record(actor=actor, action="rule.delete", subject=f"project:{rule.project_id}", rule=rule.pk, name=rule.name)
    rule.delete()


def _write(rule: LabelingRule, *, name: str, label: str, kind: str, params: Any) -> None:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise DomainError("rule_invalid", _("Give the rule a name of 1 to 120 characters."), field="name")
    check_label(parse_schema(rule.project.schema), label)
    said = read_rule(kind, params).to_json()
    if (label, kind, said) != (rule.label, rule.kind, rule.params):
        rule.figures, rule.stopped = None, ""
    rule.name, rule.label, rule.kind, rule.params = name, label, kind, said
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError:
        detail = _("There is a rule called %(name)s already.") % {"name": name}
        raise Conflict("rule_exists", detail, field="name") from None


def check_label(schema: Schema, label: str) -> None:
    """Raise DomainError ``rule_invalid`` when the project's choice has no such label."""
    if label not in choice_of(schema).positions:
        raise DomainError("rule_invalid", _("This project has no such label."), field="label")


def read_rule(kind: str, params: Any) -> Kind:
    """Return a rule as the engine runs it, or raise DomainError ``rule_invalid`` in the reader's language."""
    try:
        return parse_rule(kind, params)
    except RuleError as error:
        detail = _(error.template) % error.values if error.values else _(error.template)
        raise DomainError("rule_invalid", detail, field=error.where) from None


def try_rule(*, actor: Actor, project_id: int, label: str, kind: str, params: Any) -> Tried:
    """Say what a rule would do, on 500 items spread evenly over the project; nothing is saved.

    Raises:
        NotFound: No such project.
        Conflict: ``no_choice``, ``no_texts``.
        DomainError: ``rule_invalid`` naming the field.
    """
    project = find_project(actor=actor, project_id=project_id)
    schema = parse_schema(project.schema)
    check_label(schema, label)
    matcher = read_rule(kind, params).matcher()
    tasks = _sample(project)
    hits: list[tuple[int, int, str]] = []
    for task, item, data in tasks:
        text = text_of(schema, data)
        try:
            if matcher(text):
                hits.append((task, item, text))
        except RuleTooSlow:
            return Tried(len(tasks), len(hits), 0, 0, [], item)
    given = dict(_labels_of(choice_of(schema).name, [task for task, _item, _text in hits]))
    right = sum(said == label for said in given.values())
    examples = [(item, text, given.get(task, "")) for task, item, text in hits[:EXAMPLES]]
    return Tried(len(tasks), len(hits), len(given), right, examples, None)


def _sample(project: Project) -> list[tuple[int, int, dict[str, Any]]]:
    """Return (task, item, data) of items at even distances; the cost does not grow with the project."""
    rows = Task.objects.filter(project=project)
    ends = rows.aggregate(first=Min("item_id"), last=Max("item_id"))
    if ends["first"] is None:
        return []
    places = np.unique(np.linspace(ends["first"], ends["last"], SAMPLE).astype(np.int64)).tolist()
    fields = ("pk", "item_id", "data")
    found = list(rows.filter(item_id__in=places).order_by("item_id").values_list(*fields))
    if len(found) < LEAST_SAMPLE:
        found = list(rows.order_by("item_id").values_list(*fields)[:SAMPLE])
    return found


def _labels_of(control: str, tasks: list[int]) -> Iterator[tuple[int, str]]:
    """Give (task, label) of those whose answers have a majority."""
    answers = Annotation.objects.filter(task__in=tasks, skipped=False).order_by("task_id", "pk")
    said: dict[int, list[str]] = {}
    for task, values in answers.values_list("task_id", f"answer__{control}"):
        if values:
            said.setdefault(task, []).append(canonical(values))
    for task, labels in said.items():
        vote = majority(labels)
        if vote.label:
            yield task, vote.label
