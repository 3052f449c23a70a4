"""Operators look here at who is on the installation; what changes goes through the pages and their services."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.models import AuditEntry, Membership, Organization, Token, User

admin.site.unregister(Group)
MOST_COUNTED = 10_000


class CheapPaginator(Paginator):
    """Counts no further than some thousand rows, so that a list of millions opens at once."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return len(rows.order_by().values_list("pk", flat=True)[:MOST_COUNTED])
        return len(rows)


class ReadOnlyAdmin(ModelAdmin):
    """A list and a look; nothing is added, changed or deleted past the services."""

    paginator = CheapPaginator
    show_full_result_count = False
    list_per_page = 50
    compressed_fields = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["name", "slug", "created_at"]
    search_fields: ClassVar = ["name", "slug"]
    ordering: ClassVar = ["-pk"]


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["email", "name", "language", "is_active", "is_staff", "last_login", "created_at"]
    list_filter: ClassVar = ["is_active", "is_staff", "language"]
    search_fields: ClassVar = ["email", "name"]
    ordering: ClassVar = ["-pk"]
    fields: ClassVar = [
        "email",
        "name",
        "language",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "created_at",
    ]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["user", "organization", "role", "created_at"]
    list_filter: ClassVar = ["role"]
    list_select_related: ClassVar = ["user", "organization"]
    search_fields: ClassVar = ["user__email", "organization__name"]
    raw_id_fields: ClassVar = ["user", "organization"]
    ordering: ClassVar = ["-pk"]


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    # Never the digest: what is not shown cannot be tried elsewhere.
    fields: ClassVar = [
        *("organization", "user", "name", "prefix", "scopes"),
        *("created_at", "expires_at", "revoked_at", "last_used_at"),
    ]
    list_display: ClassVar = ["name", "prefix", "user", "organization", "last_used_at", "expires_at", "revoked_at"]
    list_select_related: ClassVar = ["user", "organization"]
    search_fields: ClassVar = ["name", "prefix", "user__email"]
    raw_id_fields: ClassVar = ["user", "organization"]
    ordering: ClassVar = ["-pk"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["at", "organization", "who", "action", "subject", "request_id"]
    list_select_related: ClassVar = ["user", "organization"]
    search_fields: ClassVar = ["action", "subject", "request_id"]
    raw_id_fields: ClassVar = ["organization", "user", "token"]
    ordering: ClassVar = ["-pk"]

    @admin.display(description=_("person"), ordering="user")
    def who(self, entry: AuditEntry) -> str:
        return str(entry.user) if entry.user else str(_("the system"))
