"""The job that weighs all answers of a project: where people differ is noted, and open tasks go to one more person."""

from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from labeling.models import Project
from labeling.services.dispute import count_answers, count_compared, store_disputes, weigh_answers
from labeling.services.one_more import plan_next, send_open_tasks
from workers.context import JobContext


def run_weighing(*, job: JobContext, project_id: int, sends: bool = False) -> dict[str, Any]:
    """Weigh all answers, keep what people differ on, and send open tasks to one more person if that is asked for.

    Returns:
        The job's result: ``answers`` there were, ``compared`` and ``differing`` tasks, ``methods`` by control,
        ``unweighed`` controls that have no confidence; and ``more``, what
        `labeling.services.one_more.send_open_tasks` says, or null.
    """
    project = Project.objects.visible_to(job.actor).filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    answers = count_answers(project)
    weights, methods, unweighed = weigh_answers(job, project)
    differing = store_disputes(job, project, weights)
    more = send_open_tasks(job=job, project=project, weights=weights) if sends else None
    plan_next(project_id=project.pk)
    return {
        "project": project.pk,
        "answers": answers,
        "compared": count_compared(project),
        "differing": differing,
        "methods": methods,
        "unweighed": unweighed,
        "more": more,
    }
