from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from accounts.pages.session import remember_language
from accounts.pages.view import ScopedPage, form_errors, refused
from accounts.services.profile import change_password, update_profile

TEMPLATE = "accounts/profile.html"
# Each language by its own name: who cannot read the present one finds theirs.
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Shown to the members of your organizations."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)


class PasswordForm(forms.Form):
    old = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=1000,
        help_text=password_validators_help_text_html,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _context(user: Any, **forms_: forms.Form) -> dict[str, Any]:
    profile = ProfileForm(initial={"name": user.name, "language": user.language})
    return {"profile": profile, "password": PasswordForm(), **forms_}


class ProfilePage(ScopedPage):
    scopes = {"GET": None, "POST": None}

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, TEMPLATE, _context(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProfileForm(request.POST)
        if not form.is_valid():
            return refused(request, TEMPLATE, _context(request.user, profile=form))
        user = update_profile(user_id=request.user.pk or 0, **form.cleaned_data)
        with override(user.language):
            messages.success(request, _("Your profile is saved."))
        response = redirect("accounts:profile")
        remember_language(response, user.language)
        return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordPage(ScopedPage):
    scopes = {"POST": None}

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        user: User | None = None
        if form.is_valid():
            with form_errors(form):
                actor = request.actor  # type: ignore[attr-defined]
                user = change_password(actor=actor, user_id=request.user.pk or 0, **form.cleaned_data)
        if user is None:
            return refused(request, TEMPLATE, _context(request.user, password=form))
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed. Sessions on other devices have ended."))
        return redirect("accounts:profile")
