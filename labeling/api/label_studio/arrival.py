"""Imports of tasks, as Label Studio's clients send them: as JSON, or as files of tasks and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from core.parsers import OrjsonParser
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from labeling.api.label_studio.base import SEEN, WRITE, LabelStudioView, flag_of, unsupported
from labeling.models import LabelStudioImport, LabelStudioTask, Project
from labeling.services.label_studio.arrival import (
    import_state,
    needs_fetching,
    rows_of,
    spooled,
    start_import,
    take_pictures,
)
from labeling.services.label_studio.intake import (
    MOST_BYTES,
    MOST_TASKS,
    MOST_TRUTHS,
    Pictures,
    find_import,
    import_tasks,
    open_for_import,
    truths_in,
)
from labeling.services.label_studio.project import words_of
from labeling.services.label_studio.waiting import wait_for
from labeling.services.project import find_project

# Numbers of tasks in one answer.
MOST_IDS = 100_000
# Of the pictures of one request, in bytes.
MOST_PICTURE_BYTES = 16 << 20


class ImportView(LabelStudioView):
    """Tasks for a project."""

    model = Project
    scopes = {"POST": WRITE}
    parser_classes = (OrjsonParser, MultiPartParser, FormParser)

    def post(self, request: Request, pk: str) -> Response:
        """Take up to 1,000 tasks or 5 MB at once; more, and pictures on the web, are taken by a job."""
        actor = request.actor  # type: ignore[attr-defined]
        project = open_for_import(actor=actor, project_id=int(pk))
        if request.query_params.get("preannotated_from_fields"):
            unsupported("preannotated_from_fields", _("Send “predictions” with each task."))
        if not flag_of(request.query_params.get("commit_to_project", "true")):
            unsupported("commit_to_project=false", _("Leave it out: tasks are imported at once."))
        if request.FILES:
            return self._files(request, project, [each for _name, each in request.FILES.items()])
        if not request.content_type.startswith("application/json"):
            unsupported(_("A form without files"), _("Send tasks as JSON, or files of tasks."))
        rows = request.data if isinstance(request.data, list) else [request.data]
        size = int(request.META.get("CONTENT_LENGTH") or 0)
        if size <= MOST_BYTES and _is_small(project, rows):
            return _taken(request, import_tasks(actor=actor, project_id=project.pk, rows=rows))
        with spooled(_as_json(rows)) as path:
            return _under_way(
                request, start_import(actor=actor, project_id=project.pk, path=path, file_name="tasks.json")
            )

    def _files(self, request: Request, project: Project, files: Sequence[UploadedFile]) -> Response:
        actor = request.actor  # type: ignore[attr-defined]
        pictures = [each for each in files if _is_picture(each)]
        if pictures:
            if len(pictures) < len(files):
                unsupported(_("A request with pictures and files of tasks"), _("Send the pictures first, alone."))
            return _taken(request, self._pictures(actor, project, pictures))
        if len(files) > 1:
            unsupported(_("Several files of tasks at once"), _("Send one after the other."))
        (file,) = files
        name, path = str(file.name or ""), Path(file.temporary_file_path())  # type: ignore[attr-defined]
        words = words_of(project)
        if (file.size or 0) <= MOST_BYTES:
            rows: list[Any] = []
            for row in rows_of(path, name, words):
                rows.append(row)
                if len(rows) > MOST_TASKS:
                    break
            if _is_small(project, rows):
                return _taken(request, import_tasks(actor=actor, project_id=project.pk, rows=rows))
        return _under_way(request, start_import(actor=actor, project_id=project.pk, path=path, file_name=name))

    def _pictures(self, actor: Any, project: Project, files: Sequence[UploadedFile]) -> dict[str, Any]:
        """Make a task of each picture."""
        words = words_of(project)
        if len(words.fields) != 1 or not words.picture:
            unsupported(_("A picture for a project that shows other fields too"), _("Send tasks as JSON."))
        if sum(each.size or 0 for each in files) > MOST_PICTURE_BYTES:
            detail = _("Send at most 16 MB of pictures at once, or tasks with their addresses on the web.")
            raise DomainError("pictures_too_large", detail, status=413)
        given = [(f"/data/upload/{project.pk}/{number}-{each.name}", each.read()) for number, each in enumerate(files)]
        columns = take_pictures(project=project, files=given)
        rows = [{"data": {words.picture: name}} for name, _data in given]
        return import_tasks(actor=actor, project_id=project.pk, rows=rows, pictures=Pictures(columns))


def _is_small(project: Project, rows: Sequence[Any]) -> bool:
    """Tell whether a request takes these tasks itself."""
    few = len(rows) <= MOST_TASKS and truths_in(rows) <= MOST_TRUTHS
    return few and not needs_fetching(words_of(project), rows)


def _is_picture(file: UploadedFile) -> bool:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return bool(kind_of(head))


def _as_json(rows: list[Any]) -> bytes:
    return orjson.dumps(rows)


def _taken(request: Request, made: dict[str, Any]) -> Response:
    arrival: LabelStudioImport = made["import"]
    shown = {**_counts(arrival), "duration": made["duration"]}
    if flag_of(request.query_params.get("return_task_ids")):
        shown["task_ids"] = made["task_ids"]
    return Response(shown, status=201)


def _under_way(request: Request, arrival: LabelStudioImport) -> Response:
    """Wait a little for the job, as clients expect the tasks to be there; else give the import to ask for."""
    if wait_for(arrival.job):
        arrival.refresh_from_db()
        state, error = import_state(arrival)
        if state == "failed":
            raise DomainError("tasks_invalid", error, arrival=arrival.pk)
        ids = _ids(arrival) if flag_of(request.query_params.get("return_task_ids")) else None
        shown = {**_counts(arrival), "import": arrival.pk, "duration": 0.0, "refused": arrival.refused}
        return Response({**shown, **({} if ids is None else {"task_ids": ids})}, status=201)
    return Response({"import": arrival.pk}, status=201)


def _counts(arrival: LabelStudioImport) -> dict[str, Any]:
    return {
        "task_count": arrival.task_count,
        "annotation_count": arrival.annotation_count,
        "prediction_count": arrival.prediction_count,
        "file_upload_ids": [],
        "could_be_tasks_list": False,
        "found_formats": [],
        "data_columns": [],
    }


def _ids(arrival: LabelStudioImport) -> list[int]:
    rows = LabelStudioTask.objects.filter(arrival=arrival).order_by("item_id")
    return list(rows.values_list("task_id", flat=True)[:MOST_IDS])


class ImportStateView(LabelStudioView):
    """What became of an import."""

    model = Project
    scopes = {"GET": SEEN}

    def get(self, request: Request, pk: str, number: str) -> Response:
        """Show how far it is, with the numbers of its tasks once it is through."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        arrival = find_import(actor=actor, project=project, number=int(number))
        state, error = import_state(arrival)
        return Response(
            {
                "id": arrival.pk,
                "project": project.pk,
                "status": state,
                "error": error or None,
                "created_at": arrival.created_at,
                "finished_at": arrival.finished_at,
                "commit_to_project": True,
                "return_task_ids": True,
                "preannotated_from_fields": None,
                **_counts(arrival),
                "task_ids": _ids(arrival) if state == "completed" else [],
                "refused_count": arrival.refused_count,
                "refused": arrival.refused,
            }
        )
