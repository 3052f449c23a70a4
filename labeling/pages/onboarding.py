"""How new people come into a project: the rules, what is marked for them, and who is how far."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from core.number import whole_number
from labeling.engine.onboarding import MOST_ATTEMPTS, MOST_TASKS, right_needed
from labeling.models import Project
from labeling.pages.project import rights_of
from labeling.services.onboarding_gate import marked_for
from labeling.services.onboarding_people import grant_attempt, let_pass, onboarding_people, reset_onboarding
from labeling.services.project import change_project, find_project

ACTS = {
    "let_pass": (let_pass, gettext_lazy("%(name)s gets work from now on.")),
    "grant_attempt": (grant_attempt, gettext_lazy("%(name)s can take the test once more.")),
    "reset": (reset_onboarding, gettext_lazy("%(name)s begins anew with the training.")),
}


class OnboardingForm(forms.Form):
    onboarding = forms.BooleanField(
        label=gettext_lazy("New people go through training and a test before they get work"), required=False
    )
    onboarding_training = forms.IntegerField(
        label=gettext_lazy("Training tasks for each person"),
        min_value=0,
        max_value=MOST_TASKS,
        help_text=gettext_lazy("After each one people read whether they were right, and why. 0: no training."),
    )
    onboarding_test = forms.IntegerField(
        label=gettext_lazy("Test tasks for each person"),
        min_value=0,
        max_value=MOST_TASKS,
        help_text=gettext_lazy("Nothing is told before the end. 0: no test."),
    )
    onboarding_least = forms.IntegerField(
        label=gettext_lazy("Right answers that are needed, in per cent"), min_value=1, max_value=100
    )
    onboarding_attempts = forms.IntegerField(
        label=gettext_lazy("Tests that a person may take"), min_value=1, max_value=MOST_ATTEMPTS
    )
    onboarding_tells = forms.BooleanField(
        label=gettext_lazy("After a test, tell what was wrong"),
        required=False,
        help_text=gettext_lazy("The right answers are told once the person has passed or has no attempt left."),
    )
    onboarding_everybody = forms.BooleanField(
        label=gettext_lazy("Also people who have answered here before"),
        required=False,
        help_text=gettext_lazy("Otherwise they go on working. Whoever may know the right answers is never asked."),
    )


class OnboardingPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        if request.POST.get("step") == "settings":
            form = OnboardingForm(request.POST)
            if form.is_valid():
                with form_errors(form):
                    change_project(actor=request.actor, project_id=project.pk, **form.cleaned_data)
                    messages.success(request, _("Noted."))
                    return redirect("labeling:onboarding", pk)
            return self._show(request, project, settings=form)
        self._act(request, project)
        return redirect("labeling:onboarding", pk)

    def _act(self, request: PageRequest, project: Project) -> None:
        act = ACTS.get(request.POST.get("step", ""))
        person = whole_number(request.POST.get("person", "")) or 0
        if act is None:
            return
        try:
            act[0](actor=request.actor, project_id=project.pk, person=person)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return
        rows = onboarding_people(actor=request.actor, project=project)
        name = next((row["name"] for row in rows if row["user"] == person), f"#{person}")
        messages.success(request, act[1] % {"name": name})

    def _show(self, request: PageRequest, project: Project, **refused: Any) -> HttpResponse:
        marked = marked_for(project)
        asked = min(project.onboarding_test, marked["test"])
        context = {
            "project": project,
            "settings": OnboardingForm(initial={name: getattr(project, name) for name in OnboardingForm.base_fields}),
            "marked": marked,
            "asked": asked,
            "needed": right_needed(answers=asked, least=project.onboarding_least),
            "warnings": _warnings(project, marked),
            "repeats": asked > 0 and project.onboarding_attempts > 1 and marked["test"] < 2 * asked,
            "people": onboarding_people(actor=request.actor, project=project),
            **rights_of(request),
            **refused,
        }
        return render(request, "labeling/onboarding.html", context, status=400 if refused else 200)


def _warnings(project: Project, marked: dict[str, int]) -> list[str]:
    """Say what the rules ask for and nothing is marked for."""
    found = []
    if project.onboarding_test and not marked["test"]:
        found.append(_("No item is marked for the test, so nobody can pass. Mark some known answers as test items."))
    elif marked["test"] < project.onboarding_test:
        text = ngettext(
            "Only %(marked)s item is marked for the test: everybody gets it instead of %(asked)s.",
            "Only %(marked)s items are marked for the test: everybody gets these instead of %(asked)s.",
            marked["test"],
        )
        found.append(text % {"marked": marked["test"], "asked": project.onboarding_test})
    if project.onboarding_training and not marked["training"]:
        found.append(_("No item is marked for training: people go straight to the test."))
    return found
