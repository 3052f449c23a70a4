"""Who does how much of a project: people, overlap, what is given to whom."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Membership
from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.number import whole_number
from labeling.models import Assignment, AssignmentKind, Project
from labeling.pages.agreement import WARNINGS
from labeling.pages.project import rights_of
from labeling.services.assignment import WORKERS, Order, give_tasks, take_tasks
from labeling.services.gold_check import pause_person, resume_person
from labeling.services.grid import FIELDS
from labeling.services.project import change_project, find_project, project_figures
from labeling.services.quality import find_agreement

# So many members are offered by name.
OFFERED = 200
NEWEST = 8
# What the form shows as fields of its own; the rest of a grid's filter travels along unseen and is told in words.
SHOWN = ("items", "q", "state", "column", "value")
STATES = (
    ("", gettext_lazy("any")),
    ("open", gettext_lazy("nobody answered")),
    ("answered", gettext_lazy("somebody answered")),
)


class OverlapForm(forms.Form):
    overlap = forms.IntegerField(label=gettext_lazy("People for each item"), min_value=1, max_value=20)
    overlap_share = forms.IntegerField(
        label=gettext_lazy("Random share, in per cent"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("Of these items more people are asked, so that agreement can be measured cheaply."),
    )
    overlap_in_share = forms.IntegerField(
        label=gettext_lazy("People for each item of the share"), min_value=1, max_value=20
    )
    overlap_seed = forms.IntegerField(
        label=gettext_lazy("Seed of the draw"),
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("The same seed draws the same items."),
    )


class PullForm(forms.Form):
    only_assigned = forms.BooleanField(
        label=gettext_lazy("People get only what is given to them"),
        required=False,
        help_text=gettext_lazy("Otherwise they get that first, and then what is open to everybody."),
    )


class SkipForm(forms.Form):
    skip_reasons = forms.CharField(
        label=gettext_lazy("Reasons to choose from, one in each line"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Empty: unclear, unreadable, a language that is not read, sensitive content."),
    )
    skip_reason_required = forms.BooleanField(label=gettext_lazy("Whoever skips must say why"), required=False)

    def clean_skip_reasons(self) -> list[str]:
        return [line for line in self.cleaned_data["skip_reasons"].splitlines() if line.strip()]


class AssignForm(forms.Form):
    people = forms.TypedMultipleChoiceField(
        label=gettext_lazy("To whom"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    items = forms.CharField(
        label=gettext_lazy("Items"),
        required=False,
        max_length=60_000,
        widget=forms.TextInput(attrs={"placeholder": "1-500, 712", "autocomplete": "off"}),
        help_text=gettext_lazy("Numbers and ranges; empty means all items that fit the rest."),
    )
    q = forms.CharField(label=gettext_lazy("Text contains"), required=False, max_length=200)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)
    column = forms.ChoiceField(label=gettext_lazy("Column"), required=False)
    value = forms.CharField(label=gettext_lazy("has the value"), required=False, max_length=200)
    each = forms.IntegerField(
        label=gettext_lazy("People for each of them"),
        min_value=1,
        max_value=20,
        initial=1,
        help_text=gettext_lazy("Never more than the item has free places."),
    )
    per_person = forms.IntegerField(
        label=gettext_lazy("Items for each person, at most"),
        required=False,
        min_value=1,
        max_value=10_000_000,
        help_text=gettext_lazy("Empty: everything, split evenly."),
    )
    skill_column = forms.ChoiceField(
        label=gettext_lazy("Match a column to skills"),
        required=False,
        help_text=gettext_lazy("Each item goes to people who have the value of this column, such as zh, as a skill."),
    )

    def __init__(self, project: Project, members: list[Membership], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        columns = [name for name, _kind in project.version.manifest.get("columns", []) if name != "item_id"]
        offered = [("", gettext_lazy("none")), *[(name, name) for name in columns]]
        for name in ("column", "skill_column"):
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        self.fields["people"].choices = [(row.user_id, _named(row)) for row in members]  # type: ignore[attr-defined]

    def order(self, hidden: dict[str, str]) -> Order:
        """Return what was filled in as an order; `hidden` are the parts of a filter without a field here."""
        given = self.cleaned_data
        wanted = {**hidden, **{name: given[name] for name in SHOWN if given[name]}}
        return Order(
            people=given["people"],
            wanted=wanted,
            each=given["each"],
            per_person=given["per_person"],
            skill_column=given["skill_column"],
        )


def _named(row: Membership) -> str:
    return f"{row.user} ({', '.join(row.skills)})" if row.skills else str(row.user)


def _members(request: PageRequest) -> list[Membership]:
    rows = Membership.objects.visible_to(request.actor).filter(role__in=WORKERS)
    return list(rows.select_related("user").order_by("pk")[:OFFERED])


class PeoplePage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}
    template = "labeling/people.html"

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        steps = {"overlap": self._overlap, "pull": self._pull, "assign": self._assign, "take": self._take}
        steps |= {"skip": self._skip}
        steps |= {"pause": self._pause, "resume": self._pause}
        carry_out = steps.get(request.POST.get("step", ""))
        refused = None if carry_out is None else carry_out(request, project)
        return redirect("labeling:people", pk) if refused is None else self._show(request, project, **refused)

    def _overlap(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = OverlapForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                change_project(actor=request.actor, project_id=project.pk, **form.cleaned_data)
                messages.success(request, _("Noted. A job brings the tasks in line."))
                return None
        return {"overlap": form}

    def _pull(self, request: PageRequest, project: Project) -> None:
        form = PullForm(request.POST)
        form.is_valid()
        change_project(
            actor=request.actor, project_id=project.pk, only_assigned=bool(form.cleaned_data.get("only_assigned"))
        )
        messages.success(request, _("Noted."))

    def _skip(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = SkipForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                change_project(actor=request.actor, project_id=project.pk, **form.cleaned_data)
                messages.success(request, _("Noted."))
                return None
        return {"skip": form}

    def _assign(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = AssignForm(project, _members(request), request.POST)
        if form.is_valid():
            with form_errors(form):
                made = give_tasks(actor=request.actor, project_id=project.pk, order=form.order(_hidden(request.POST)))
                messages.success(request, said(made))
                return None
        return {"assign": form}

    def _pause(self, request: PageRequest, project: Project) -> None:
        carry_out = pause_person if request.POST["step"] == "pause" else resume_person
        person = whole_number(request.POST.get("person", "")) or 0
        carry_out(actor=request.actor, project_id=project.pk, person=person)

    def _take(self, request: PageRequest, project: Project) -> None:
        people = [int(text) for text in request.POST.getlist("person") if text.isascii() and text.isdigit()]
        made = take_tasks(actor=request.actor, project_id=project.pk, order=Order(people))
        messages.success(request, said(made))

    def _show(self, request: PageRequest, project: Project, **refused: Any) -> HttpResponse:
        members = _members(request)
        hidden = _hidden(request.POST if request.method == "POST" else request.GET)
        fields = OverlapForm.base_fields
        begun = {name: request.GET.get(name, "") for name in SHOWN}
        context = {
            "project": project,
            "figures": _figures(request, project),
            "overlap": OverlapForm(initial={name: getattr(project, name) for name in fields}),
            "skip": SkipForm(
                initial={
                    "skip_reasons": "\n".join(project.skip_reasons),
                    "skip_reason_required": project.skip_reason_required,
                }
            ),
            "pull": PullForm(initial={"only_assigned": project.only_assigned}),
            "assign": AssignForm(project, members, initial={**begun, "each": 1}),
            "hidden": hidden,
            "came_with_filter": bool(hidden) or any(begun.values()),
            "orders": _newest(project, members),
            **rights_of(request),
            **refused,
        }
        return render(request, self.template, context, status=400 if refused else 200)


def _figures(request: PageRequest, project: Project) -> dict[str, Any]:
    """Return the project's figures, with who labels no more and of whom the newest measure of agreement warns."""
    figures = project_figures(project=project, sees_gold=True)
    members = Membership.objects.visible_to(request.actor).filter(role__in=WORKERS)
    here = set(members.filter(user__in=[row["user"] for row in figures["people"]]).values_list("user", flat=True))
    found = find_agreement(actor=request.actor, project=project)
    rows = [row for control in found.report["controls"] for row in control["people"]] if found else []
    warned = {int(row["name"]): WARNINGS[row["warning"]] for row in rows if row["warning"]}
    for row in figures["people"]:
        row |= {"gone": row["user"] not in here, "warned": warned.get(row["user"], "")}
    return figures


def _hidden(given: Any) -> dict[str, str]:
    """Return the parts of a grid's filter that this form shows no field for."""
    found = {name: str(given.get(name, ""))[:300] for name in FIELDS if name not in SHOWN}
    return {name: value for name, value in found.items() if value}


def _newest(project: Project, members: list[Membership]) -> list[dict[str, Any]]:
    names = {row.user_id: str(row.user) for row in members}
    rows = Assignment.objects.filter(project=project).select_related("job", "created_by").order_by("-pk")[:NEWEST]
    return [
        {
            "row": row,
            "said": said(row),
            "people": ", ".join(names.get(person, f"#{person}") for person in row.people[:6]),
            "more": max(0, len(row.people) - 6),
        }
        for row in rows
    ]


def said(made: Assignment) -> str:
    """Return what became of an order in words."""
    if made.state == "running":
        return _("A job shares the tasks out; the page shows how far it is.")
    places = made.places
    if made.kind == AssignmentKind.TAKE:
        return ngettext("%(count)s task was taken back.", "%(count)s tasks were taken back.", places) % {
            "count": f"{places:,}"
        }
    parts = [ngettext("%(count)s task was given out.", "%(count)s tasks were given out.", places) % {"count": places}]
    sentences = (
        ("full", _("%(count)s have no free place.")),
        ("theirs", _("%(count)s these people have already.")),
        ("enough", _("%(count)s are left, since everybody has as many as you said.")),
    )
    parts += [text % {"count": f"{made.counts[name]:,}"} for name, text in sentences if made.counts.get(name)]
    return " ".join(parts)
