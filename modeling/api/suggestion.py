from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from labeling.models import Project
from modeling.services.suggestion import start_suggest
from workers.api.job import JobOutput


class SuggestView(ScopedAPIView):
    """Answers of a quick model for the items of a labeling project that nobody has labeled yet."""

    model = Project
    scopes = {"POST": "project.write"}

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Fit a quick head on the project's labels and store suggestions with their confidence."""
        job = start_suggest(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)
