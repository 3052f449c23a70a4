from django.urls import path
from rest_framework.routers import SimpleRouter

from modeling.api.bundle import BundleViewSet
from modeling.api.check import CheckViewSet
from modeling.api.compression import CompressionViewSet
from modeling.api.deployment import DeploymentViewSet, PredictBySlugView, PredictView
from modeling.api.erasure import ErasureViewSet
from modeling.api.explanation import ExplainView, ExplanationViewSet
from modeling.api.lineage import LineageView
from modeling.api.model import ModelViewSet
from modeling.api.search import SearchViewSet
from modeling.api.suggestion import SuggestView
from modeling.api.training import FamilyView, TrainingViewSet

router = SimpleRouter()
router.register("trainings", TrainingViewSet, basename="training")
router.register("searches", SearchViewSet, basename="search")
router.register("checks", CheckViewSet, basename="check")
router.register("explanations", ExplanationViewSet, basename="explanation")
router.register("models", ModelViewSet, basename="model")
router.register("bundles", BundleViewSet, basename="bundle")
router.register("compressions", CompressionViewSet, basename="compression")
router.register("deployments", DeploymentViewSet, basename="deployment")
router.register("erasures", ErasureViewSet, basename="erasure")
urlpatterns = [
    path("trainings/families/", FamilyView.as_view(), name="training-families"),
    path("trainings/<int:pk>/explain/", ExplainView.as_view(), name="training-explain"),
    path("deployments/<int:pk>/predict/", PredictView.as_view(), name="deployment-predict"),
    path("deployments/<slug:slug>/predict/", PredictBySlugView.as_view(), name="deployment-predict-slug"),
    path("projects/<int:pk>/suggest/", SuggestView.as_view(), name="project-suggest"),
    path("datasets/<int:pk>/items/<int:item_id>/lineage/", LineageView.as_view(), name="item-lineage"),
    *router.urls,
]
