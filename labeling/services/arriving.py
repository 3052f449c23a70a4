"""Items that came to a project and are in no version yet: the job that brings them into one, and who waits for it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import LabelStudioTask, Project
from workers.models import Job, JobState
from workers.services.job import enqueue

KIND = "labeling.grow_version"


def are_arriving(project: Project) -> bool:
    """Tell whether a project has tasks whose items are in no version yet."""
    return bool(LabelStudioTask.objects.filter(project=project, waiting__isnull=False).exists())


def send_growth(*, actor: Actor, project: Project) -> Job | None:
    """Send the job that brings new items into a version; None while one waits to begin.

    One that runs already may have looked before these items came, so it does not count.
    """
    subject = f"project:{project.pk}"
    rows = Job.objects.filter(organization_id=project.organization_id, kind=KIND, subject=subject)
    if rows.filter(state=JobState.QUEUED).exists():
        return None
    title = _("New items of %(project)s") % {"project": project.name}
    return enqueue(kind=KIND, actor=actor, params={"project_id": project.pk}, title=title, subject=subject)


def refuse_while_arriving(*, actor: Actor, project: Project) -> None:
    """Raise Conflict ``items_arriving`` while items of a project are in no version yet; what reads one would lack them.

    A job that failed is sent again.
    """
    if not are_arriving(project):
        return
    subject = f"project:{project.pk}"
    jobs = Job.objects.filter(organization_id=project.organization_id, kind=KIND, subject=subject)
    if not jobs.filter(finished_at=None).exists():
        with transaction.atomic():
            send_growth(actor=actor, project=project)
    detail = _("New items are being brought into a version. Send this again in a moment.")
    raise Conflict("items_arriving", detail, retry_after=1)
