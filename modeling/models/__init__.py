from modeling.models.bundle import Bundle, BundleState
from modeling.models.compression import Compression
from modeling.models.deployment import (
    Deployment,
    DeploymentRevision,
    DeploymentState,
    PredictionUsage,
    RevisionReason,
)
from modeling.models.erasure import ErasedVersion, Erasure, ErasureHit, ErasureState
from modeling.models.model import Model
from modeling.models.search import Search
from modeling.models.training import Training

__all__ = [
    "Bundle",
    "BundleState",
    "Compression",
    "Deployment",
    "DeploymentRevision",
    "DeploymentState",
    "ErasedVersion",
    "Erasure",
    "ErasureHit",
    "ErasureState",
    "Model",
    "PredictionUsage",
    "RevisionReason",
    "Search",
    "Training",
]
