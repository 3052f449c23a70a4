from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.number import whole_number
from modeling.engine.augmentation.fitting import KINDS
from modeling.engine.augmentation.presets import CAMERA, PLACE, READY, TYPING, WEATHER, WORDS, presets
from modeling.engine.augmentation.search import STRENGTHS
from modeling.engine.tasks import get_task
from modeling.families import AUTO, FAMILIES, TASK_TITLES, augments_of, families_for, family_named
from modeling.models import Check, CheckKind, Training
from modeling.pages.check_report import CheckView, shown_disagreement
from modeling.pages.training_form import goal_of, goal_title
from modeling.services.check import DEFAULT_SEEDS, MOST_SEEDS, OF_MODELS, policy_to_train, start_check, train_with
from modeling.services.disagreement import all_disagreements
from modeling.services.trainable import Goal, goals_of, trainable_versions

VERSION_CHOICES = 200
OWN = "own"
# What each question is for, in a sentence.
KIND_TEXTS = {
    CheckKind.ROBUSTNESS: _(
        "How the figure on the test items stands when they are changed, step by step. Choose changes that your data "
        "will really have."
    ),
    CheckKind.SAFETY: _(
        "How often the model keeps its answer on items that a step changed, and where it does not: there a change may "
        "have changed what is right. Choose the policy that you would train with."
    ),
    CheckKind.ABLATION: _(
        "What a policy gains, and each of its steps in it: trainings with and without, each with the same seeds and "
        "the same budget."
    ),
    CheckKind.PROPOSAL: _(
        "Tries augmentations alone at a few strengths, joins the best while that gains more than luck, and proposes a "
        "policy. It is judged by the validation items; the test items are not looked at."
    ),
}
PRESET_TEXTS = {
    TYPING: (_("Typing and scanning"), _("Slips of keys, swapped letters, misspellings, torn words, misread letters.")),
    WORDS: (_("Other words"), _("Words swapped, left out, or replaced by unimportant ones.")),
    CAMERA: (_("Camera"), _("Light, colours, noise, blur and compression.")),
    PLACE: (_("Place"), _("Turned, shifted, zoomed, seen from the side, cut off.")),
    WEATHER: (_("Weather"), _("Rain, fog, snow and shadows.")),
    READY: (_("Ready-made for training"), _("The mild steps that a training offers for this task.")),
}


class CheckForm(forms.Form):
    """A new check; what it asks about stands in the address."""

    kind = forms.ChoiceField(choices=CheckKind.choices, widget=forms.HiddenInput)
    training = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
    goal = forms.CharField(required=False, widget=forms.HiddenInput)
    family = forms.ChoiceField(
        label=_("Family"), choices=[(name, row.title) for name, row in FAMILIES.items()], required=False
    )
    preset = forms.CharField(required=False, widget=forms.HiddenInput)
    policy = forms.CharField(
        label=_("Policy as YAML"),
        max_length=100_000,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "code-input", "spellcheck": "false"}),
    )
    seeds = forms.IntegerField(
        label=_("Seeds"),
        min_value=1,
        max_value=MOST_SEEDS,
        initial=DEFAULT_SEEDS,
        required=False,
        help_text=_("Trainings of each kind; differences between seeds are luck, and part of the interval."),
    )
    budget = forms.IntegerField(
        label=_("Seconds for a training"), min_value=1, max_value=604_800, required=False,
        help_text=_("The same for each; as long as it takes when left empty."),
    )  # fmt: skip
    split = forms.ChoiceField(
        label=_("Judged by"),
        choices=[
            ("validation", _("validation items, while you still choose")),
            ("test", _("test items, once, at the end")),
        ],
        required=False,
    )
    least_safe = forms.FloatField(
        label=_("Least label safety, percent"), min_value=0, max_value=100, required=False,
        help_text=_(
            "Steps are first shown to a model, and those of which it surely keeps less of its answers are not tried. "
            "35 changed items that all keep their answer make 90 percent sure; empty tries all."
        ),
    )  # fmt: skip

    def values(self, family: str) -> dict[str, Any]:
        """Return what the service takes, of a form that is right."""
        found, kind = self.cleaned_data, self.cleaned_data["kind"]
        given: dict[str, Any] = {"kind": kind, "training_id": found["training"], "version_id": found["version"]}
        if kind != CheckKind.PROPOSAL:
            preset = found["preset"] or OWN
            given["policy"] = (found["policy"] or None) if preset == OWN else preset
        if kind in OF_MODELS:
            return given
        given |= {
            "seeds": found["seeds"] or DEFAULT_SEEDS,
            "budget": found["budget"],
            "family": found["family"] or family,
        }
        given |= {"split": found["split"] or "validation", "goal": goal_of(found["goal"])}
        share = found["least_safe"]
        return given | {"least_safe": None if share is None else share / 100}


class NewCheckPage(ScopedPage):
    scopes = {"GET": "model.write", "POST": "model.write"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._show(request, None, request.GET.dict())

    def post(self, request: PageRequest) -> HttpResponse:
        form = CheckForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                check = start_check(actor=request.actor, **form.values(request.POST.get("family", "")))
                return redirect("modeling:check", check.pk)
        return self._show(request, form, request.POST.dict())

    def _show(self, request: PageRequest, form: CheckForm | None, asked: dict[str, str]) -> HttpResponse:
        """Show the form for what the address, or the form that was sent, asks about."""
        training = _training(request, asked.get("training", ""))
        kinds = [kind for kind in CheckKind if training or kind not in OF_MODELS]
        kind = next((one for one in kinds if one == asked.get("kind")), kinds[0])
        versions = [] if training else list(trainable_versions(actor=request.actor)[:VERSION_CHOICES])
        number = whole_number(asked.get("version", ""))
        chosen = next((row for row in versions if row.pk == number), versions[0] if versions else None)
        goals = [Goal(training.task, training.answer)] if training else goals_of(version=chosen) if chosen else []
        goals = [goal for goal in goals if get_task(goal.task).input in KINDS]
        goal = next((row for row in goals if row.key == asked.get("goal")), goals[0] if goals else None)
        family = str((training.report or {}).get("family") or training.family) if training else ""
        context = {
            "form": form or CheckForm(initial={"seeds": DEFAULT_SEEDS, "split": "validation"}),
            "training": training,
            "query": f"training={training.pk}" if training else f"version={chosen.pk}" if chosen else "",
            "kinds": [{"value": one.value, "title": one.label, "here": one == kind} for one in kinds],
            "kind": kind,
            "what": KIND_TEXTS[kind],
            "versions": versions,
            "chosen": chosen,
            "goals": [{"key": row.key, "title": goal_title(row), "here": row == goal} for row in goals],
            "goal": goal,
            "trains": kind not in OF_MODELS,
            **(_choices(goal, kind, asked, family) if goal else {}),
        }
        return render(request, "modeling/check_new.html", context, status=200 if form is None else 400)


def _training(request: PageRequest, number: str) -> Training | None:
    """Return the training that is asked about; a number that names none of ours is a 404."""
    if not number:
        return None
    rows = Training.objects.visible_to(request.actor).select_related("version__dataset")
    return get_object_or_404(rows, pk=whole_number(number) or 0, model__isnull=False)


def _choices(goal: Goal, kind: CheckKind, asked: dict[str, str], family: str) -> dict[str, Any]:
    """Return the families and policies to choose among."""
    task = get_task(goal.task)
    offered = presets(task.name, task.input)
    usual = READY if kind in {CheckKind.SAFETY, CheckKind.ABLATION} else next(iter(offered))
    preset = asked.get("preset") or usual
    families = [row for name, row in families_for(goal.task).items() if name != AUTO and augments_of(name, goal.task)]
    wished = asked.get("family") or family
    tries = sum(len(strengths) for strengths in STRENGTHS[KINDS[task.input]].values())
    return {
        "presets": [
            {
                "value": name,
                "title": PRESET_TEXTS[name][0],
                "what": PRESET_TEXTS[name][1],
                "yaml": policy.to_yaml(),
                "checked": name == preset,
            }
            for name, policy in offered.items()
        ],
        "own": preset == OWN,
        "families": [{"value": row.name, "title": row.title, "here": row.name == wished} for row in families],
        "tries": tries,
    }


class CheckPage(ScopedPage):
    """What was found: a sentence, the figures as a chart and as a table, and where a model changed its mind."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Check.objects.visible_to(request.actor).select_related("version__dataset", "job", "training")
        check = get_object_or_404(rows, pk=pk)
        view = CheckView(check) if check.report is not None else None
        policy, family = _yaml(check), family_named(check.family)
        context = {
            "check": check,
            "view": view,
            "what": KIND_TEXTS[CheckKind(check.kind)],
            "family": family.title if family else check.family,
            "task": TASK_TITLES.get(check.task, check.task),
            "steps": _minds(check, view) if view and check.kind == CheckKind.SAFETY else [],
            "policy": policy,
            "can_train": request.actor.can("model.write") and policy_to_train(check) is not None,
            "can_write": request.actor.can("model.write"),
        }
        return render(request, "modeling/check.html", context)


def _yaml(check: Check) -> str:
    """Return the policy of a check, or the one that it proposes, as YAML."""
    from curation.engine.augment.policy import PolicyError, policy_of

    given = check.policy or (check.report or {}).get("policy")
    try:
        return policy_of(given).to_yaml() if given else ""
    except PolicyError:
        # Of a release that had other steps.
        return ""


def _minds(check: Check, view: CheckView) -> list[dict[str, Any]]:
    """Return the steps with the items on which the model changed its mind, the least safe step first."""
    rows = [row for row in view.rows if row["other"]]
    found = all_disagreements(check=check, steps=[row["number"] for row in rows])
    picture = get_task(check.task).input == "picture"
    return [
        {
            "label": row["label"],
            "count": row["other"],
            "items": [shown_disagreement(one, picture=picture) for one in found[row["number"]]],
        }
        for row in rows
    ]


class TrainWithPage(ScopedPage):
    """Trains with the policy of an ablation, or with the one that a search proposed."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        return redirect("modeling:training", train_with(actor=request.actor, check_id=pk).pk)
