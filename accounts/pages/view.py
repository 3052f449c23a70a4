"""What every page shares: who may open it, how an expected failure is shown, and paging that stays cheap."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from accounts.actor import Actor
from core.errors import DomainError
from core.number import whole_number
from core.permissions import Scopes

PAGE_SIZE = 50


class PageRequest(HttpRequest):
    """A request that `ScopedPage` has let in."""

    actor: Actor


class ScopedPage(View):
    """A page whose verbs name their scopes; None means any member, and a verb that is not named is refused."""

    scopes: ClassVar[dict[str, Scopes]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        verb = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method or ""
        if verb.lower() not in self.http_method_names or not hasattr(self, verb.lower()):
            return self.http_method_not_allowed(request, *args, **kwargs)
        actor = getattr(request, "actor", None)
        if actor is None:
            raise PermissionDenied(_("You belong to no organization yet. Ask a manager to add you."))
        wanted = self.scopes.get(verb, ())
        wanted = (wanted,) if isinstance(wanted, str) else wanted
        if wanted is not None and not any(actor.can(scope) for scope in wanted):
            raise PermissionDenied(_("Your role in this organization does not include this page. Ask a manager."))
        try:
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return render(request, "core/problem.html", {"problem": error}, status=error.status)


@contextmanager
def form_errors(form: BaseForm) -> Iterator[None]:
    """Turn a refusal of the service into an error of the form, at the field that `extra["field"]` names."""
    try:
        yield
    except DomainError as error:
        field = error.extra.get("field")
        form.add_error(field if field in form.fields else None, str(error.detail))


@dataclass(frozen=True)
class Page:
    """Some rows, newest first, and the cursors to go on: `after:ID` to older rows, `before:ID` to newer ones."""

    rows: list[Any]
    next: str
    previous: str


def page_of(request: HttpRequest, queryset: QuerySet[Any], size: int = PAGE_SIZE) -> Page:
    """Cut one page out of a queryset by primary key; the cost does not depend on how deep the page lies."""
    direction, _colon, number = request.GET.get("cursor", "").partition(":")
    place = whole_number(number)
    if direction == "before" and place is not None:
        rows = list(queryset.filter(pk__gt=place).order_by("pk")[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        newer, older = more, bool(rows)
    else:
        deep = direction == "after" and place is not None
        rows = list((queryset.filter(pk__lt=place) if deep else queryset).order_by("-pk")[: size + 1])
        older, rows = len(rows) > size, rows[:size]
        newer = deep and bool(rows)
    return Page(
        rows,
        next=f"after:{rows[-1].pk}" if rows and older else "",
        previous=f"before:{rows[0].pk}" if rows and newer else "",
    )


def refused(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Show a form again with what is wrong with it."""
    return render(request, template, context, status=400)
