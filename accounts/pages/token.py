from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts.models import Token
from accounts.pages.view import ScopedPage, form_errors, page_of, refused
from accounts.roles import SCOPES
from accounts.services.token import create_token, revoke_token

LIFETIMES = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("One year")),
    ("never", gettext_lazy("Until it is revoked")),
]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("What uses it, so that you know later which one to revoke."),
    )
    lifetime = forms.ChoiceField(label=gettext_lazy("Valid for"), choices=LIFETIMES, initial="90")
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )

    def __init__(self, held: frozenset[str], data: Any = None) -> None:
        super().__init__(data)
        self.fields["scopes"].choices = [row for row in SCOPES.items() if row[0] in held]  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """Return the form as arguments of `create_token`."""
        days = self.cleaned_data["lifetime"]
        expires_at = None if days == "never" else timezone.now() + timedelta(days=int(days))
        return {"name": self.cleaned_data["name"], "scopes": self.cleaned_data["scopes"], "expires_at": expires_at}


class TokensPage(ScopedPage):
    scopes = {"GET": None}

    def get(self, request: HttpRequest) -> HttpResponse:
        page = page_of(request, _tokens(request).select_related("user"))
        return render(request, "accounts/tokens.html", {"page": page, "now": timezone.now()})


class AddTokenPage(ScopedPage):
    scopes = {"GET": None, "POST": None}
    template = "accounts/token_add.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.actor.scopes)  # type: ignore[attr-defined]
        return render(request, self.template, {"form": form})

    @method_decorator(never_cache)
    @sensitive_variables("secret", "made")
    def post(self, request: HttpRequest) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        form, made = TokenForm(actor.scopes, request.POST), None
        if form.is_valid():
            with form_errors(form):
                made = create_token(actor=actor, **form.arguments())
        if made is None:
            return refused(request, self.template, {"form": form})
        token, secret = made
        return render(request, "accounts/token_added.html", {"token": token, "secret": secret})


class RevokeTokenPage(ScopedPage):
    scopes = {"POST": None}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = get_object_or_404(_tokens(request), pk=pk)
        revoke_token(actor=request.actor, token_id=token.pk)  # type: ignore[attr-defined]
        messages.success(request, _("The token %(name)s no longer works.") % {"name": token.name})
        return redirect("accounts:tokens")


def _tokens(request: HttpRequest) -> Any:
    """Return the person's own tokens, and everybody's for who may change members."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = Token.objects.visible_to(actor)
    return rows if actor.can("member.write") else rows.filter(user_id=actor.user_id)
