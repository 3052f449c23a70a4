from django.urls import path
from rest_framework.routers import SimpleRouter

from labeling.api.acceptance import AcceptanceView, GiveBackView
from labeling.api.adjudication import AdjudicationView, DisputesView
from labeling.api.agreement import AgreementView
from labeling.api.assignment import AssignmentListView, AssignmentView
from labeling.api.bulk import BulkCountView, BulkListView, BulkUndoView, BulkView
from labeling.api.comment import CommentsView, CommentView, PeopleView
from labeling.api.export import ExportFileView, ExportFormatsView, ExportListView, ExportLossesView, ExportView
from labeling.api.gold import GoldImportView, GoldListView, GoldUseView, GoldView, PauseView
from labeling.api.label_error import LabelErrorDecisionView, LabelErrorsView, LabelErrorView
from labeling.api.labeled_import import LabeledImportView
from labeling.api.labeling import (
    AnnotationView,
    AnswersView,
    DraftView,
    HistoryView,
    LeaseView,
    PageView,
    ReleaseView,
)
from labeling.api.onboarding import (
    OnboardingAnswerView,
    OnboardingAttemptView,
    OnboardingPeopleView,
    OnboardingView,
)
from labeling.api.one_more import OneMoreView
from labeling.api.prediction import AskBackendView, BackendView, PredictionImportView, PredictionsView
from labeling.api.project import ProjectViewSet
from labeling.api.review import JudgementView, ReviewView
from labeling.api.rule import ApplyRulesView, RulesView, RuleTryView, RuleView
from labeling.api.work import WorkView

router = SimpleRouter()
router.register("projects", ProjectViewSet, basename="project")
urlpatterns = [
    path("projects/<int:pk>/page/", PageView.as_view(), name="labeling-page"),
    path("projects/<int:pk>/lease/", LeaseView.as_view(), name="labeling-lease"),
    path("projects/<int:pk>/answers/", AnswersView.as_view(), name="labeling-answers"),
    path("projects/<int:pk>/release/", ReleaseView.as_view(), name="labeling-release"),
    path("projects/<int:pk>/history/", HistoryView.as_view(), name="labeling-history"),
    path("projects/<int:pk>/comments/", CommentsView.as_view(), name="project-comments"),
    path("projects/<int:pk>/people/", PeopleView.as_view(), name="project-people"),
    path("projects/<int:pk>/review/", ReviewView.as_view(), name="project-review"),
    path("projects/<int:pk>/work/", WorkView.as_view(), name="project-work"),
    path("projects/<int:pk>/agreement/", AgreementView.as_view(), name="project-agreement"),
    path("projects/<int:pk>/disagreements/", DisputesView.as_view(), name="project-disagreements"),
    path("projects/<int:pk>/one-more/", OneMoreView.as_view(), name="project-one-more"),
    path("tasks/<int:pk>/adjudication/", AdjudicationView.as_view(), name="task-adjudication"),
    path("projects/<int:pk>/label-errors/", LabelErrorsView.as_view(), name="label-errors"),
    path("projects/<int:pk>/rules/", RulesView.as_view(), name="labeling-rules"),
    path("projects/<int:pk>/rules/try/", RuleTryView.as_view(), name="labeling-rule-try"),
    path("projects/<int:pk>/rules/apply/", ApplyRulesView.as_view(), name="labeling-rules-apply"),
    path("rules/<int:pk>/", RuleView.as_view(), name="labeling-rule"),
    path("label-errors/<int:pk>/", LabelErrorView.as_view(), name="label-error"),
    path("label-errors/<int:pk>/decision/", LabelErrorDecisionView.as_view(), name="label-error-decision"),
    path("annotations/<int:pk>/review/", JudgementView.as_view(), name="annotation-review"),
    path("comments/<int:pk>/", CommentView.as_view(), name="comment"),
    path("tasks/<int:pk>/draft/", DraftView.as_view(), name="task-draft"),
    path("annotations/<int:pk>/", AnnotationView.as_view(), name="annotation"),
    path("projects/<int:pk>/bulk/", BulkListView.as_view({"get": "list", "post": "create"}), name="bulk-list"),
    path("projects/<int:pk>/bulk/count/", BulkCountView.as_view(), name="bulk-count"),
    path(
        "projects/<int:pk>/assignments/",
        AssignmentListView.as_view({"get": "list", "post": "create"}),
        name="assignment-list",
    ),
    path("projects/<int:pk>/exports/", ExportListView.as_view({"get": "list", "post": "create"}), name="export-list"),
    path("projects/<int:pk>/exports/formats/", ExportFormatsView.as_view(), name="export-formats"),
    path("exports/<int:pk>/", ExportView.as_view(), name="export-detail"),
    path("exports/<int:pk>/file/", ExportFileView.as_view(), name="export-file"),
    path("exports/<int:pk>/losses/", ExportLossesView.as_view(), name="export-losses"),
    path("uploads/<int:pk>/project/", LabeledImportView.as_view(), name="labeled-import"),
    path("projects/<int:pk>/predictions/", PredictionsView.as_view(), name="project-predictions"),
    path("projects/<int:pk>/predictions/import/", PredictionImportView.as_view(), name="project-predictions-import"),
    path("projects/<int:pk>/backend/", BackendView.as_view(), name="project-backend"),
    path("projects/<int:pk>/backend/ask/", AskBackendView.as_view(), name="project-backend-ask"),
    path("projects/<int:pk>/auto-accept/", AcceptanceView.as_view(), name="auto-accept"),
    path("projects/<int:pk>/auto-accept/give-back/", GiveBackView.as_view(), name="auto-accept-give-back"),
    path("projects/<int:pk>/gold/", GoldListView.as_view(), name="gold-list"),
    path("projects/<int:pk>/gold/import/", GoldImportView.as_view(), name="gold-import"),
    path("projects/<int:pk>/gold/use/", GoldUseView.as_view(), name="gold-use"),
    path("projects/<int:pk>/onboarding/", OnboardingView.as_view(), name="onboarding"),
    path("projects/<int:pk>/onboarding/answer/", OnboardingAnswerView.as_view(), name="onboarding-answer"),
    path("projects/<int:pk>/onboarding/attempt/", OnboardingAttemptView.as_view(), name="onboarding-attempt"),
    path("projects/<int:pk>/onboarding/people/", OnboardingPeopleView.as_view(), name="onboarding-people"),
    path("projects/<int:pk>/pause/", PauseView.as_view(), name="project-pause-person"),
    path("gold/<int:pk>/", GoldView.as_view(), name="gold-detail"),
    path("assignments/<int:pk>/", AssignmentView.as_view(), name="assignment-detail"),
    path("bulk/<int:pk>/", BulkView.as_view(), name="bulk-detail"),
    path("bulk/<int:pk>/undo/", BulkUndoView.as_view(), name="bulk-undo"),
    *router.urls,
]
