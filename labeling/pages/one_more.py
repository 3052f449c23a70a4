"""Asking one more person where the answers leave the label open: target, caps, and what came of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from labeling.models import Project
from labeling.pages.project import rights_of
from labeling.services.dispute import weighings
from labeling.services.one_more import (
    LEAST_EVERY,
    MOST_ANSWERS,
    MOST_CAP,
    MOST_EVERY,
    REASONS,
    change_target,
    last_sending,
    start_sending,
)
from labeling.services.project import find_project

WHY: dict[str, str | Promise] = {
    "waiting": gettext_lazy("wait for an answer"),
    "decided": gettext_lazy("have a final answer that somebody decided"),
    "most": gettext_lazy("have as many answers as one item may get"),
    "people": gettext_lazy("were answered by everybody who labels here"),
    "cap": gettext_lazy("are not sent, since the cap is met"),
}
OFF: dict[str, str | Promise] = {
    "target": gettext_lazy("There is no target, so nothing is sent."),
    "assigned": gettext_lazy("People get only what is assigned to them here, so nothing is sent by itself."),
    "unweighed": gettext_lazy("No question of this project has a confidence: words and tables cannot be weighed."),
}


class TargetForm(forms.Form):
    target = forms.FloatField(
        label=gettext_lazy("Target confidence, in per cent"), min_value=0, max_value=99.9,
        help_text=gettext_lazy("From 50 on; 0 asks nobody more."), widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip
    most_answers = forms.IntegerField(
        label=gettext_lazy("Most answers to one item"), min_value=1, max_value=MOST_ANSWERS
    )
    extra_cap = forms.IntegerField(label=gettext_lazy("Most extra answers in all"), min_value=0, max_value=MOST_CAP)
    weigh_every = forms.IntegerField(
        label=gettext_lazy("Look again after so many answers"), min_value=LEAST_EVERY, max_value=MOST_EVERY
    )

    @classmethod
    def of(cls, project: Project) -> "TargetForm":
        """Return the form as the project has it."""
        fields = {name: getattr(project, name) for name in ("most_answers", "extra_cap", "weigh_every")}
        return cls(initial={"target": f"{project.target_confidence * 100:.6g}", **fields})


class OneMorePage(ScopedPage):
    scopes = {"GET": ("data.read", "review", "project.write"), "POST": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        if request.POST.get("step") == "send":
            try:
                start_sending(actor=request.actor, project_id=pk)
            except DomainError as error:
                messages.error(request, str(error.detail))
            return redirect("labeling:one-more", pk)
        form = TargetForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            target = given.pop("target") / 100
            with form_errors(form):
                change_target(actor=request.actor, project_id=pk, target_confidence=target, **given)
                messages.success(request, _("Noted."))
                return redirect("labeling:one-more", pk)
        return self._show(request, project, form)

    def _show(self, request: PageRequest, project: Project, form: TargetForm | None = None) -> HttpResponse:
        jobs = weighings(actor=request.actor, project=project).order_by("-pk")
        last = last_sending(actor=request.actor, project=project)
        more = (last.result or {}).get("more") if last is not None else None
        rights = rights_of(request)
        context = {
            "project": project,
            "form": form or TargetForm.of(project),
            "target": f"{project.target_confidence:.4g}",
            "percent": f"{project.target_confidence * 100:g}",
            "left": max(0, project.extra_cap - project.extra_sent),
            "last": last,
            "more": more,
            "reasons": _reasons(more),
            "off": OFF.get((more or {}).get("off", ""), ""),
            "open_job": jobs.filter(finished_at=None).first(),
            "may_change": rights["may_write"] and project.state != "archived",
            **rights,
        }
        return render(request, "labeling/one_more.html", context, status=200 if form is None else 400)


def _reasons(more: dict[str, Any] | None) -> list[dict[str, Any]]:
    counts = (more or {}).get("reasons", {})
    return [{"why": WHY[name], "count": counts[name]} for name in REASONS if counts.get(name)]
