from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.actor import Actor
from accounts.pages.view import ScopedPage, page_of
from core.permissions import Scopes
from workers.models import OPEN_STATES, Job, JobState
from workers.services.job import cancel_job, retry_job

WHO_MAY_STEER: Scopes = ("data.write", "project.write", "model.write")
# What the tabs of the list show, by their name in the address.
TABS: dict[str, tuple[str, ...]] = {
    "": (),
    "open": OPEN_STATES,
    "failed": (JobState.FAILED,),
    "succeeded": (JobState.SUCCEEDED,),
    "cancelled": (JobState.CANCELLED,),
}


class JobsPage(ScopedPage):
    scopes = {"GET": None}

    def get(self, request: HttpRequest) -> HttpResponse:
        tab = request.GET.get("state", "")
        tab = tab if tab in TABS else ""
        rows = _jobs(request.actor).filter(parent=None)  # type: ignore[attr-defined]
        rows = rows.filter(state__in=TABS[tab]) if tab else rows
        page = page_of(request, rows.select_related("created_by").defer("params", "result", "saved_state"))
        return render(request, "workers/jobs.html", {"page": page, "tab": tab})


class JobPage(ScopedPage):
    scopes = {"GET": None}

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        job = get_object_or_404(_jobs(actor).select_related("created_by").defer("saved_state"), pk=pk)
        may_steer = any(actor.can(scope) for scope in WHO_MAY_STEER or ())
        return render(request, "workers/job.html", {"job": job, "may_steer": may_steer})


class CancelJobPage(ScopedPage):
    scopes = {"POST": WHO_MAY_STEER}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(_jobs(request.actor), pk=pk)  # type: ignore[attr-defined]
        cancel_job(actor=request.actor, job_id=job.pk)  # type: ignore[attr-defined]
        return redirect("workers:job", job.pk)


class RetryJobPage(ScopedPage):
    scopes = {"POST": WHO_MAY_STEER}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(_jobs(request.actor), pk=pk)  # type: ignore[attr-defined]
        retry_job(actor=request.actor, job_id=job.pk)  # type: ignore[attr-defined]
        return redirect("workers:job", job.pk)


def _jobs(actor: Actor) -> Any:
    """Return the organization's jobs, or for who sees no data only those that they asked for."""
    rows = Job.objects.visible_to(actor)
    return rows if actor.can("data.read") or actor.can("model.read") else rows.filter(created_by_id=actor.user_id)
