"""Operators' lists: to look, never to change."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from labeling.models import (
    Annotation,
    LabelingRule,
    Lease,
    Onboarding,
    Progress,
    Project,
    Suggestion,
    SuspectLabel,
    Task,
)


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "organization", "version", "state", "overlap", "task_count", "created_at")
    list_filter = ("state",)
    list_select_related = ("organization", "version")
    search_fields = ("name",)


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "item_id", "rank", "overlap", "open_slots", "returned_at")


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "task_id", "annotator_id", "expires_at")


@admin.register(Annotation)
class AnnotationAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "task_id", "annotator_id", "skipped", "revision", "created_at")


@admin.register(Progress)
class ProgressAdmin(ReadOnlyAdmin):
    list_display = ("project_id", "annotator", "answers", "skipped", "suggestions_shown", "suggestions_accepted")
    list_select_related = ("annotator",)


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "task_id", "source", "confidence", "created_at")


@admin.register(SuspectLabel)
class SuspectLabelAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "task_id", "annotation_number", "score", "state", "decided_at")
    list_filter = ("state",)


@admin.register(LabelingRule)
class LabelingRuleAdmin(ReadOnlyAdmin):
    list_display = ("id", "project_id", "name", "label", "kind", "enabled", "stopped")
    list_filter = ("kind", "enabled")


@admin.register(Onboarding)
class OnboardingAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "project_id",
        "annotator_id",
        "stage",
        "attempt",
        "answers",
        "right",
        "started_at",
        "passed_at",
    )
    list_filter = ("stage",)
