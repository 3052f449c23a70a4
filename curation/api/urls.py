from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from curation.api.dataset import DatasetViewSet
from curation.api.diff import DiffViewSet
from curation.api.fetch import FetchesView, RetryFetchesView
from curation.api.meaning import MeaningView, PairsView, PairView, SimilarView
from curation.api.picture import PictureCopyView, PictureOriginalView, PictureThumbView
from curation.api.plan import CheckPlanView, PreviewPlanView
from curation.api.question import (
    ApplyDecisionsView,
    DecideView,
    QuestionsView,
    QuestionView,
    RuleView,
    UndoRuleView,
    UndoView,
)
from curation.api.run import DefaultPlanView, PlanViewSet, RunViewSet
from curation.api.source import SourceViewSet
from curation.api.upload import UploadViewSet
from curation.api.version import VersionViewSet

router = SimpleRouter()
router.register("datasets", DatasetViewSet, basename="dataset")
router.register("uploads", UploadViewSet, basename="upload")
router.register("sources", SourceViewSet, basename="source")
router.register("versions", VersionViewSet, basename="version")
router.register("diffs", DiffViewSet, basename="diff")
router.register("plans", PlanViewSet, basename="plan")
router.register("runs", RunViewSet, basename="run")
HASH = "(?P<sha256>[0-9a-f]{64})"
urlpatterns = [
    re_path(rf"^pictures/{HASH}/view/\Z", PictureCopyView.as_view(), name="picture-view"),
    re_path(rf"^pictures/{HASH}/thumb/\Z", PictureThumbView.as_view(), name="picture-thumb"),
    re_path(rf"^pictures/{HASH}/original/\Z", PictureOriginalView.as_view(), name="picture-original"),
    path("plans/default/", DefaultPlanView.as_view(), name="plan-default"),
    path("plans/check/", CheckPlanView.as_view(), name="plan-check"),
    path("versions/<int:pk>/preview/", PreviewPlanView.as_view(), name="plan-preview"),
    path("versions/<int:pk>/meaning/", MeaningView.as_view(), name="version-meaning"),
    path("versions/<int:pk>/items/<int:item_id>/similar/", SimilarView.as_view(), name="similar-items"),
    path("versions/<int:pk>/pairs/", PairsView.as_view(), name="version-pairs"),
    path("versions/<int:pk>/pairs/<int:number>/", PairView.as_view(), name="version-pair"),
    path("runs/<int:pk>/questions/", QuestionsView.as_view(), name="run-questions"),
    path("runs/<int:pk>/questions/rule/", RuleView.as_view(), name="run-rule"),
    path("runs/<int:pk>/questions/rule/undo/", UndoRuleView.as_view(), name="run-rule-undo"),
    path("runs/<int:pk>/questions/<int:number>/", QuestionView.as_view(), name="run-question"),
    path("runs/<int:pk>/questions/<int:number>/decide/", DecideView.as_view(), name="run-decide"),
    path("runs/<int:pk>/questions/<int:number>/undo/", UndoView.as_view(), name="run-undo"),
    path("runs/<int:pk>/decisions/apply/", ApplyDecisionsView.as_view(), name="run-apply-decisions"),
    path("jobs/<int:pk>/fetches/", FetchesView.as_view(), name="job-fetches"),
    path("jobs/<int:pk>/fetches/retry/", RetryFetchesView.as_view(), name="job-fetches-retry"),
    *router.urls,
]
