"""Label Studio's addresses below the one that its clients are given. Its own take a slash at the end or none."""

from typing import Any

from django.urls import re_path

from labeling.api.label_studio.annotation import AnnotationView, TaskAnnotationsView
from labeling.api.label_studio.arrival import ImportStateView, ImportView
from labeling.api.label_studio.export import (
    ExportConvertView,
    ExportDetailView,
    ExportDownloadView,
    ExportFormatsView,
    ExportListView,
    ExportView,
)
from labeling.api.label_studio.other import OtherView
from labeling.api.label_studio.people import HealthView, TokenView, UserListView, VersionView, WhoAmIView
from labeling.api.label_studio.prediction import ImportPredictionsView, PredictionListView, PredictionView
from labeling.api.label_studio.project import ProjectListView, ProjectValidateView, ProjectView, ValidateView
from labeling.api.label_studio.task import ProjectTasksView, TaskListView, TaskView

_PARTS = {"<pk>": r"(?P<pk>[0-9]{1,18})", "<number>": r"(?P<number>[0-9]{1,18})"}


def _at(address: str, view: Any, name: str) -> Any:
    for part, pattern in _PARTS.items():
        address = address.replace(part, pattern)
    return re_path(rf"^{address}/?$", view.as_view(), name=f"label-studio-{name}")


urlpatterns = [
    _at("api/version", VersionView, "version"),
    _at("version", VersionView, "version-page"),
    _at("health", HealthView, "health"),
    _at("api/current-user/whoami", WhoAmIView, "whoami"),
    _at("api/current-user", WhoAmIView, "current-user"),
    _at("api/current-user/token", TokenView, "own-token"),
    _at("api/token", TokenView, "tokens"),
    _at("api/token/refresh", TokenView, "token-refresh"),
    _at("api/users", UserListView, "users"),
    _at("api/projects", ProjectListView, "projects"),
    _at("api/projects/validate", ValidateView, "validate"),
    _at("api/projects/<pk>", ProjectView, "project"),
    _at("api/projects/<pk>/validate", ProjectValidateView, "project-validate"),
    _at("api/projects/<pk>/import", ImportView, "import"),
    _at("api/projects/<pk>/import/predictions", ImportPredictionsView, "import-predictions"),
    _at("api/projects/<pk>/imports/<number>", ImportStateView, "import-state"),
    _at("api/projects/<pk>/tasks", ProjectTasksView, "project-tasks"),
    _at("api/projects/<pk>/export", ExportView, "export"),
    _at("api/projects/<pk>/export/formats", ExportFormatsView, "export-formats"),
    _at("api/projects/<pk>/exports", ExportListView, "exports"),
    _at("api/projects/<pk>/exports/<number>", ExportDetailView, "export-detail"),
    _at("api/projects/<pk>/exports/<number>/convert", ExportConvertView, "export-convert"),
    _at("api/projects/<pk>/exports/<number>/download", ExportDownloadView, "export-download"),
    _at("api/tasks", TaskListView, "tasks"),
    _at("api/tasks/<pk>", TaskView, "task"),
    _at("api/tasks/<pk>/annotations", TaskAnnotationsView, "task-annotations"),
    _at("api/annotations/<pk>", AnnotationView, "annotation"),
    _at("api/predictions", PredictionListView, "predictions"),
    _at("api/predictions/<pk>", PredictionView, "prediction"),
    re_path(r"^(?P<rest>.*)$", OtherView.as_view(), name="label-studio-other"),
]
