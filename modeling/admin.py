from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from modeling.models import (
    Bundle,
    Check,
    Compression,
    Deployment,
    DeploymentRevision,
    Model,
    PredictionUsage,
    Search,
    Training,
)


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Operators look; the services write."""

    ordering = ("-pk",)
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Training)
class TrainingAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "name", "family", "version", "job", "device", "created_at")
    list_select_related = ("organization", "version", "job")
    list_filter = ("family", "job__state")
    search_fields = ("name", "fingerprint")


@admin.register(Search)
class SearchAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "name", "family", "version", "trials", "job", "created_at")
    list_select_related = ("organization", "version", "job")
    list_filter = ("family", "job__state")
    search_fields = ("name",)


@admin.register(Compression)
class CompressionAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "model", "limit_drop", "limit_bytes", "limit_ms", "job", "created_at")
    list_select_related = ("organization", "model", "job")
    list_filter = ("job__state",)


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "kind", "name", "training", "version", "job", "created_at")
    list_select_related = ("organization", "training", "version", "job")
    list_filter = ("kind", "job__state")
    search_fields = ("name",)


@admin.register(Model)
class ModelAdminPage(ReadOnlyAdmin):
    list_display = ("id", "organization", "training", "sha256", "byte_count", "created_at")
    list_select_related = ("organization", "training")
    search_fields = ("sha256", "fingerprint")


@admin.register(Bundle)
class BundleAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "model", "state", "limit_points", "sha256", "byte_count", "created_at")
    list_select_related = ("organization", "model")
    list_filter = ("state",)
    search_fields = ("sha256",)


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("id", "organization", "name", "slug", "state", "bundle", "updated_at")
    list_select_related = ("organization", "bundle")
    list_filter = ("state",)
    search_fields = ("name", "slug")


@admin.register(DeploymentRevision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ("id", "deployment", "number", "bundle", "reason", "created_by", "created_at")
    list_select_related = ("deployment", "bundle", "created_by")


@admin.register(PredictionUsage)
class UsageAdmin(ReadOnlyAdmin):
    list_display = ("id", "deployment", "token_number", "day", "request_count", "text_count", "busy_microseconds")
    list_select_related = ("deployment",)
