"""Automatic acceptance of a project: how it is set, what it accepted, what the audit measures, and giving back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from core.number import whole_number
from labeling.models import Project
from labeling.pages.project import rights_of
from labeling.services.acceptance import acceptance_page, change_acceptance
from labeling.services.acceptance_return import give_back
from labeling.services.acceptance_round import ACCEPTED, NO_THRESHOLD, NOTHING_SURE, TOO_FEW, TOO_SMALL
from labeling.services.project import find_project
from workers.models import Job

JOBS = ("labeling.give_back", "modeling.suggest")


class AcceptForm(forms.Form):
    target = forms.FloatField(
        label=gettext_lazy("Precision that is promised, in per cent"),
        min_value=50,
        max_value=99.9,
        help_text=gettext_lazy("Another target begins a new audit."),
    )
    audit_share = forms.IntegerField(
        label=gettext_lazy("Audit, in per cent of what is accepted"),
        min_value=1,
        max_value=50,
        help_text=gettext_lazy("People answer these without seeing what the model says; 30 items at least."),
    )
    labels_from = forms.IntegerField(
        label=gettext_lazy("Not before so many labeled items"), min_value=50, max_value=1_000_000
    )
    gives_back = forms.BooleanField(
        label=gettext_lazy("When the audit falls below the target, give accepted items back to people at once"),
        required=False,
    )


class BackForm(forms.Form):
    below = forms.FloatField(
        label=gettext_lazy("Only answers less sure than, in per cent"),
        min_value=0,
        max_value=100,
        required=False,
        help_text=gettext_lazy("Empty for all."),
    )


class AcceptancePage(ScopedPage):
    scopes = {"GET": ("data.read", "review", "project.write"), "POST": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        steps = {"settings": self._settings, "switch": self._switch, "back": self._back}
        carry_out = steps.get(request.POST.get("step", ""))
        refused = None if carry_out is None else carry_out(request, project)
        if refused is not None:
            return self._show(request, project, **refused)
        return redirect("labeling:acceptance", pk)

    def _settings(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = AcceptForm(request.POST)
        if form.is_valid():
            chosen = {**form.cleaned_data, "target": round(form.cleaned_data["target"] / 100, 6)}
            with form_errors(form):
                change_acceptance(actor=request.actor, project_id=project.pk, **chosen)
                messages.success(request, _("Noted."))
                return None
        return {"form": form}

    def _switch(self, request: PageRequest, project: Project) -> None:
        accepts = request.POST.get("accepts") == "on"
        try:
            change_acceptance(actor=request.actor, project_id=project.pk, accepts=accepts)
        except DomainError as error:
            messages.error(request, str(error.detail))

    def _back(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = BackForm(request.POST)
        if not form.is_valid():
            return {"back": form}
        below = form.cleaned_data["below"]
        give_back(
            actor=request.actor,
            project_id=project.pk,
            below=None if below is None else below / 100,
            round_id=whole_number(request.POST.get("round", "")) or None,
        )
        messages.success(request, _("The items go back to people; a job does it."))
        return None

    def _show(self, request: PageRequest, project: Project, **refused: Any) -> HttpResponse:
        before = whole_number(request.GET.get("cursor", ""))
        found = acceptance_page(actor=request.actor, project=project, before=before)
        jobs = Job.objects.visible_to(request.actor).filter(
            subject=f"project:{project.pk}", kind__in=JOBS, finished_at=None
        )
        shown = {name: found[name] for name in ("audit_share", "labels_from", "gives_back")}
        context = {
            "project": project,
            "found": found,
            "state": state_words(found, project),
            "plot": plot_of(found["measured"], found["target"]),
            "rounds": [{**row, "plot": plot_of(row["audit"], row["target"])} for row in found["rounds"]],
            "is_deep": before is not None,
            "form": AcceptForm(initial={**shown, "target": f"{100 * found['target']:.4g}"}),
            "back": BackForm(),
            "open_job": jobs.first(),
            **rights_of(request),
            **refused,
        }
        return render(request, "labeling/acceptance.html", context, status=400 if refused else 200)


def percent(share: float) -> str:
    """Return a share as per cent with one place, without the sign."""
    return number_format(round(100 * share, 1), 1 if round(100 * share, 1) % 1 else 0)


def state_words(found: dict[str, Any], project: Project) -> str:
    """Return what became of it last, in a sentence; empty when there is nothing to say."""
    if found["stopped_at"]:
        stopped = found["stopped_by"]
        values = {
            "right": stopped["right"],
            "all": stopped["right"] + stopped["wrong"],
            "target": percent(stopped["target"]),
            "round": stopped["round"],
        }
        if stopped["round"]:
            sentence = _(
                "People gave the same answer to %(right)s of %(all)s audited items of round %(round)s. With a "
                "precision of %(target)s %% that would hardly come by chance."
            )
        else:
            sentence = _(
                "People gave the same answer to %(right)s of %(all)s audited items. With a precision of %(target)s %% "
                "that would hardly come by chance."
            )
        return sentence % values
    if not found["accepts"]:
        return ""
    if not project.suggest_every:
        return _("This project asks for no suggestions by itself; answers are accepted when somebody asks for them.")
    return _last_words(found["last"])


def _last_words(last: dict[str, Any]) -> str:
    code = last.get("code")
    values = {name: number_format(value, force_grouping=True) for name, value in last.items() if isinstance(value, int)}
    if code == TOO_FEW:
        return _("There are %(labels)s of the %(needed)s labeled items that are needed before it starts.") % values
    if code == NO_THRESHOLD:
        values |= {"target": percent(last["target"])}
        if last.get("right") is None:
            return _("Too few items have another label than the most frequent one to judge the model by.")
        values |= {"right": percent(last["right"])}
        sentence = _(
            "On %(labels)s labeled items that it had not learned from, the model is right on %(right)s %%, and at no "
            "confidence do they vouch for %(target)s %%. More labels may: %(needed)s above one confidence, all right, "
            "are the least."
        )
        return sentence % values
    if code == NOTHING_SURE:
        return _("Of what waits, nothing reaches the confidence that is needed.")
    if code == TOO_SMALL:
        sentence = _("%(sure)s items reach the confidence, and the audit alone needs %(audit)s. People answer them.")
        return sentence % values
    if code == ACCEPTED:
        sentence = _("The last job accepted %(accepted)s answers and left %(audit)s among people's tasks as audit.")
        return sentence % values
    return _("The next suggestion job looks at what it may accept.")


def plot_of(audit: dict[str, Any], target: float) -> dict[str, Any] | None:
    """Return where an interval, its point and the target stand between the axis' ends, as per cent of its width."""
    if audit["interval"] is None:
        return None
    low, high = audit["interval"]
    start = max(0.0, int(10 * min(low, target - 0.05)) / 10)

    def place(value: float) -> str:
        # A little room on both sides, for the point at an end.
        return f"{2 + 96 * (value - start) / (1 - start):.2f}%"

    ends = {"start": percent(start), "low": percent(low), "high": percent(high), "target": percent(target)}
    return {
        "low": place(low),
        "high": place(high),
        "point": place(audit["precision"]),
        "target": place(target),
        "half": place((1 + start) / 2),
        "words": {**ends, "half": percent((1 + start) / 2), "precision": percent(audit["precision"])},
        "is_below": high < target,
    }
