import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts.models import Membership
from accounts.pages.view import ScopedPage, form_errors, page_of, refused
from accounts.roles import ROLE_CHOICES, ROLES, SCOPES
from accounts.services.member import add_member, change_role, change_skills, remove_member
from core.errors import DomainError


class MemberForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLE_CHOICES, initial="annotator")


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLE_CHOICES)


class MembersPage(ScopedPage):
    scopes = {"GET": "member.read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Membership.objects.visible_to(request.actor).select_related("user")  # type: ignore[attr-defined]
        choices = _roles_to_give(request)
        return render(request, "accounts/members.html", {"page": page_of(request, rows), "roles": choices})


class AddMemberPage(ScopedPage):
    scopes = {"GET": "member.write", "POST": "member.write"}
    template = "accounts/member_add.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, self.template, self._context(request, MemberForm()))

    @method_decorator(never_cache)
    @sensitive_variables("password")
    def post(self, request: HttpRequest) -> HttpResponse:
        form = MemberForm(request.POST)
        password, added = secrets.token_urlsafe(12), None
        if form.is_valid():
            with form_errors(form):
                actor = request.actor  # type: ignore[attr-defined]
                added = add_member(actor=actor, password=password, **form.cleaned_data)
        if added is None:
            return refused(request, self.template, self._context(request, form))
        if added.user.check_password(password):
            # A new account: its first password is shown this once, on the answer itself, and kept nowhere.
            return render(request, "accounts/member_added.html", {"membership": added, "password": password})
        messages.success(request, _("%(name)s has joined and signs in as before.") % {"name": added.user})
        return redirect("accounts:members")

    def _context(self, request: HttpRequest, form: MemberForm) -> dict[str, Any]:
        form.fields["role"].choices = _roles_to_give(request)  # type: ignore[attr-defined]
        return {"form": form, "roles": ROLE_CHOICES, "scopes": _matrix()}


class MemberRolePage(ScopedPage):
    scopes = {"POST": "member.write"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = _membership(request, pk)
        form = RoleForm(request.POST)
        if form.is_valid():
            actor = request.actor  # type: ignore[attr-defined]
            changed = change_role(actor=actor, membership_id=membership.pk, role=form.cleaned_data["role"])
            text = _("%(name)s is %(role)s now.")
            messages.success(request, text % {"name": changed.user, "role": changed.get_role_display()})
        return redirect("accounts:members")


class MemberSkillsPage(ScopedPage):
    scopes = {"POST": "member.write"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = _membership(request, pk)
        written = request.POST.get("skills", "").replace("，", ",").replace("、", ",")
        skills = [skill for skill in written.split(",") if skill.strip()]
        try:
            changed = change_skills(actor=request.actor, membership_id=membership.pk, skills=skills)  # type: ignore[attr-defined]
        except DomainError as error:
            messages.error(request, str(error.detail))
        else:
            messages.success(request, _("The skills of %(name)s are noted.") % {"name": changed.user})
        return redirect("accounts:members")


class RemoveMemberPage(ScopedPage):
    scopes = {"POST": "member.write"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = _membership(request, pk)
        remove_member(actor=request.actor, membership_id=membership.pk)  # type: ignore[attr-defined]
        messages.success(request, _("%(name)s is no member any more.") % {"name": membership.user})
        return redirect("accounts:members")


def _membership(request: HttpRequest, pk: int) -> Membership:
    rows = Membership.objects.visible_to(request.actor).select_related("user")  # type: ignore[attr-defined]
    return get_object_or_404(rows, pk=pk)


def _roles_to_give(request: HttpRequest) -> list[tuple[str, Any]]:
    """Return the roles that this person may give; only an owner makes owners."""
    own = request.actor.role  # type: ignore[attr-defined]
    return [(name, title) for name, title in ROLE_CHOICES if name != "owner" or own == "owner"]


def _matrix() -> list[dict[str, Any]]:
    """Return for each scope whether each role has it, in the order of the roles."""
    return [
        {"title": text, "held": [name in ROLES[role] for role, _title in ROLE_CHOICES]} for name, text in SCOPES.items()
    ]
