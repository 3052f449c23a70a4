"""Everything of Label Studio's API that there is not, with what to do instead."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.label_studio.base import LabelStudioView, unsupported

# By how the path begins; the first that fits counts.
INSTEAD = (
    ("api/webhooks", gettext_lazy("Ask for the state of jobs with GET /api/v1/jobs/.")),
    ("api/storages", gettext_lazy("Bring files from buckets with sources: POST /api/v1/datasets/{id}/sources/.")),
    ("api/ml", gettext_lazy("Name a server that suggests answers: PUT /api/v1/projects/{id}/backend/.")),
    ("api/dm", gettext_lazy("List tasks with GET api/tasks/?project=7.")),
    ("api/comments", gettext_lazy("Comments are under /api/v1/projects/{id}/comments/.")),
    ("api/organizations", gettext_lazy("Members are under /api/v1/members/.")),
    ("api/annotations/bulk", gettext_lazy("Give annotations one by one, or with the tasks that are imported.")),
    ("api/import/file-upload", gettext_lazy("Files are kept with the dataset: GET /api/v1/uploads/.")),
)


class OtherView(LabelStudioView):
    """Any path that is no route."""

    scopes = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"))

    def get(self, request: Request, rest: str) -> Response:
        """Say that it is not offered."""
        return self._refuse(request, rest)

    def post(self, request: Request, rest: str) -> Response:
        """Say that it is not offered."""
        return self._refuse(request, rest)

    def put(self, request: Request, rest: str) -> Response:
        """Say that it is not offered."""
        return self._refuse(request, rest)

    def patch(self, request: Request, rest: str) -> Response:
        """Say that it is not offered."""
        return self._refuse(request, rest)

    def delete(self, request: Request, rest: str) -> Response:
        """Say that it is not offered."""
        return self._refuse(request, rest)

    def _refuse(self, request: Request, rest: str) -> Any:
        known = next((words for start, words in INSTEAD if rest.startswith(start)), "")
        what = f"{request.method} /{rest[:80]}"
        unsupported(what, str(known) or _("What is offered is listed in docs/how-to/label-studio-sdk.md."))
