from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from core.number import whole_number
from curation.models import Version
from curation.pages.plan import worded_preview
from modeling.engine.augmentation.fitting import KINDS
from modeling.engine.augmentation.ready import ready_policy
from modeling.engine.tasks import get_task
from modeling.families import AUTO, TASK_TITLES, family_named
from modeling.models import CheckKind, Training
from modeling.pages.compression import CompressForm
from modeling.pages.ensemble import EnsembleView
from modeling.pages.explanation import ExplainForm, can_ask, earlier
from modeling.pages.report import FIGURES, ReportView
from modeling.pages.training_form import (
    TrainingForm,
    augment_of,
    augmentation_choice,
    family_cards,
    goal_of,
    goal_title,
    params_of,
)
from modeling.services.augmenting import preview_augmentation
from modeling.services.bundle import DEFAULT_LIMIT_POINTS, start_export
from modeling.services.compression import TASKS as TEACHING
from modeling.services.ensemble import combinable
from modeling.services.explaining import explains_texts
from modeling.services.judged import slices_of
from modeling.services.search import DEFAULT_TRIALS, MOST_SECONDS, MOST_TRIALS, MOST_WORKERS, searchable_families
from modeling.services.trainable import Goal, check_trainable, goals_of, trainable_versions
from modeling.services.training import start_training

VERSION_CHOICES, CHECKS_SHOWN = 200, 10
# What the buttons of a training's page say.
CHECK_TITLES = {
    CheckKind.ROBUSTNESS.value: gettext_lazy("Check robustness"),
    CheckKind.SAFETY.value: gettext_lazy("Check label safety"),
    CheckKind.ABLATION.value: gettext_lazy("Measure a policy"),
    CheckKind.PROPOSAL.value: gettext_lazy("Search for a policy"),
}
# What is filled in for a search.
_WISHED = {"trials": str(DEFAULT_TRIALS), "workers": "1", "trial_seconds": ""}


class ExportForm(forms.Form):
    limit_points = forms.FloatField(
        label=gettext_lazy("May lose at most"),
        min_value=0,
        max_value=100,
        initial=DEFAULT_LIMIT_POINTS,
        help_text=gettext_lazy(
            "Points of macro-F1 on the test split against the float model. A bundle that loses more is refused."
        ),
    )


class NewTrainingPage(ScopedPage):
    scopes = {"GET": "model.write", "POST": "model.write"}
    form_class = TrainingForm

    def get(self, request: PageRequest) -> HttpResponse:
        return self._show(request, None, request.GET.get("version", ""), request.GET.get("goal", ""))

    def post(self, request: PageRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        form.fields["version"].queryset = trainable_versions(actor=request.actor)  # type: ignore[attr-defined]
        found = None
        if form.is_valid():
            with form_errors(form):
                if "preview" not in request.POST:
                    return self.start(request, form.cleaned_data)
                found = self._preview(request, form.cleaned_data)
        return self._show(request, form, request.POST.get("version", ""), request.POST.get("goal", ""), found)

    def _preview(self, request: PageRequest, values: dict[str, Any]) -> dict[str, Any] | None:
        """Return some changed copies of the version's training items."""
        given = augment_of(values)
        if given is None:
            detail = _("Choose the ready-made policy or write your own; without augmentation there are no copies.")
            raise DomainError("bad_augmentation", detail, field="augment")
        version, goal = values["version"], goal_of(values["goal"])
        learned = check_trainable(version=version, goal=goal)
        step = preview_augmentation(actor=request.actor, version_id=version.pk, given=given, goal=learned)
        return worded_preview(step)

    def start(self, request: PageRequest, values: dict[str, Any]) -> HttpResponse:
        """Do what the button says with a form that is right."""
        training = start_training(
            actor=request.actor,
            version_id=values["version"].pk,
            family=values["family"],
            seed=values["seed"],
            name=values["name"],
            params=params_of(values, request.POST.dict()),
            goal=goal_of(values["goal"]),
        )
        return redirect("modeling:training", training.pk)

    def _show(
        self,
        request: PageRequest,
        form: TrainingForm | None,
        version: str,
        goal: str,
        tried: dict[str, Any] | None = None,
    ) -> HttpResponse:
        versions = list(trainable_versions(actor=request.actor)[:VERSION_CHOICES])
        number = whole_number(version)
        chosen = next((row for row in versions if row.pk == number), None)
        if chosen is None and number is not None:
            chosen = trainable_versions(actor=request.actor).filter(pk=number).first()
            versions += [chosen] if chosen else []
        chosen = chosen or (versions[0] if versions else None)
        goals = goals_of(version=chosen) if chosen else []
        wanted = next((row for row in goals if row.key == goal), goals[0] if goals else None)
        sent = request.POST.dict() if form is not None else None
        context = {
            "form": form or TrainingForm(initial=_initial(chosen, wanted)),
            "versions": versions,
            "chosen": chosen,
            "goals": [{"key": row.key, "title": goal_title(row), "here": row == wanted} for row in goals],
            "searched": searchable_families(wanted.task) if wanted else [],
            "most": {"trials": MOST_TRIALS, "workers": MOST_WORKERS, "trial_seconds": MOST_SECONDS},
            "wished": {name: request.POST.get(name, value) for name, value in _WISHED.items()},
            "cards": family_cards(wanted.task, (sent or {}).get("family", AUTO), sent) if wanted else [],
            "augmentation": augmentation_choice(wanted, sent) if wanted else None,
            "tried": tried,
        }
        fine = form is None or tried is not None
        return render(request, "modeling/training_new.html", context, status=200 if fine else 400)


def _initial(version: Version | None, goal: Goal | None) -> dict[str, Any]:
    """Return what a form that nobody has sent says; a policy of one's own begins with the ready-made one."""
    ready = ready_policy(goal.task) if goal else None
    return {
        "version": version,
        "goal": goal.key if goal else "",
        "augment": ready.to_yaml() if ready else "",
    }


class TrainingPage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return show_training(request, pk)


class ExportPage(ScopedPage):
    """Starts the export of a training's model."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        training = get_object_or_404(Training.objects.visible_to(request.actor), pk=pk, model__isnull=False)
        form = ExportForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                made = start_export(actor=request.actor, model_id=training.model.pk, **form.cleaned_data)
                return redirect("modeling:bundle", made.pk)
        return show_training(request, pk, form, status=400)


def show_training(
    request: PageRequest,
    pk: int,
    form: ExportForm | None = None,
    status: int = 200,
    asking: ExplainForm | None = None,
    smaller: CompressForm | None = None,
) -> HttpResponse:
    """Show a training; `form`, `asking` and `smaller` are its forms with what was wrong in them."""
    rows = Training.objects.visible_to(request.actor)
    rows = rows.select_related("version__dataset", "job", "model", "created_by", "compression__model__training")
    training = get_object_or_404(rows, pk=pk)
    model = getattr(training, "model", None)
    report = training.report or {}
    family, kept = family_named(training.family), family_named(report.get("family", training.family))
    others = Training.objects.visible_to(request.actor).filter(version=training.version_id).exclude(rows_key="")
    context = {
        "training": training,
        "model": model,
        "family": family.title if family else training.family,
        "kept_family": kept,
        "task": TASK_TITLES.get(training.task, training.task),
        # An ensemble that was not kept was not judged on the test split.
        "report": ReportView(report) if "rows" in report else None,
        "ensemble": EnsembleView(training) if "combination" in report else None,
        "combinable": _combinable(request, training) if model and request.actor.can("model.write") else [],
        "exportable": bool(kept and kept.exportable),
        "slices": slices_of(training) if training.rows_key else [],
        "others": others.exclude(pk=training.pk).order_by("-pk")[:20] if training.rows_key else [],
        "checks": training.checks.defer("report").select_related("job").order_by("-pk")[:CHECKS_SHOWN] if model else [],
        "check_kinds": CHECK_TITLES.items(),
        "can_check": model is not None and get_task(training.task).input in KINDS,
        "bundles": model.bundles.order_by("-pk") if model else [],
        "form": form or ExportForm(),
        "smaller": (smaller or CompressForm()) if training.task in TEACHING else None,
        "compressions": model.compressions.select_related("job").order_by("-pk")[:5] if model else [],
        "can_write": request.actor.can("model.write"),
        "asking": (asking or ExplainForm()) if model and explains_texts(training.task) else None,
        "refused": asking,
        "page_words": {"Why?": _("Why?")},
        "can_ask": can_ask(request.actor),
        "earlier": earlier(training) if model else [],
    }
    return render(request, "modeling/training.html", context, status=status)


def _combinable(request: PageRequest, training: Training) -> list[dict[str, Any]]:
    """Return the trainings that this one can be combined with, with their figure on the test split."""
    found = []
    for row in combinable(actor=request.actor, training=training).defer("report")[:CHECKS_SHOWN]:
        primary = row.model.metrics.get("primary", "")
        family, figure = family_named(row.model.metrics.get("family") or row.family), FIGURES.get(primary)
        share = row.model.metrics.get(primary)
        found.append(
            {
                "pk": row.pk,
                "name": row.name,
                "family": family.title if family else row.family,
                "figure": figure.title if figure else "",
                "points": None if share is None or figure is None else share * figure.times,
                "made": row.created_at,
            }
        )
    return found
