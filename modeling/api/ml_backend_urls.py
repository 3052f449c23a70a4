"""Addresses of deployments as ML backends; Label Studio puts the last part behind the address that it is given."""

from typing import Any

from django.urls import re_path

from modeling.api.ml_backend import HealthView, PredictView, SetupView, VersionsView, WebhookView

_VIEWS: dict[str, Any] = {
    "health": HealthView,
    "setup": SetupView,
    "predict": PredictView,
    "webhook": WebhookView,
    "versions": VersionsView,
}
_NAMED = {"number": "(?P<pk>[0-9]{1,18})", "slug": "(?P<slug>[a-zA-Z0-9_-]+)"}
urlpatterns = [
    re_path(rf"^{pattern}/{part}/?$", view.as_view(), name=f"ml-backend-{part}-{how}")
    for part, view in _VIEWS.items()
    for how, pattern in _NAMED.items()
]
