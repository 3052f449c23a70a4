"""The server that suggests answers for a project: its address and credentials, and the jobs that ask it."""

import io
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.pii.seal import SealError, seal, unseal
from curation.engine.url_guard import UrlRefused, check_form
from curation.services.pseudonym import organization_key
from labeling.models import Backend, BackendState, Project
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.queue import refuse_archived
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.ask_backend"
LONGEST_URL = 500
# Tasks that are asked for when people have gone on: what they get next, and a little more.
LIVE_TASKS = 500
MOST_TASKS = 1_000_000


def find_backend(*, actor: Actor, project: Project) -> Backend | None:
    """Return the server of a project, None when there is none."""
    found: Backend | None = Backend.objects.visible_to(actor).filter(project=project).first()
    return found


@transaction.atomic
def save_backend(
    *, actor: Actor, project_id: int, url: str, user: str = "", password: str | None = None, live: bool = False
) -> Backend:
    """Say which server suggests answers for a project, in place of the one that did.

    Args:
        actor: Who manages the project.
        project_id: The project.
        url: Where the server answers ``health``, ``setup`` and ``predict``; http or https.
        user: For basic authentication; empty for none.
        password: None keeps the one that is stored, as long as address and user stay the same.
        live: Ask it for the next tasks whenever the project's own suggestions are due.

    Raises:
        NotFound: No such project.
        Conflict: ``project_archived``.
        DomainError: ``url_invalid`` and its like, naming the field; ``key_unusable``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_archived(project.state)
    address = _address(url)
    earlier = find_backend(actor=actor, project=project)
    made = earlier or Backend(project=project, created_by_id=actor.user_id or None)
    same = earlier is not None and (made.url, made.user) == (address, user)
    if password is not None:
        made.sealed_password = seal(organization_key(project.organization_id), password.encode()) if password else b""
    elif not same:
        # A password goes to nobody but the server that it was given for.
        made.sealed_password = b""
    if not same:
        made.state, made.model_version, made.problem, made.asked_at = BackendState.NEW, "", "", None
    made.url, made.user, made.live = address, user, live
    made.save()
    audit.record(actor=actor, action="backend.save", subject=f"project:{project.pk}", url=address, live=live)
    return made


# What is said of an address, by the code of `curation.engine.url_guard`; everything else is said as it comes.
_PROBLEMS = {
    "url_invalid": gettext_lazy("This is not a web address."),
    "url_scheme": gettext_lazy("The address must begin with https:// or http://."),
    "url_credentials": gettext_lazy("The address holds a user name or password. Write them into their own fields."),
    "host_unknown": gettext_lazy("The host cannot be found."),
    "host_not_public": gettext_lazy(
        "The host is not on the public internet. An operator may allow it by name (ASSAY_FETCH_ALLOWED_HOSTS)."
    ),
    "url_unreachable": gettext_lazy("Nobody answers there in a way that can be used."),
    "url_too_slow": gettext_lazy("It did not answer in time."),
    "url_too_large": gettext_lazy("Its answer is too large."),
}


def problem_of(error: UrlRefused) -> str:
    """Return what is wrong with an address or a server, in the language of whoever asks."""
    return str(_PROBLEMS.get(error.code, error.message))


def _address(url: str) -> str:
    address = url.strip().rstrip("/")
    try:
        check_form(address, settings.ASSAY_FETCH_ALLOWED_HOSTS)
    except UrlRefused as error:
        raise DomainError(error.code, problem_of(error), field="url") from None
    if len(address) > LONGEST_URL or "?" in address or "#" in address:
        detail = _("The address of a server has at most 500 characters and no ? or #.")
        raise DomainError("url_invalid", detail, field="url")
    return address


@transaction.atomic
def remove_backend(*, actor: Actor, project_id: int) -> None:
    """Ask this server no more; the suggestions that came of it stay."""
    project = find_project(actor=actor, project_id=project_id, lock=True)
    gone, _rows = Backend.objects.visible_to(actor).filter(project=project).delete()
    if gone:
        audit.record(actor=actor, action="backend.remove", subject=f"project:{project.pk}")


def password_of(backend: Backend, organization_id: int) -> str:
    """Return the password; empty for none.

    Raises:
        DomainError: ``password_lost`` when the organization's key is another one by now.
    """
    if not backend.sealed_password:
        return ""
    try:
        (text,) = unseal(organization_key(organization_id), io.BytesIO(bytes(backend.sealed_password)))
    except (SealError, ValueError):
        detail = _("The password of the server cannot be read any more. Enter it again.")
        raise DomainError("password_lost", detail, field="password") from None
    return text.decode()


@transaction.atomic
def start_ask(*, actor: Actor, project_id: int, tasks: int = 1_000, only_check: bool = False) -> Job:
    """Send the job that asks the server, or return the one that is under way.

    Args:
        actor: Who manages the project.
        project_id: The project.
        tasks: For how many tasks at most, those first that come next; up to 1,000,000.
        only_check: Ask only whether it answers, and for one task to see whether its answer fits.

    Raises:
        NotFound: No such project.
        Conflict: ``no_backend``, ``questions_changing``, ``project_archived``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_archived(project.state)
    refuse_while_changing(project)
    if find_backend(actor=actor, project=project) is None:
        raise Conflict("no_backend", _("No server is named for this project. Name one first."))
    job = send_ask(
        actor=actor, organization_id=project.organization_id, project=project, tasks=tasks, only_check=only_check
    )
    audit.record(actor=actor, action="backend.ask", subject=f"project:{project.pk}", job=job.pk, tasks=tasks)
    return job


def send_ask(*, actor: Actor, organization_id: int, project: Project, tasks: int, only_check: bool = False) -> Job:
    """Send the job, or return the one that is under way."""
    subject = f"project:{project.pk}"
    open_jobs = Job.objects.filter(organization_id=organization_id, kind=KIND, subject=subject, finished_at=None)
    waiting: Job | None = open_jobs.first()
    if waiting is not None:
        return waiting
    params: dict[str, Any] = {"project_id": project.pk, "tasks": min(tasks, MOST_TASKS), "only_check": only_check}
    title = _("Suggestions for %(project)s from its server") % {"project": project.name}
    return enqueue(kind=KIND, actor=actor, params=params, title=title, subject=subject)


def last_ask(*, actor: Actor, project: Project) -> Job | None:
    """Return the newest job that asked the project's server."""
    jobs = Job.objects.visible_to(actor).filter(kind=KIND, subject=f"project:{project.pk}")
    found: Job | None = jobs.order_by("-pk").first()
    return found


def backend_of_job(*, project_id: int, organization_id: int) -> Backend:
    """Return the server that a job is to ask.

    Raises:
        NotFound: Server or project are gone since the job was sent.
    """
    rows = Backend.objects.select_related("project").filter(project__organization_id=organization_id)
    found: Backend | None = rows.filter(project_id=project_id).first()
    if found is None:
        raise NotFound(_("The project names no server any more."))
    return found
