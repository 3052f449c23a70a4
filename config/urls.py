from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from core import health

urlpatterns = [
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.json", SpectacularAPIView.as_view(), name="openapi"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="openapi"), name="api-docs"),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("workers.api.urls")),
    path("api/v1/", include("curation.api.urls")),
    path("api/v1/", include("labeling.api.urls")),
    path("api/v1/", include("modeling.api.urls")),
    path("label-studio/", include("labeling.api.label_studio.urls")),
    path("ml-backend/", include("modeling.api.ml_backend_urls")),
    path("objects/", include("core.object_urls")),
    path("", include("accounts.pages.urls")),
    path("", include("workers.pages.urls")),
    path("", include("curation.pages.urls")),
    path("", include("labeling.pages.urls")),
    path("", include("modeling.pages.urls")),
]
handler400 = "core.error_pages.bad_request"
handler403 = "core.error_pages.forbidden"
handler404 = "core.error_pages.not_found"
handler500 = "core.error_pages.server_error"
