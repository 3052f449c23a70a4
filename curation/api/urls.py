from django.urls import path
from rest_framework.routers import SimpleRouter

from curation.api.dataset import DatasetViewSet
from curation.api.diff import DiffViewSet
from curation.api.run import DefaultPlanView, PlanViewSet, RunViewSet
from curation.api.upload import UploadViewSet
from curation.api.version import VersionViewSet

router = SimpleRouter()
router.register("datasets", DatasetViewSet, basename="dataset")
router.register("uploads", UploadViewSet, basename="upload")
router.register("versions", VersionViewSet, basename="version")
router.register("diffs", DiffViewSet, basename="diff")
router.register("plans", PlanViewSet, basename="plan")
router.register("runs", RunViewSet, basename="run")
urlpatterns = [path("plans/default/", DefaultPlanView.as_view(), name="plan-default"), *router.urls]
