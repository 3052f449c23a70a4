"""Comments of a project, or of all of them, with filters that stand in the address."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage
from core.number import whole_number
from labeling.engine.schema import parse_schema
from labeling.models import Comment
from labeling.pages.project import rights_of
from labeling.querysets.comment import SEERS
from labeling.services.comment import Wish, change_comment, find_comments, may_clear, pieces
from labeling.services.project import find_project, text_of

READ = ("label", "review", "project.write", "data.read")
STATES = (("open", gettext_lazy("unresolved")), ("resolved", gettext_lazy("resolved")), ("all", gettext_lazy("all")))
NAMED = (("", gettext_lazy("anybody")), ("me", gettext_lazy("me")))
KINDS = (("", gettext_lazy("comments and flags")), ("flags", gettext_lazy("only flags")))


class CommentForm(forms.Form):
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)
    mentions = forms.ChoiceField(label=gettext_lazy("Mentions"), required=False, choices=NAMED)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, choices=KINDS)

    def wish(self) -> Wish:
        """Return what is looked for; what makes no sense is as if it were not said."""
        self.is_valid()
        given = self.cleaned_data
        return Wish(
            state=given.get("state") or "open",
            mine=given.get("mentions") == "me",
            flags=given.get("kind") == "flags",
        )


class CommentsPage(ScopedPage):
    scopes = {"GET": READ}

    def get(self, request: PageRequest, pk: int | None = None) -> HttpResponse:
        project = None if pk is None else find_project(actor=request.actor, project_id=pk)
        form = CommentForm(request.GET)
        wish = form.wish()
        before = whole_number(request.GET.get("cursor", "").removeprefix("after:"))
        rows, older = find_comments(actor=request.actor, wish=wish, project=project, before=before)
        for row in rows:
            _prepare(row, request)
        context = {
            "project": project,
            "form": form,
            "rows": rows,
            "older": "" if older is None else f"after:{older}",
            "is_deep": before is not None,
            "filtered": wish != Wish(),
            **rights_of(request),
        }
        return render(request, "labeling/comments.html", context)


def _prepare(row: Any, request: PageRequest) -> None:
    row.pieces = pieces(row)
    row.may_settle = any(request.actor.can(scope) for scope in READ[:3]) and may_clear(request.actor, row)
    # Who is named on somebody else's task reads the comment and not the item.
    sees_item = any(request.actor.can(scope) for scope in SEERS) or row.writer_id == request.actor.user_id
    row.text = text_of(parse_schema(row.project.schema), row.task.data) if sees_item else ""
    row.about = _title_of(row)


def _title_of(row: Comment) -> str:
    """Return how people call the control that a comment points at."""
    if not row.control:
        return ""
    found: dict[str, str] = next((each for each in row.project.schema["controls"] if each["name"] == row.control), {})
    return str(found.get("title") or row.control)


class CommentStatePage(ScopedPage):
    scopes = {"POST": ("label", "review", "project.write")}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        resolved = request.POST.get("state") == "resolved"
        comment = change_comment(actor=request.actor, comment_id=pk, resolved=resolved)
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            return redirect(back)
        return redirect("labeling:comments", comment.project_id)
