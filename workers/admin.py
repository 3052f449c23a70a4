"""Operators look here at the jobs of all organizations, send failed ones again and stop running ones."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.actor import Actor
from accounts.admin import ReadOnlyAdmin
from core.errors import DomainError
from workers.models import Job
from workers.services.job import cancel_job, retry_job

LABELS = {
    "succeeded": "success",
    "failed": "danger",
    "running": "info",
    "cancelling": "warning",
}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display: ClassVar = ["title", "kind", "shown_state", "age", "attempt", "organization", "shown_error"]
    list_filter: ClassVar = ["state", "kind"]
    list_select_related: ClassVar = ["organization"]
    search_fields: ClassVar = ["title", "subject", "request_id"]
    raw_id_fields: ClassVar = ["organization", "created_by"]
    ordering: ClassVar = ["-pk"]
    actions: ClassVar = ["retry", "cancel"]
    fields: ClassVar = [
        *("title", "kind", "subject", "organization", "created_by", "state", "stage", "attempt"),
        *("done", "total", "rows_done", "rows_refused", "shown_params", "shown_problem", "shown_result"),
        *("request_id", "created_at", "published_at", "started_at", "heartbeat_at", "finished_at"),
    ]
    readonly_fields: ClassVar = ["shown_params", "shown_problem", "shown_result"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("saved_state")  # type: ignore[no-any-return]

    @display(description=_("state"), ordering="state", label=LABELS)
    def shown_state(self, job: Job) -> tuple[str, str]:
        return job.state, job.get_state_display()

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, job: Job) -> str:
        return timesince(job.created_at, job.finished_at)

    @admin.display(description=_("error"))
    def shown_error(self, job: Job) -> str:
        return str((job.error or {}).get("code", "")) or "–"

    @admin.display(description=_("parameters"))
    def shown_params(self, job: Job) -> str:
        return _as_text(job.params)

    @admin.display(description=_("error"))
    def shown_problem(self, job: Job) -> str:
        return _as_text(job.error)

    @admin.display(description=_("result"))
    def shown_result(self, job: Job) -> str:
        return _as_text(job.result)

    # A staff member may look (view permission); steering other people's jobs is for those who may change them.
    def has_steer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workers.change_job")

    @admin.action(description=_("Try again what failed or was cancelled"), permissions=["steer"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        _steer(self, request, queryset, retry_job)

    @admin.action(description=_("Cancel what waits or runs"), permissions=["steer"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        _steer(self, request, queryset, cancel_job)


def _steer(view: JobAdmin, request: HttpRequest, jobs: QuerySet[Job], service: Callable[..., Job]) -> None:
    """Call one service for each job, under the operator's own name in the job's organization."""
    done = 0
    for job in jobs.order_by("pk"):
        actor = Actor(
            request.user.pk or 0, job.organization_id, "operator", frozenset(), request_id=_request_id(request)
        )
        try:
            service(actor=actor, job_id=job.pk)
            done += 1
        except DomainError as error:
            text = gettext("%(title)s (number %(id)s): %(reason)s")
            values = {"title": job.title, "id": job.pk, "reason": error.detail}
            view.message_user(request, text % values, messages.WARNING)
    if done:
        view.message_user(
            request,
            ngettext("%(count)s job is on its way.", "%(count)s jobs are on their way.", done) % {"count": done},
        )


def _request_id(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _as_text(value: Any) -> str:
    if not value:
        return "–"
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False)[:20_000])
