"""Projects of Label Studio's clients: made of a title and an XML, and spoken of in the words of that XML."""

from typing import Any

import pyarrow as pa
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError
from curation.engine.pictures.facts import FACTS
from curation.models import Dataset, Version
from curation.services.dataset import create_dataset
from curation.services.version import commit_empty
from labeling.engine.formats.label_studio_words import FILE, PICTURE, Words, words_of_config, words_of_schema
from labeling.engine.formats.record import FormatError
from labeling.engine.schema import parse_schema
from labeling.models import LabelStudioProject, Project, SchemaRevision
from labeling.services.label_studio.waiting import settle_arrivals
from labeling.services.project import change_project, create_project, find_project
from labeling.services.schema_change import change_schema
from workers.models import Job

# Names that are tried when a title is taken: clients send the same one again and again.
MOST_NAMESAKES = 200
LONGEST_NAME = 120


def read_words(xml: str) -> Words:
    """Return the words of a configuration.

    Raises:
        DomainError: ``label_config_invalid`` with what it is or asks that there is not here.
    """
    try:
        return words_of_config(xml)
    except FormatError as error:
        raise DomainError("label_config_invalid", error.message, field="label_config") from None


def words_of(project: Project) -> Words:
    """Return the words of a project: of its XML while the questions are those of the XML, else of its questions."""
    own = getattr(project, "label_studio", None)
    if own is not None and own.schema_revision == project.schema_revision:
        return words_of_config(own.label_config)
    return words_of_schema(parse_schema(project.schema))


@transaction.atomic
def make_project(
    *, actor: Actor, title: str, label_config: str, description: str = "", guidelines: str = "", overlap: int = 1
) -> Project:
    """Make a dataset without items and a project on it; what is imported becomes their items and tasks.

    A title that is taken gets a number, as clients that are run twice send it twice.

    Raises:
        DomainError: ``label_config_invalid``. Conflict: ``project_exists`` when hundreds have the title.
    """
    words = read_words(label_config)
    name = _free_title(actor, title)
    dataset = create_dataset(actor=actor, name=name)
    version = _version_without_items(actor, dataset, words)
    project, _job = create_project(
        actor=actor,
        version_id=version.pk,
        name=name,
        schema=words.schema.to_json(),
        guidelines=guidelines,
        overlap=overlap,
    )
    LabelStudioProject.objects.create(project=project, label_config=label_config, description=description)
    return find_project(actor=actor, project_id=project.pk)


def _version_without_items(actor: Actor, dataset: Dataset, words: Words) -> Version:
    """Return a version that has the columns that are asked about and no rows."""
    columns: dict[str, pa.DataType] = {"item_id": pa.int64()}
    if words.picture:
        columns |= {PICTURE: pa.string(), FILE: pa.string(), **FACTS}
    columns |= {name: pa.string() for name in words.schema.needed if name not in columns}
    roles = {"image": PICTURE} if words.picture else {}
    if words.schema.texts:
        roles["text"] = words.schema.texts[0]
    return commit_empty(actor=actor, dataset=dataset, schema=pa.schema(list(columns.items())), roles=roles)


def _free_title(actor: Actor, title: str) -> str:
    wanted = " ".join(title.replace("\0", "").split())[:LONGEST_NAME] or _("Label Studio project")
    stem = wanted[: LONGEST_NAME - 6]
    names = [wanted, *(f"{stem} ({number})" for number in range(2, MOST_NAMESAKES))]
    taken = set(Project.objects.visible_to(actor).filter(name__in=names).values_list("name", flat=True))
    sets = Dataset.objects.visible_to(actor).filter(name__in=names, deleted_at=None)
    taken |= set(sets.values_list("name", flat=True))
    free = next((name for name in names if name not in taken), None)
    if free is None:
        raise Conflict("project_exists", _("Too many projects are called %(name)s.") % {"name": wanted}, field="title")
    return free


def alter_project(
    *, actor: Actor, project_id: int, label_config: str | None = None, **changes: Any
) -> tuple[Project, Job | None]:
    """Change what a project asks, its name, guidelines, description or places for each task.

    Answers are brought along to other questions by a job, which is returned, as they are when questions are changed on
    the project's page.

    Raises:
        NotFound: No such project.
        DomainError: ``label_config_invalid``, ``schema_invalid`` when the XML shows a field that no item has.
        Conflict: ``project_exists``, ``questions_changing``, ``items_arriving``.
    """
    project = find_project(actor=actor, project_id=project_id)
    job = None
    if label_config is not None:
        settle_arrivals(actor=actor, project=project)
        job = _ask_otherwise(actor, project, label_config)
    description = changes.pop("description", None)
    if description is not None:
        LabelStudioProject.objects.filter(project=project).update(description=description)
    if changes:
        change_project(actor=actor, project_id=project_id, **changes)
    return find_project(actor=actor, project_id=project_id), job


@transaction.atomic
def _ask_otherwise(actor: Actor, project: Project, label_config: str) -> Job | None:
    words = read_words(label_config)
    # The dataset's row before the project's, as an import locks them.
    Dataset.objects.select_for_update().get(pk=project.version.dataset_id)
    # Nothing came yet, so it may be about other fields, and there are no answers to bring along.
    empty = Project.objects.select_for_update().filter(pk=project.pk, task_count=0).first()
    job = None
    if empty is not None:
        changed = _begin_anew(actor, empty, words)
    else:
        changed, job = change_schema(
            actor=actor,
            project_id=project.pk,
            schema=words.schema.to_json(),
            schema_revision=project.schema_revision,
        )
    values = {"label_config": label_config, "schema_revision": changed.schema_revision}
    LabelStudioProject.objects.update_or_create(project=project, defaults=values)
    return job


def _begin_anew(actor: Actor, project: Project, words: Words) -> Project:
    before, after = project.schema, words.schema.to_json()
    project.version = _version_without_items(actor, project.version.dataset, words)
    project.schema, project.schema_revision = after, project.schema_revision + 1
    project.save(update_fields=["version", "schema", "schema_revision", "updated_at"])
    SchemaRevision.objects.create(
        project=project,
        revision=project.schema_revision,
        before=before,
        after=after,
        changed_by_id=actor.user_id or None,
        changed_at=timezone.now(),
    )
    facts = {"revision": project.schema_revision, "version": project.version_id}
    audit.record(actor=actor, action="project.change_schema", subject=f"project:{project.pk}", **facts)
    return project


def answer_counts(projects: list[Project]) -> dict[int, tuple[int, int]]:
    """Return for each project how many answers and how many skips it has: a sum over one row for each person."""
    rows = Project.objects.filter(pk__in=[project.pk for project in projects])
    sums = rows.annotate(given=Sum("progress__answers"), left=Sum("progress__skipped"))
    return {pk: (given or 0, left or 0) for pk, given, left in sums.values_list("pk", "given", "left")}
