"""The queue of suspected label errors; every button works without the script too."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from core.number import whole_number
from curation.pages.picture import thumb
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Project, SuspectKind, SuspectLabel, SuspectState
from labeling.pages.project import rights_of
from labeling.pages.suspect_mark import excerpt_of, frame_of
from labeling.services.label_error import (
    DECISIONS,
    count_kinds,
    count_suspects,
    decide_suspect,
    find_suspects,
    last_search,
    may_be_judged,
    start_search,
)
from labeling.services.project import find_project, text_of

SEEN = ("review", "project.write", "data.read")
SEARCH = ("review", "project.write")
TITLES = (
    (SuspectState.OPEN, gettext_lazy("To look at")),
    (SuspectState.ACCEPTED, gettext_lazy("Changed")),
    (SuspectState.KEPT, gettext_lazy("Kept")),
)
# The texts of label-errors.js.
WORDS = [
    *(gettext_noop("Saving…"), gettext_noop("Kept"), gettext_noop("Undone")),
    gettext_noop("There is nothing to undo."),
]


class DecideForm(forms.Form):
    suspect = forms.IntegerField(min_value=1, max_value=2**62)
    decision = forms.ChoiceField(choices=[(name, name) for name in DECISIONS])


@method_decorator(ensure_csrf_cookie, name="dispatch")
class LabelErrorsPage(ScopedPage):
    scopes = {"GET": SEEN, "POST": SEARCH}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        state = request.GET.get("state", SuspectState.OPEN)
        state = state if state in SuspectState.values else SuspectState.OPEN
        after = whole_number(request.GET.get("cursor", "").removeprefix("after:"))
        control, kind = request.GET.get("control"), request.GET.get("kind", "")
        kind = kind if kind in SuspectKind.values else ""
        found = find_suspects(
            actor=request.actor, project=project, state=state, after=after, control=control, kind=kind
        )
        for row in found.rows:
            _prepare(row, schema, request)
        counts = count_suspects(actor=request.actor, project=project)
        job = last_search(actor=request.actor, project=project)
        result = (job.result or {}) if job is not None and job.state == "succeeded" else {}
        context = {
            "project": project,
            "rows": found.rows,
            "older": "" if found.after is None else f"after:{found.after}",
            "is_deep": after is not None,
            "state": state,
            "states": [
                {"title": title, "rows": counts[name], "url": _address(pk, name), "chosen": name == state}
                for name, title in TITLES
            ],
            "groups": _groups(request, project, schema, state, (control, kind)),
            "job": job,
            "open_job": job if job is not None and job.finished_at is None else None,
            "result": result,
            "share": f"{result.get('accuracy_cv', 0):.0%}",
            "searched": _searched(schema, result),
            "may_be_judged": may_be_judged(schema),
            "has_marks": any(row.control for row in found.rows),
            "may_search": any(request.actor.can(scope) for scope in SEARCH) and project.state != "archived",
            "may_decide": request.actor.can("review") and project.state != "archived",
            "page_words": {text: _(text) for text in WORDS},
            **rights_of(request),
        }
        return render(request, "labeling/label_errors.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        try:
            start_search(actor=request.actor, project_id=pk)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, str(error.detail))
        return redirect("labeling:label-errors", pk)


class DecideSuspectPage(ScopedPage):
    scopes = {"POST": "review"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = DecideForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("This answer could not be read. Choose again."))
            return redirect("labeling:label-errors", pk)
        try:
            number, decision = form.cleaned_data["suspect"], form.cleaned_data["decision"]
            decide_suspect(actor=request.actor, suspect_id=number, decision=decision)
        except DomainError as error:
            messages.error(request, str(error.detail))
        state, narrowed = request.GET.get("state", ""), (request.GET.get("control"), request.GET.get("kind"))
        state = state if state in SuspectState.values else SuspectState.OPEN
        return redirect(_address(pk, state, control=narrowed[0], kind=narrowed[1]))


def _address(pk: int, state: str, **more: str | None) -> str:
    asked = {name: value for name, value in more.items() if value is not None}
    asked |= {} if state == "open" else {"state": state}
    return reverse("labeling:label-errors", args=[pk]) + (f"?{urlencode(asked)}" if asked else "")


def _groups(
    request: PageRequest, project: Project, schema: Schema, state: str, chosen: tuple[str | None, str]
) -> list[dict[str, Any]]:
    """Return what the rows can be narrowed to, with how many there are; nothing where all are of one kind."""
    counted = count_kinds(actor=request.actor, project=project, state=state)
    several = len({control for control, _kind, _rows in counted}) > 1
    if len(counted) < 2 and chosen == (None, ""):
        return []
    every = {"title": _("All"), "rows": sum(rows for _control, _kind, rows in counted), "name": "all"}
    found = [{**every, "url": _address(project.pk, state), "chosen": chosen == (None, "")}]
    for control, kind, rows in counted:
        title = SuspectKind(kind).label
        found.append(
            {
                "title": f"{_control_title(schema, control)}: {title}" if several else title,
                "rows": rows,
                "name": f"{control}/{kind}",
                "url": _address(project.pk, state, control=control, kind=kind),
                "chosen": chosen == (control, kind),
            }
        )
    return found


def _control_title(schema: Schema, name: str) -> str:
    control = schema.by_name.get(name) if name else schema.choice
    return (control.title or control.name) if control is not None else name


def _searched(schema: Schema, result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the last search says of spans and shapes, a row for each control."""
    return [
        {
            **row,
            "title": _control_title(schema, row["control"]),
            "share": None if row.get("accuracy_cv") is None else f"{row['accuracy_cv']:.0%}",
        }
        for row in result.get("controls", [])
    ]


def _prepare(row: Any, schema: Schema, request: PageRequest) -> None:
    """Add what the page shows of a row, and where its answer opens."""
    row.excerpt, row.frame = excerpt_of(schema, row), frame_of(schema, row)
    row.text = "" if row.excerpt or row.frame else text_of(schema, row.task.data)
    row.thumb = "" if row.excerpt or row.frame else thumb(str(row.task.data.get(schema.picture) or ""))
    row.percent = round(row.score * 100, 1)
    row.given_titles = _titles(schema, row.control, row.given)
    row.suggested_titles = _titles(schema, row.control, row.suggested)
    row.taken = _taken(row)
    row.group = f"{row.control}/{row.kind}"
    row.opens = _place_of(row, request)


def _titles(schema: Schema, name: str, values: list[str]) -> list[str]:
    control: Any = schema.by_name.get(name) if name else schema.choice
    titles = {label.value: label.title for label in control.labels} if control is not None else {}
    return [titles.get(value) or value for value in values]


def _taken(row: Any) -> str:
    """Return what has become of a row's answer when the suggestion was taken."""
    label = ", ".join(row.suggested_titles)
    said = {
        SuspectKind.LABEL: _("Changed to {label}"),
        SuspectKind.SPURIOUS: _("Mark removed"),
        SuspectKind.OVERLOOKED: _("Marked as {label}"),
        SuspectKind.EDGE: _("Borders moved"),
    }
    return said[row.kind].format(label=label)


def _place_of(row: SuspectLabel, request: PageRequest) -> str:
    """Return the address of the labeling page on this answer; empty when it is not this person's to open."""
    answer = row.answer  # type: ignore[attr-defined]
    if answer is None:
        return ""
    is_own = answer.annotator_id == request.actor.user_id
    name = "labeling:label" if is_own else "labeling:review"
    if not request.actor.can("label" if is_own else "review"):
        return ""
    return f"{reverse(name, args=[row.project_id])}?annotation={row.annotation_number}{_mark_in_address(row)}"


def _mark_in_address(row: SuspectLabel) -> str:
    """Return what leads the labeling page to a suspicion's mark, as the part of the address behind its #.

    Of a mark that is missing, or whose borders are doubted, it says where it should be: `from` and `to` in code points.
    """
    if not row.control:
        return ""
    asked: dict[str, Any] = {"control": row.control, "mark": row.mark}
    if row.after is not None:
        asked["label"] = row.after["label"]
        if row.kind in (SuspectKind.OVERLOOKED, SuspectKind.EDGE):
            asked |= {"from": row.after["start"], "to": row.after["end"]}
    return f"#{urlencode(asked)}"
