"""Exports as Label Studio's clients ask for them."""

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.services import audit
from core import objects
from core.errors import DomainError
from labeling.api.label_studio.base import WRITE, LabelStudioView, flag_of, number_of, unsupported
from labeling.api.label_studio.people import simple_user
from labeling.models import Export, Project
from labeling.services.export import file_key
from labeling.services.label_studio.project import words_of
from labeling.services.label_studio.showing import Row, stream_tasks
from labeling.services.label_studio.snapshot import (
    PACKED,
    STREAMED,
    fields_of,
    find_snapshot,
    known_type,
    packed_export,
    refuse_unready,
    snapshots_of,
    start_snapshot,
    state_of,
    stream_snapshot,
    wait_for_file,
    written,
)
from labeling.services.project import find_project

MOST_IDS = 1_000


class ExportView(LabelStudioView):
    """The answers of a project as they are now."""

    model = Project
    scopes = {"GET": WRITE}

    def get(self, request: Request, pk: str) -> Any:
        """Stream them as JSON or a table; an archive is written by a job, for which the request waits a little."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        query = request.query_params
        wanted = known_type(query.get("exportType") or query.get("export_type") or "JSON")
        if wanted in PACKED:
            export = packed_export(actor=actor, project_id=project.pk, export_type=wanted)
            return _archive(wait_for_file(actor=actor, export=export))
        only = [number_of(each, "ids") for each in query.getlist("ids") + query.getlist("ids[]")]
        if len(only) > MOST_IDS:
            raise DomainError("ids_too_many", _("Name at most %(most)s tasks by their ids.") % {"most": MOST_IDS})
        everything = flag_of(query.get("download_all_tasks"))
        rows = stream_tasks(actor=actor, project=project, everything=everything, only=only)
        fields = fields_of(project, words_of(project).tags) if wanted in {"CSV", "TSV"} else []
        audit.record(
            actor=actor, action="project.download_export", subject=f"project:{project.pk}", format=f"{wanted} (API)"
        )
        return _stream(written(wanted, rows, fields), wanted, project.name)


class ExportFormatsView(LabelStudioView):
    """The types of exports."""

    model = Project
    scopes = {"GET": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """List them."""
        find_project(actor=request.actor, project_id=int(pk))  # type: ignore[attr-defined]
        return Response([{"name": name, "title": name, "description": ""} for name in (*STREAMED, *PACKED)])


def _stream(pieces: Iterator[bytes], export_type: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=STREAMED[export_type])
    suffix = {"JSON": "json", "JSON_MIN": "json"}.get(export_type, export_type.lower())
    response["Content-Disposition"] = f'attachment; filename="{get_valid_filename(name)}.{suffix}"'
    return response


def _archive(export: Export) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        with objects.open(file_key(export)) as source:
            while piece := source.read(1 << 20):
                yield piece

    response = StreamingHttpResponse(pieces(), content_type="application/zip")
    name = get_valid_filename(f"{export.project.name}-{export.file_format}-{export.pk}")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


def show_export(export: Export) -> Row:
    """Return an export as Label Studio shows it."""
    return {
        "id": export.pk,
        "title": export.file_format,
        "created_by": simple_user(export.created_by) if export.created_by else None,
        "created_at": export.created_at,
        "finished_at": export.finished_at,
        "status": state_of(export),
        "md5": "",
        "counters": {"task_number": export.item_count},
        "converted_formats": [],
    }


class ExportListView(LabelStudioView):
    """Snapshots of a project."""

    model = Project
    scopes = {"GET": WRITE, "POST": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """List the newest 200."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        return Response([show_export(row) for row in snapshots_of(actor=actor, project=project)])

    def post(self, request: Request, pk: str) -> Response:
        """Write the tasks as they are now; a job does it."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        given = request.data if isinstance(request.data, dict) else {}
        options = given.get("task_filter_options") or {}
        if not isinstance(options, dict) or options.get("view"):
            unsupported(_("A snapshot of a view"), _("Leave task_filter_options out, or choose only_with_annotations."))
        everything = not flag_of(options.get("only_with_annotations") or options.get("annotated") == "only")
        export = start_snapshot(actor=actor, project_id=project.pk, everything=everything)
        return Response(show_export(export), status=201)


class ExportDetailView(LabelStudioView):
    """One snapshot."""

    model = Project
    scopes = {"GET": WRITE, "DELETE": WRITE}

    def get(self, request: Request, pk: str, number: str) -> Response:
        """Show how far it is."""
        return Response(show_export(_found(request, pk, number)))

    def delete(self, request: Request, pk: str, number: str) -> Response:
        """Say that files go by themselves."""
        _found(request, pk, number)
        unsupported(_("Deleting an export"), _("Its file goes by itself after 14 days; the list of exports stays."))


def _found(request: Request, pk: str, number: str) -> Export:
    actor = request.actor  # type: ignore[attr-defined]
    project = find_project(actor=actor, project_id=int(pk))
    return find_snapshot(actor=actor, project=project, number=int(number))


class ExportConvertView(LabelStudioView):
    """A snapshot in another type."""

    model = Project
    scopes = {"POST": WRITE}

    def post(self, request: Request, pk: str, number: str) -> Response:
        """Have a job write an archive; JSON and tables need none."""
        export = _found(request, pk, number)
        given = request.data if isinstance(request.data, dict) else {}
        wanted = known_type(str(given.get("export_type") or "JSON"))
        made = export
        if wanted in PACKED:
            actor = request.actor  # type: ignore[attr-defined]
            made = packed_export(actor=actor, project_id=int(pk), export_type=wanted, after=export.pk)
        return Response({"export_type": wanted, "converted_format": made.pk})


class ExportDownloadView(LabelStudioView):
    """The file of a snapshot."""

    model = Project
    scopes = {"GET": WRITE}

    def get(self, request: Request, pk: str, number: str) -> Any:
        """Give it in a type; an archive is of the answers as they were when it was first asked for."""
        export = _found(request, pk, number)
        actor = request.actor  # type: ignore[attr-defined]
        wanted = known_type(request.query_params.get("exportType") or "JSON")
        refuse_unready(export)
        facts = {"export": export.pk, "format": f"{wanted} (API)"}
        audit.record(actor=actor, action="project.download_export", subject=f"project:{export.project_id}", **facts)
        if wanted in PACKED:
            made = packed_export(actor=actor, project_id=int(pk), export_type=wanted, after=export.pk)
            return _archive(wait_for_file(actor=actor, export=made))
        if not export.options.get("api"):
            unsupported(_("This export in another type"), _("It was made elsewhere. Make a snapshot."))
        return _stream(stream_snapshot(export, wanted), wanted, f"{export.project.name}-{export.pk}")
