from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from curation.models import Version
from modeling.families import FAMILIES
from modeling.models import Training
from modeling.pages.report import ReportView
from modeling.services.bundle import DEFAULT_LIMIT_POINTS, start_export
from modeling.services.trainable import trainable_versions
from modeling.services.training import start_training

VERSION_CHOICES = 200


class VersionField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        values = {"dataset": obj.dataset.name, "number": obj.number, "rows": obj.row_count}
        return _("%(dataset)s v%(number)s, %(rows)s items") % values


class TrainingForm(forms.Form):
    version = VersionField(queryset=Version.objects.none(), label=gettext_lazy("Version"))
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

    def get(self, request: PageRequest) -> HttpResponse:
        chosen = request.GET.get("version", "")
        form = self._form(request, initial={"version": chosen} if chosen.isdigit() else None)
        return self._show(request, form, next(iter(FAMILIES)))

    def post(self, request: PageRequest) -> HttpResponse:
        form = self._form(request, request.POST)
        if form.is_valid():
            values = form.cleaned_data
            with form_errors(form):
                training = start_training(
                    actor=request.actor,
                    version_id=values["version"].pk,
                    family=values["family"],
                    seed=values["seed"],
                    name=values["name"],
                )
                return redirect("modeling:training", training.pk)
        return self._show(request, form, request.POST.get("family", ""), status=400)

    def _form(self, request: PageRequest, data: Any = None, **options: Any) -> TrainingForm:
        form = TrainingForm(data, **options)
        versions = trainable_versions(actor=request.actor)
        form.fields["version"].queryset = versions  # type: ignore[attr-defined]
        return form

    def _show(self, request: PageRequest, form: TrainingForm, family: str, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "versions": trainable_versions(actor=request.actor).exists(),
            "families": FAMILIES.values(),
            "chosen_family": family,
        }
        return render(request, "modeling/training_new.html", context, status=status)


class TrainingPage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return _show_training(request, pk, ExportForm())


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
        return _show_training(request, pk, form, status=400)


def _show_training(request: PageRequest, pk: int, form: ExportForm, status: int = 200) -> HttpResponse:
    rows = Training.objects.visible_to(request.actor)
    rows = rows.select_related("version__dataset", "job", "model", "created_by")
    training = get_object_or_404(rows, pk=pk)
    model = getattr(training, "model", None)
    family = FAMILIES.get(training.family)
    context = {
        "training": training,
        "model": model,
        "family": family.title if family else training.family,
        "report": ReportView(training.report) if training.report else None,
        "exportable": bool(family and family.exportable),
        "bundles": model.bundles.order_by("-pk") if model else [],
        "form": form,
        "can_write": request.actor.can("model.write"),
    }
    return render(request, "modeling/training.html", context, status=status)
