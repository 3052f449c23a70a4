"""The form of a new training: a version, what it teaches, a family with its settings, and how rows are augmented."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation.models import Version
from modeling.engine.augmentation.ready import ready_policy
from modeling.families import FAMILIES, TASK_TITLES, Family, Param, families_for
from modeling.services.augmenting import READY, families_without_augmentation
from modeling.services.trainable import Goal

NONE, OWN = "none", "own"
MOST_YAML = 100_000


class TrainingForm(forms.Form):
    """Everything but the settings of families, which are fields of their own: see `settings_of`."""

    version = forms.ModelChoiceField(queryset=Version.objects.none(), widget=forms.HiddenInput)
    goal = forms.CharField(required=False, widget=forms.HiddenInput)
    family = forms.ChoiceField(choices=[(name, family.title) for name, family in FAMILIES.items()])
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Made from dataset and version when left empty."),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text=gettext_lazy(
            "The same seed on the same version gives the same model; another one shows how much is luck."
        ),
    )
    augmentation = forms.ChoiceField(
        choices=[(NONE, ""), (READY, ""), (OWN, "")], required=False, widget=forms.HiddenInput
    )
    augment = forms.CharField(
        label=gettext_lazy("Policy as YAML"),
        max_length=MOST_YAML,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "code-input", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("augmentation") == OWN and "augment" in values and not values["augment"].strip():
            self.add_error("augment", _("Write the policy, or choose another augmentation."))
        return values


def augment_of(values: dict[str, Any]) -> str | None:
    """Return what a form that is right says of augmentation, as the service takes it."""
    return {READY: READY, OWN: values.get("augment")}.get(values.get("augmentation") or NONE)


def params_of(values: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a training that a form says: the family's settings, and a policy of augmentation."""
    given = augment_of(values)
    return {**settings_of(values["family"], sent), **({} if given is None else {"augment": given})}


def augmentation_choice(goal: Goal, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the form shows of augmentation for a task; None where nothing of it can be augmented."""
    ready = ready_policy(goal.task)
    if ready is None:
        return None
    chosen = (sent or {}).get("augmentation") or NONE
    steps = ", ".join(step.use for step in ready.steps)
    ways = [
        (NONE, _("None"), _("Rows are learned from as they are. The choice to start with.")),
        (
            READY,
            _("Ready-made"),
            _("Mild steps that suit this task, each for half of the rows: %(steps)s.") % {"steps": steps},
        ),
        (OWN, _("Your own"), _("A policy that you write; the ready-made one stands there to begin with.")),
    ]
    return {
        "ways": [
            {"value": value, "title": title, "what": what, "checked": value == chosen} for value, title, what in ways
        ],
        "open": chosen != NONE,
        "refusing": families_without_augmentation(goal.task),
    }


def goal_of(text: str) -> Goal | None:
    """Return what `Goal.key` wrote; None for anything else."""
    task, _colon, answer = text.partition(":")
    return Goal(task, answer) if answer else None


def goal_title(goal: Goal) -> str:
    """Return a goal in words."""
    values = {"task": TASK_TITLES.get(goal.task, goal.task), "column": goal.answer}
    return _("%(task)s – column %(column)s") % values


def family_cards(task: str, chosen: str, sent: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the families that learn a task with the fields of their settings, as they were sent."""
    return [
        {
            "family": family,
            "checked": family.name == chosen,
            "fields": [_field(family, param, sent) for param in family.params],
        }
        for family in families_for(task).values()
    ]


def _field(family: Family, param: Param, sent: dict[str, Any] | None) -> dict[str, Any]:
    name = f"{family.name}.{param.name}"
    return {
        "name": name,
        "title": param.title,
        "range": param.range,
        "value": (sent or {}).get(name, ""),
        "choices": [(str(choice), _word(choice)) for choice in param.choices],
        "whole": param.whole,
    }


def _word(choice: str | bool) -> str:
    return (_("yes") if choice else _("no")) if isinstance(choice, bool) else choice


def settings_of(family: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that were filled in for a family; what is no number stays text, for the service to refuse."""
    found: dict[str, Any] = {}
    for param in FAMILIES[family].params if family in FAMILIES else ():
        text = str(sent.get(f"{family}.{param.name}", "")).strip()
        if text:
            found[param.name] = _value(param, text)
    return found


def _value(param: Param, text: str) -> Any:
    if param.choices:
        return next((choice for choice in param.choices if str(choice) == text), text)
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if param.whole and number.is_integer() else number
