"""Signing in and out, and what a session remembers: the organization and the language."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.middleware import SESSION_KEY
from accounts.pages.view import ScopedPage, refused
from accounts.services.profile import find_membership, set_language
from accounts.services.sign_in import sign_in
from core.errors import DomainError
from core.number import whole_number

YEAR = 365 * 24 * 3600


class SignInForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignInPage(View):
    template = "accounts/sign_in.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(_next(request))
        return render(request, self.template, {"form": SignInForm(), "next": request.GET.get("next", "")})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        context: dict[str, Any] = {"form": form, "next": request.POST.get("next", "")}
        if not form.is_valid():
            return refused(request, self.template, context)
        try:
            user = sign_in(
                **form.cleaned_data, address=client_address(request), request_id=getattr(request, "request_id", "")
            )
        except DomainError as error:
            return render(request, self.template, {**context, "problem": error}, status=error.status)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        response = HttpResponseRedirect(_next(request))
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and user.language != settings.LANGUAGE_CODE:
            remember_language(response, user.language)
        return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("accounts:sign-in")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Works for anybody, since the sign-in page offers it too."""
    language = request.POST.get("language", "")
    try:
        set_language(user_id=request.user.pk or 0, language=language)
    except DomainError as error:
        return render(request, "core/400.html", {"detail": error.detail}, status=400)
    response = HttpResponseRedirect(_next(request))
    remember_language(response, language)
    return response


class SwitchOrganizationPage(ScopedPage):
    scopes = {"POST": None}

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = whole_number(request.POST.get("organization", "")) or 0
        membership = find_membership(user_id=request.user.pk or 0, organization_id=wanted)
        request.session[SESSION_KEY] = membership.organization_id
        messages.info(request, _("You work in %(name)s now.") % {"name": membership.organization.name})
        return redirect("accounts:home")


def remember_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def client_address(request: HttpRequest) -> str:
    """Return the browser's address; the proxy's word counts only where the operator says that there is one."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()[:45]
    return request.META.get("REMOTE_ADDR", "")[:45]


def _next(request: HttpRequest) -> str:
    """Return where to go on; an address of another site is ignored."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
