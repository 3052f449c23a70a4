"""Projects as Label Studio's clients make, list, read and change them."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from labeling.api.label_studio.base import (
    SEEN,
    WRITE,
    LabelStudioView,
    body,
    listed,
    number_of,
    page_of,
    unsupported,
)
from labeling.api.label_studio.people import simple_user
from labeling.models import Project
from labeling.services.label_studio.project import alter_project, answer_counts, make_project, read_words, words_of
from labeling.services.label_studio.waiting import wait_for
from labeling.services.project import find_project

LONGEST_TEXT = 50_000
# Settings that change how Label Studio's page looks or what its enterprise edition does, and nothing here.
_IGNORED = frozenset(
    {
        "color", "show_instruction", "show_skip_button", "show_annotation_history", "show_ground_truth_first",
        "show_overlap_first", "show_collab_predictions", "show_unused_data_columns_to_annotators", "workspace",
        "enable_empty_annotation", "is_draft", "is_published", "min_annotations_to_start_training", "created_by",
        "control_weights", "parsed_label_config", "id", "organization", "model_version", "sampling",
        "task_data_login", "task_data_password", "skip_queue", "reveal_preannotations_interactively",
        "evaluate_predictions_automatically", "pinned_at", "start_training_on_annotation_update",
    }
)  # fmt: skip
_TAKEN = frozenset({"title", "label_config", "description", "expert_instruction", "maximum_annotations"})


def project_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a body as our services take them.

    Raises:
        DomainError: ``setting_invalid``, ``not_supported``.
    """
    for name in given.keys() - _TAKEN - _IGNORED:
        if given[name] not in (None, False, "", [], {}):
            unsupported(_("The setting %(name)s") % {"name": name[:60]}, _("Leave it out."))
    found: dict[str, Any] = {}
    limits = {"title": 255, "label_config": 1 << 20, "description": LONGEST_TEXT, "expert_instruction": LONGEST_TEXT}
    for name, longest in limits.items():
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            detail = _("%(name)s must be a text of at most %(longest)s characters.")
            raise DomainError("setting_invalid", detail % {"name": name, "longest": longest}, field=name)
        found[name] = value
    if given.get("maximum_annotations") is not None:
        overlap = number_of(given["maximum_annotations"], "maximum_annotations")
        if overlap > 20:
            detail = _("At most 20 people answer one task. Lower maximum_annotations.")
            raise DomainError("setting_invalid", detail, field="maximum_annotations")
        found["overlap"] = overlap
    return found


def show_project(project: Project, counts: tuple[int, int]) -> dict[str, Any]:
    """Return a project as Label Studio shows it.

    Args:
        project: With its row of LabelStudioProject, where it has one.
        counts: Its answers, skips among them, and its skips.
    """
    own = getattr(project, "label_studio", None)
    given, skipped = counts
    # Of one answer for each task the count of answers is that of tasks; else no counter tells it.
    single = project.overlap == 1 and not project.extra_answers
    done = given - skipped if single else None
    words = words_of(project)
    return {
        "id": project.pk,
        "title": project.name,
        "description": own.description if own is not None else "",
        "label_config": words.xml,
        "expert_instruction": project.guidelines,
        "show_instruction": False,
        "show_skip_button": True,
        "enable_empty_annotation": True,
        "show_annotation_history": False,
        "organization": project.organization_id,
        "color": "",
        "maximum_annotations": project.overlap,
        "is_published": project.state == "open",
        "is_draft": False,
        "model_version": "",
        "created_by": simple_user(project.created_by) if project.created_by else None,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "min_annotations_to_start_training": 0,
        "task_number": project.task_count,
        "finished_task_number": done,
        "num_tasks_with_annotations": done,
        "total_annotations_number": given - skipped,
        "skipped_annotations_number": skipped,
        "total_predictions_number": None,
        "ground_truth_number": None,
        "useful_annotation_number": given - skipped,
        "sampling": "Sequential sampling",
        "parsed_label_config": {},
        "config_has_control_tags": True,
        "state": project.state,
    }


class ProjectListView(LabelStudioView):
    """The projects of the organization."""

    scopes = {"GET": SEEN, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        page, size = page_of(request)
        rows = Project.objects.visible_to(request.actor)  # type: ignore[attr-defined]
        if request.query_params.get("title"):
            rows = rows.filter(name__icontains=request.query_params["title"][:120].replace("\0", ""))
        if request.query_params.get("ids"):
            wanted = [number_of(each.strip(), "ids") for each in request.query_params["ids"].split(",")[:1_000]]
            rows = rows.filter(pk__in=wanted)
        count = rows.count()
        some = list(rows.select_related("label_studio", "created_by").order_by("-pk")[(page - 1) * size : page * size])
        counts = answer_counts(some)
        return listed(request, [show_project(row, counts[row.pk]) for row in some], count, page, size)

    def post(self, request: Request) -> Response:
        """Make a project of a title and an XML; it has no tasks yet."""
        given = project_settings(body(request))
        if not given.get("label_config", "").strip():
            detail = _("Send label_config: the XML of what is asked. A project here asks something from its beginning.")
            raise DomainError("label_config_missing", detail, field="label_config")
        project = make_project(
            actor=request.actor,  # type: ignore[attr-defined]
            title=given.get("title", ""),
            label_config=given["label_config"],
            description=given.get("description", ""),
            guidelines=given.get("expert_instruction", ""),
            overlap=given.get("overlap", 1),
        )
        return Response(show_project(project, (0, 0)), status=201)


class ProjectView(LabelStudioView):
    """One project."""

    model = Project
    scopes = {"GET": SEEN, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """Show it."""
        project = find_project(actor=request.actor, project_id=int(pk))  # type: ignore[attr-defined]
        return Response(show_project(project, answer_counts([project])[project.pk]))

    def patch(self, request: Request, pk: str) -> Response:
        """Change its title, guidelines, description, places for each task, or what it asks."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=int(pk))
        given = project_settings(body(request))
        renamed = {"title": "name", "expert_instruction": "guidelines"}
        changes = {renamed.get(name, name): value for name, value in given.items()}
        if "name" in changes:
            changes["name"] = " ".join(changes["name"].split())[:120]
            if not changes["name"]:
                raise DomainError("setting_invalid", _("Give the project a title."), field="title")
        project, job = alter_project(actor=actor, project_id=int(pk), **changes)
        # Tasks and answers are refused until answers are brought along, and clients go on at once.
        wait_for(job)
        return Response(show_project(project, answer_counts([project])[project.pk]))

    def delete(self, request: Request, pk: str) -> Response:
        """Say that projects are archived."""
        find_project(actor=request.actor, project_id=int(pk))  # type: ignore[attr-defined]
        unsupported(
            _("Deleting a project"),
            _("Archive it: PATCH /api/v1/projects/%(id)s/ with the state archived, or on its page.") % {"id": pk},
        )


class ValidateView(LabelStudioView):
    """A configuration, before a project is made of it."""

    scopes = {"POST": SEEN}

    def post(self, request: Request) -> Response:
        """Say whether it can be asked here; 204 when it can."""
        _validated(request)
        return Response(status=204)


class ProjectValidateView(LabelStudioView):
    """A configuration for a project."""

    model = Project
    scopes = {"POST": SEEN}

    def post(self, request: Request, pk: str) -> Response:
        """Say whether it can be asked here, and give it back when it can."""
        find_project(actor=request.actor, project_id=int(pk))  # type: ignore[attr-defined]
        return Response({"label_config": _validated(request)})


def _validated(request: Request) -> str:
    given = project_settings({"label_config": body(request).get("label_config")})
    xml: str = given.get("label_config", "")
    read_words(xml)
    return xml
