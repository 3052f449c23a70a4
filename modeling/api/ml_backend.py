"""Label Studio's ML backend protocol: a Label Studio connects to a deployment as to any of its models."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import BasicTokenAuthentication
from core.api import ScopedAPIView
from core.errors import DomainError
from labeling.api.label_studio.base import refuse_large
from modeling.models import Deployment, DeploymentState
from modeling.services.ml_backend import answer_tasks, question_of, version_of


class MLBackendView(ScopedAPIView):
    """A route of the protocol. The token is the password of basic authentication, or a header."""

    model = Deployment
    schema = None
    authentication_classes = (BasicTokenAuthentication,)

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        """Refuse a body that would fill the memory."""
        super().initial(request, *arguments, **named)
        refuse_large(request)

    def deployment(self, request: Request, pk: str | None, slug: str | None) -> Deployment:
        """Return the deployment by its number or, while it is live, by its slug."""
        rows = Deployment.objects.visible_to(request.actor).select_related("bundle__model")  # type: ignore[attr-defined]
        which = {"pk": int(pk)} if pk is not None else {"slug": slug, "state": DeploymentState.ACTIVE}
        found: Deployment = get_object_or_404(rows, **which)
        return found


class HealthView(MLBackendView):
    """Whether the model answers."""

    scopes = {"GET": "predict"}

    def get(self, request: Request, pk: str | None = None, slug: str | None = None) -> Response:
        """Say that it does, and what it is."""
        deployment = self.deployment(request, pk, slug)
        state = "UP" if deployment.state == DeploymentState.ACTIVE else "DOWN"
        return Response({"status": state, "model_class": deployment.name, "v2": False})


class SetupView(MLBackendView):
    """The model for a project."""

    scopes = {"POST": "predict"}

    def post(self, request: Request, pk: str | None = None, slug: str | None = None) -> Response:
        """Check that the project asks what the model answers, and give the model's version."""
        deployment = self.deployment(request, pk, slug)
        given = _body(request)
        question_of(deployment, given.get("schema"))
        return Response({"model_version": version_of(deployment)})


class PredictView(MLBackendView):
    """Predictions for tasks."""

    scopes = {"POST": "predict"}

    def post(self, request: Request, pk: str | None = None, slug: str | None = None) -> Response:
        """Give one for each task, in order, in Label Studio's form."""
        deployment = self.deployment(request, pk, slug)
        given = _body(request)
        tasks = given.get("tasks")
        if not isinstance(tasks, list):
            raise DomainError("tasks_missing", _("Send a list of tasks under “tasks”."), field="tasks")
        question = question_of(deployment, given.get("label_config"))
        found = answer_tasks(actor=request.actor, deployment=deployment, question=question, tasks=tasks)  # type: ignore[attr-defined]
        return Response({"results": found, "model_version": version_of(deployment)})


class WebhookView(MLBackendView):
    """What happened in Label Studio."""

    scopes = {"POST": "predict"}

    def post(self, request: Request, pk: str | None = None, slug: str | None = None) -> Response:
        """Take note of nothing: a deployed model learns from versions here, and says so."""
        self.deployment(request, pk, slug)
        detail = _("A deployed model does not learn from events. Import the answers, train, and switch the deployment.")
        return Response({"status": "ok", "result": {}, "detail": detail})


class VersionsView(MLBackendView):
    """The versions of the model."""

    scopes = {"GET": "predict"}

    def get(self, request: Request, pk: str | None = None, slug: str | None = None) -> Response:
        """Give the one that answers."""
        return Response({"versions": [version_of(self.deployment(request, pk, slug))], "message": "Success"})


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise DomainError("body_invalid", _("The body must be a JSON object."))
    return request.data
