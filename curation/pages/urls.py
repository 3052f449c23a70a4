from django.urls import path

from curation.pages.dataset import DatasetPage, DatasetsPage, EditDatasetPage, NewDatasetPage, TrashDatasetPage
from curation.pages.plan import CopyPlanPage, CuratePage, DeletePlanPage, PlanPage, PlansPage
from curation.pages.review import ApplyPage, ReviewPage, RulePage, UndoRulePage
from curation.pages.run import DropsPage, FindingsPage, RunPage
from curation.pages.upload import ImportPage, RefusedPage, UploadPage
from curation.pages.version import DownloadPage, ItemPage, VersionPage

app_name = "curation"
urlpatterns = [
    path("datasets/", DatasetsPage.as_view(), name="datasets"),
    path("datasets/new/", NewDatasetPage.as_view(), name="dataset-new"),
    path("datasets/<int:pk>/", DatasetPage.as_view(), name="dataset"),
    path("datasets/<int:pk>/edit/", EditDatasetPage.as_view(), name="dataset-edit"),
    path("datasets/<int:pk>/trash/", TrashDatasetPage.as_view(), name="dataset-trash"),
    path("datasets/<int:pk>/import/", ImportPage.as_view(), name="import"),
    path("uploads/<int:pk>/", UploadPage.as_view(), name="upload"),
    path("uploads/<int:pk>/refused/", RefusedPage.as_view(), name="refused"),
    path("versions/<int:pk>/", VersionPage.as_view(), name="version"),
    path("versions/<int:pk>/items/<int:item_id>/", ItemPage.as_view(), name="item"),
    path("versions/<int:pk>/download/", DownloadPage.as_view(), name="download"),
    path("versions/<int:pk>/curate/", CuratePage.as_view(), name="curate"),
    path("plans/", PlansPage.as_view(), name="plans"),
    path("plans/<int:pk>/", PlanPage.as_view(), name="plan"),
    path("plans/<int:pk>/copy/", CopyPlanPage.as_view(), name="plan-copy"),
    path("plans/<int:pk>/delete/", DeletePlanPage.as_view(), name="plan-delete"),
    path("runs/<int:pk>/", RunPage.as_view(), name="run"),
    path("runs/<int:pk>/review/", ReviewPage.as_view(), name="review"),
    path("runs/<int:pk>/review/rule/", RulePage.as_view(), name="review-rule"),
    path("runs/<int:pk>/review/rule/undo/", UndoRulePage.as_view(), name="review-rule-undo"),
    path("runs/<int:pk>/review/apply/", ApplyPage.as_view(), name="review-apply"),
    path("runs/<int:pk>/drops/", DropsPage.as_view(), name="drops"),
    path("runs/<int:pk>/findings/", FindingsPage.as_view(), name="findings"),
]
