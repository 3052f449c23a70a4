"""What the labeling page asks for once."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from core.errors import NotFound
from labeling.models import Project
from labeling.services.onboarding import state_now
from labeling.services.queue import Row, progress_of, sit_down


@transaction.atomic
def page_of_project(*, actor: Actor, project_id: int) -> Row:
    """Return the body of ``page/``: the project, the person and the progress.

    Raises:
        NotFound: No such project, or not this actor's to see.
    """
    project = Project.objects.visible_to(actor).filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    person = User.objects.get(pk=actor.user_id)
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
        progress = progress_of(cursor, desk)
    return {
        "project": {
            "id": project.pk,
            "name": project.name,
            "guidelines": project.guidelines,
            "overlap": project.overlap,
            "lease_seconds": project.lease_seconds,
            "skip_reasons": project.skip_reasons,
            "skip_reason_required": project.skip_reason_required,
            "schema": project.schema,
            "schema_revision": project.schema_revision,
        },
        "me": {"id": person.pk, "name": str(person), "language": person.language},
        "progress": progress,
        # Null once the queue is open to this person.
        "onboarding": state_now(actor, desk),
    }
