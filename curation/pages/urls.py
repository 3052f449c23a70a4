from django.urls import path

from curation.pages.dataset import DatasetPage, DatasetsPage, EditDatasetPage, NewDatasetPage, TrashDatasetPage
from curation.pages.diff import ComparePage, DiffDownloadPage, DiffPage
from curation.pages.explorer import ColumnsPage
from curation.pages.fetch import AddressesPage, FetchesPage
from curation.pages.lineage import DatasetLineagePage
from curation.pages.meaning import MapPage, PairsPage, PointsPage, SelectionPage, SelectionsPage
from curation.pages.picture import OriginalPage
from curation.pages.plan import CopyPlanPage, CuratePage, DeletePlanPage, PlanPage, PlansPage
from curation.pages.privacy import MappingPage, RecallPage, ReplacementsPage
from curation.pages.review import ApplyPage, ReviewPage, RulePage, UndoRulePage
from curation.pages.run import DropsPage, FindingsPage, RunPage
from curation.pages.source import EditSourcePage, SourcePage, SourcesPage
from curation.pages.tag import TaggedPage, TagsPage
from curation.pages.upload import ImportPage, RefusedPage, UploadPage
from curation.pages.version import DownloadPage, ItemPage, NotesPage, TrashVersionPage, VersionPage

app_name = "curation"
urlpatterns = [
    path("datasets/", DatasetsPage.as_view(), name="datasets"),
    path("datasets/new/", NewDatasetPage.as_view(), name="dataset-new"),
    path("datasets/<int:pk>/", DatasetPage.as_view(), name="dataset"),
    path("datasets/<int:pk>/edit/", EditDatasetPage.as_view(), name="dataset-edit"),
    path("datasets/<int:pk>/trash/", TrashDatasetPage.as_view(), name="dataset-trash"),
    path("datasets/<int:pk>/import/", ImportPage.as_view(), name="import"),
    path("datasets/<int:pk>/import/addresses/", AddressesPage.as_view(), name="import-addresses"),
    path("datasets/<int:pk>/sources/", SourcesPage.as_view(), name="sources"),
    path("sources/<int:pk>/", SourcePage.as_view(), name="source"),
    path("sources/<int:pk>/edit/", EditSourcePage.as_view(), name="source-edit"),
    path("jobs/<int:pk>/files/", FetchesPage.as_view(), name="fetches"),
    path("uploads/<int:pk>/", UploadPage.as_view(), name="upload"),
    path("uploads/<int:pk>/refused/", RefusedPage.as_view(), name="refused"),
    path("versions/<int:pk>/", VersionPage.as_view(), name="version"),
    path("versions/<int:pk>/items/<int:item_id>/", ItemPage.as_view(), name="item"),
    path("versions/<int:pk>/items/<int:item_id>/original/", OriginalPage.as_view(), name="original"),
    path("versions/<int:pk>/download/", DownloadPage.as_view(), name="download"),
    path("versions/<int:pk>/curate/", CuratePage.as_view(), name="curate"),
    path("versions/<int:pk>/columns/", ColumnsPage.as_view(), name="columns"),
    path("versions/<int:pk>/map/", MapPage.as_view(), name="map"),
    path("versions/<int:pk>/map/points/", PointsPage.as_view(), name="map-points"),
    path("versions/<int:pk>/selections/", SelectionsPage.as_view(), name="selections"),
    path("selections/<int:pk>/", SelectionPage.as_view(), name="selection"),
    path("versions/<int:pk>/pairs/", PairsPage.as_view(), name="pairs"),
    path("versions/<int:pk>/tags/", TagsPage.as_view(), name="version-tags"),
    path("versions/<int:pk>/notes/", NotesPage.as_view(), name="version-notes"),
    path("versions/<int:pk>/trash/", TrashVersionPage.as_view(), name="version-trash"),
    path("versions/<int:pk>/compare/", ComparePage.as_view(), name="compare"),
    path("diffs/<int:pk>/", DiffPage.as_view(), name="diff"),
    path("diffs/<int:pk>/download/", DiffDownloadPage.as_view(), name="diff-download"),
    path("datasets/<int:pk>/lineage/", DatasetLineagePage.as_view(), name="dataset-lineage"),
    path("datasets/<int:pk>/versions/tag:<str:tag>/", TaggedPage.as_view(), name="tagged"),
    path("plans/", PlansPage.as_view(), name="plans"),
    path("plans/<int:pk>/", PlanPage.as_view(), name="plan"),
    path("plans/<int:pk>/copy/", CopyPlanPage.as_view(), name="plan-copy"),
    path("plans/<int:pk>/delete/", DeletePlanPage.as_view(), name="plan-delete"),
    path("runs/<int:pk>/", RunPage.as_view(), name="run"),
    path("runs/<int:pk>/review/", ReviewPage.as_view(), name="review"),
    path("runs/<int:pk>/review/rule/", RulePage.as_view(), name="review-rule"),
    path("runs/<int:pk>/review/rule/undo/", UndoRulePage.as_view(), name="review-rule-undo"),
    path("runs/<int:pk>/review/apply/", ApplyPage.as_view(), name="review-apply"),
    path("runs/<int:pk>/recall/", RecallPage.as_view(), name="recall"),
    path("runs/<int:pk>/replacements/", ReplacementsPage.as_view(), name="replacements"),
    path("runs/<int:pk>/mapping/", MappingPage.as_view(), name="mapping"),
    path("runs/<int:pk>/drops/", DropsPage.as_view(), name="drops"),
    path("runs/<int:pk>/findings/", FindingsPage.as_view(), name="findings"),
]
