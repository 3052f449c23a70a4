"""Projects over the demo's pictures of hands that show digits."""

import zipfile

from accounts.actor import Actor
from curation.demo import SETS
from curation.engine.pictures.taking import take
from curation.services.media import store_pictures
from labeling.models import Project, Task
from labeling.services.project import schema_for_labels
from tests import factories


def hands(actor: Actor, labels: tuple[str, ...]) -> tuple[Project, dict[int, str]]:
    """Return a project over the ten pictures of each label that nobody answered, and what each item shows."""
    with zipfile.ZipFile(SETS["sign_digits"].path) as archive:
        names = [name for name in archive.namelist() if name.split("/")[0] in labels and not name.endswith("/")]
        pictures = [take(archive.read(name), name) for name in names]
    store_pictures(organization_id=actor.organization_id, pictures=pictures)
    schema = schema_for_labels(labels=list(labels), image_field="image")
    project = factories.project(actor, schema=schema, suggest_every=0, lease_seconds=900)
    rows = [
        Task(project=project, item_id=n, data={"image": picture.sha256}, overlap=1, open_slots=1)
        for n, picture in enumerate(pictures, 1)
    ]
    Task.objects.bulk_create(rows)
    Project.objects.filter(pk=project.pk).update(task_count=len(rows))
    return project, {n: name.split("/")[0] for n, name in enumerate(names, 1)}
