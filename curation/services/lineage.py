"""How the versions of a dataset came about and what was made of them, as a graph that a page can draw."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, ForeignKey, Model
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import NotFound
from curation.models import Dataset, Provenance, Run, Version
from curation.services.dependency import page_of_row, title_of

# The newest versions; a graph of more would not be read. Older ones are counted.
VERSION_LIMIT = 60
# Rows of one relation that are drawn, such as the trainings on all versions of the dataset.
ROW_LIMIT = 40
# From a version to its training, model, bundle, deployment.
DEPTH = 4


@dataclass(slots=True)
class Node:
    """A thing in the graph.

    Attributes:
        key: ``app.model:pk``.
        model: ``app.model``.
        title: What people call it.
        url: Its page, empty when it has none.
        made_at: When.
        detail: One line more, such as the rows of a version.
        parents: Keys of what it was made from, drawn above it.
        tags: Tags of a version.
        state: ``trashed`` or ``purged``, empty otherwise.
    """

    key: str
    model: str
    title: str
    url: str
    made_at: datetime
    detail: dict[str, Any] = field(default_factory=dict)
    parents: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    state: str = ""


def dataset_lineage(*, actor: Actor, dataset_id: int) -> tuple[list[Node], int]:
    """Return the nodes of a dataset's graph, parents before children, and how many older versions were left out.

    Curation draws its own uploads, versions and runs. Rows of other apps come in by themselves when a foreign key
    ties them to something drawn, the actor's organization owns them and they have a page named ``app:model``:
    projects, trainings, bundles, deployments, and whatever later apps add. The number of queries depends on how many
    such models there are, never on how many rows.

    Raises:
        NotFound: No such dataset.
    """
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    newest = list(
        Version.objects.filter(dataset=dataset)
        .defer("manifest")
        .select_related("made_by", "job")
        .prefetch_related("tags")
        .order_by("-number")[: VERSION_LIMIT + 1]
    )
    left_out = max(0, dataset.versions.count() - VERSION_LIMIT) if len(newest) > VERSION_LIMIT else 0
    versions = newest[:VERSION_LIMIT][::-1]
    nodes = {node.key: node for node in _own(dataset, versions)}
    if actor.can("project.write") or actor.can("model.read"):
        _add_others(actor, nodes, versions)
    return _ordered(nodes), left_out


def _own(dataset: Dataset, versions: list[Version]) -> Iterable[Node]:
    drawn = {version.pk for version in versions}
    sources = Provenance.objects.filter(version__in=[version.pk for version in versions]).exclude(upload=None)
    # Of files imported together the first that was taken stands for all.
    firsts = sources.order_by("version", "first_item_id").distinct("version").select_related("upload")
    uploads = {row.version_id: row.upload for row in firsts.defer("upload__profile")}
    counts = dict(sources.order_by().values_list("version").annotate(count=Count("pk")))
    for version in versions:
        parents = []
        upload = uploads.get(version.pk)
        run: Run | None = getattr(version, "made_by", None)
        above = [_key(version, version.parent_id)] if version.parent_id in drawn else []
        if upload is not None:
            others = counts[version.pk] - 1
            name = f"{upload.file_name} +{others}" if others else upload.file_name
            made = min(upload.created_at, version.created_at)
            yield Node(_key(upload), _label(upload), name, page_of_row(upload), made)
            parents.append(_key(upload))
        if run is not None:
            steps = len(run.steps.get("steps", []))
            made = min(run.created_at, version.created_at)
            yield Node(_key(run), _label(run), "", page_of_row(run), made, {"steps": steps}, above)
            parents.append(_key(run))
        else:
            parents += above
        state = "purged" if version.purged_at else "trashed" if version.trashed_at else ""
        tags = sorted(tag.name for tag in version.tags.all())
        detail = {"rows": version.row_count, "kind": version.get_kind_display(), "note": version.note}
        yield Node(
            _key(version), _label(version), f"v{version.number}", page_of_row(version), version.created_at, detail,
            parents, tags, state,
        )  # fmt: skip


def _add_others(actor: Actor, nodes: dict[str, Node], versions: list[Version]) -> None:
    """Walk from the versions along foreign keys to rows of other apps that have a page, level by level.

    A model without a page of its own, such as that of a trained model between training and bundle, is walked through.
    """
    level: dict[type[Model], dict[int, str]] = {Version: {version.pk: _key(version) for version in versions}}
    seen: set[tuple[str, int]] = set()
    for _depth in range(DEPTH):
        following: dict[type[Model], dict[int, str]] = {}
        for relation in [relation for model in level for relation in _relations(model)]:
            above = level[relation.model]
            for row in _rows(actor, relation, above):
                mark = (_label(row), row.pk)
                parent = above[getattr(row, relation.field.attname)]
                if mark in seen:
                    continue
                seen.add(mark)
                url = page_of_row(row)
                if url:
                    node = Node(_key(row), _label(row), title_of(row), url, _made_at(row), parents=[parent])
                    nodes[node.key], parent = node, node.key
                following.setdefault(type(row), {})[row.pk] = parent
        level = following


def _relations(model: type[Model]) -> list[Any]:
    """Return the foreign keys of other apps' tenant tables to a model."""
    found = [relation for relation in model._meta.related_objects if isinstance(relation.field, ForeignKey)]
    return [relation for relation in found if _drawn(relation.related_model)]


def _drawn(model: type[Model]) -> bool:
    own = model._meta.app_label in ("accounts", "workers", Version._meta.app_label)
    names = {entry.name for entry in model._meta.get_fields()}
    return not own and "organization" in names and "created_at" in names


def _rows(actor: Actor, relation: Any, above: dict[int, str]) -> list[Any]:
    model = relation.related_model
    rows = model._base_manager.filter(
        organization_id=actor.organization_id, **{f"{relation.field.name}__in": list(above)}
    )
    heavy = [entry.name for entry in model._meta.concrete_fields if entry.get_internal_type() == "JSONField"]
    return list(rows.defer(*heavy).order_by("-pk")[:ROW_LIMIT])[::-1]


def _ordered(nodes: dict[str, Node]) -> list[Node]:
    """Return the nodes by time, but never a child above its parents."""
    waiting = sorted(nodes.values(), key=lambda node: (node.made_at, node.key))
    done: dict[str, Node] = {}
    while waiting:
        ready = [node for node in waiting if all(key in done or key not in nodes for key in node.parents)]
        # A circle cannot come from foreign keys that are set once; were there one, it would be drawn by time.
        first = ready[0] if ready else waiting[0]
        done[first.key] = first
        waiting.remove(first)
    return list(done.values())


def _made_at(row: Any) -> datetime:
    made: datetime = row.created_at
    return made


def _label(row: Model) -> str:
    return row._meta.label_lower


def _key(row: Model, pk: int | None = None) -> str:
    return f"{row._meta.label_lower}:{row.pk if pk is None else pk}"
