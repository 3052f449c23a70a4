from django.urls import path

from modeling.pages.bundle import BundleDownloadPage, BundlePage, BundlesPage
from modeling.pages.check import CheckPage, NewCheckPage, TrainWithPage
from modeling.pages.compression import CompressionExportPage, CompressionPage, CompressPage
from modeling.pages.deployment import (
    DeploymentPage,
    DeploymentsPage,
    DeployPage,
    RollbackPage,
    StopPage,
    SwitchPage,
)
from modeling.pages.ensemble import CombinePage
from modeling.pages.erasure import (
    CertificateFilePage,
    CertificatePage,
    ConfirmPage,
    ErasurePage,
    ErasuresPage,
    KeepPage,
    NewErasurePage,
    WithdrawPage,
)
from modeling.pages.explanation import ExplainPage, ExplanationPage
from modeling.pages.judged import ComparePage, MistakesPage, SlicesPage
from modeling.pages.lineage import LineagePage
from modeling.pages.model import ModelsPage
from modeling.pages.search import NewSearchPage, SearchPage
from modeling.pages.suggestion import SuggestPage
from modeling.pages.training import ExportPage, NewTrainingPage, TrainingPage

app_name = "modeling"
urlpatterns = [
    path("models/", ModelsPage.as_view(), name="models"),
    path("trainings/new/", NewTrainingPage.as_view(), name="training-new"),
    path("trainings/combine/", CombinePage.as_view(), name="training-combine"),
    path("trainings/<int:pk>/", TrainingPage.as_view(), name="training"),
    path("trainings/<int:pk>/mistakes/", MistakesPage.as_view(), name="training-mistakes"),
    path("trainings/<int:pk>/slices/", SlicesPage.as_view(), name="training-slices"),
    path("trainings/<int:pk>/beside/", ComparePage.as_view(), name="training-compare"),
    path("trainings/<int:pk>/export/", ExportPage.as_view(), name="training-export"),
    path("trainings/<int:pk>/compress/", CompressPage.as_view(), name="training-compress"),
    path("compressions/<int:pk>/", CompressionPage.as_view(), name="compression"),
    path("compressions/<int:pk>/export/", CompressionExportPage.as_view(), name="compression-export"),
    path("trainings/<int:pk>/explain/", ExplainPage.as_view(), name="training-explain"),
    path("explanations/<int:pk>/", ExplanationPage.as_view(), name="explanation"),
    path("searches/new/", NewSearchPage.as_view(), name="search-new"),
    path("searches/<int:pk>/", SearchPage.as_view(), name="search"),
    path("checks/new/", NewCheckPage.as_view(), name="check-new"),
    path("checks/<int:pk>/", CheckPage.as_view(), name="check"),
    path("checks/<int:pk>/train/", TrainWithPage.as_view(), name="check-train"),
    path("bundles/", BundlesPage.as_view(), name="bundles"),
    path("bundles/<int:pk>/", BundlePage.as_view(), name="bundle"),
    path("bundles/<int:pk>/download/", BundleDownloadPage.as_view(), name="bundle-download"),
    path("bundles/<int:pk>/deploy/", DeployPage.as_view(), name="bundle-deploy"),
    path("deployments/", DeploymentsPage.as_view(), name="deployments"),
    path("deployments/<int:pk>/", DeploymentPage.as_view(), name="deployment"),
    path("deployments/<int:pk>/switch/", SwitchPage.as_view(), name="deployment-switch"),
    path("deployments/<int:pk>/rollback/", RollbackPage.as_view(), name="deployment-rollback"),
    path("deployments/<int:pk>/stop/", StopPage.as_view(), name="deployment-stop"),
    path("erasures/", ErasuresPage.as_view(), name="erasures"),
    path("erasures/new/", NewErasurePage.as_view(), name="erasure-new"),
    path("erasures/<int:pk>/", ErasurePage.as_view(), name="erasure"),
    path("erasures/<int:pk>/keep/", KeepPage.as_view(), name="erasure-keep"),
    path("erasures/<int:pk>/confirm/", ConfirmPage.as_view(), name="erasure-confirm"),
    path("erasures/<int:pk>/withdraw/", WithdrawPage.as_view(), name="erasure-withdraw"),
    path("erasures/<int:pk>/certificate/", CertificatePage.as_view(), name="erasure-certificate"),
    path("erasures/<int:pk>/certificate.json", CertificateFilePage.as_view(), name="erasure-certificate-file"),
    path("projects/<int:pk>/suggest/", SuggestPage.as_view(), name="suggest"),
    path("datasets/<int:pk>/items/<int:item_id>/lineage/", LineagePage.as_view(), name="item-lineage"),
]
