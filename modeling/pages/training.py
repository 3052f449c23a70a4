from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.number import whole_number
from modeling.families import AUTO, TASK_TITLES, family_of
from modeling.models import Training
from modeling.pages.compression import CompressForm
from modeling.pages.report import ReportView
from modeling.pages.training_form import TrainingForm, family_cards, goal_of, goal_title, settings_of
from modeling.services.bundle import DEFAULT_LIMIT_POINTS, start_export
from modeling.services.compression import TASKS as TEACHING
from modeling.services.judged import slices_of
from modeling.services.search import DEFAULT_TRIALS, MOST_SECONDS, MOST_TRIALS, MOST_WORKERS, searchable_families
from modeling.services.trainable import goals_of, trainable_versions
from modeling.services.training import start_training

VERSION_CHOICES = 200
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
        if form.is_valid():
            with form_errors(form):
                return self.start(request, form.cleaned_data)
        return self._show(request, form, request.POST.get("version", ""), request.POST.get("goal", ""))

    def start(self, request: PageRequest, values: dict[str, Any]) -> HttpResponse:
        """Do what the button says with a form that is right."""
        training = start_training(
            actor=request.actor,
            version_id=values["version"].pk,
            family=values["family"],
            seed=values["seed"],
            name=values["name"],
            params=settings_of(values["family"], request.POST.dict()),
            goal=goal_of(values["goal"]),
        )
        return redirect("modeling:training", training.pk)

    def _show(self, request: PageRequest, form: TrainingForm | None, version: str, goal: str) -> HttpResponse:
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
            "form": form or TrainingForm(initial={"version": chosen, "goal": wanted.key if wanted else ""}),
            "versions": versions,
            "chosen": chosen,
            "goals": [{"key": row.key, "title": goal_title(row), "here": row == wanted} for row in goals],
            "searched": searchable_families(wanted.task) if wanted else [],
            "most": {"trials": MOST_TRIALS, "workers": MOST_WORKERS, "trial_seconds": MOST_SECONDS},
            "wished": {name: request.POST.get(name, value) for name, value in _WISHED.items()},
            "cards": family_cards(wanted.task, (sent or {}).get("family", AUTO), sent) if wanted else [],
        }
        return render(request, "modeling/training_new.html", context, status=200 if form is None else 400)


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
    smaller: CompressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page of a training, with forms that were sent and are wrong."""
    rows = Training.objects.visible_to(request.actor)
    rows = rows.select_related("version__dataset", "job", "model", "created_by", "compression__model__training")
    training = get_object_or_404(rows, pk=pk)
    model = getattr(training, "model", None)
    family = family_of(training.family)
    kept = family_of((training.report or {}).get("family", training.family))
    others = Training.objects.visible_to(request.actor).filter(version=training.version_id).exclude(rows_key="")
    context = {
        "training": training,
        "model": model,
        "family": family.title if family else training.family,
        "kept_family": kept,
        "task": TASK_TITLES.get(training.task, training.task),
        "report": ReportView(training.report) if training.report else None,
        "exportable": bool(kept and kept.exportable),
        "slices": slices_of(training) if training.rows_key else [],
        "others": others.exclude(pk=training.pk).order_by("-pk")[:20] if training.rows_key else [],
        "bundles": model.bundles.order_by("-pk") if model else [],
        "form": form or ExportForm(),
        "smaller": (smaller or CompressForm()) if training.task in TEACHING else None,
        "compressions": model.compressions.select_related("job").order_by("-pk")[:5] if model else [],
        "can_write": request.actor.can("model.write"),
    }
    return render(request, "modeling/training.html", context, status=status)
