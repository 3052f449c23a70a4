from modeling.models.bundle import Bundle, BundleState
from modeling.models.check import Check, CheckKind
from modeling.models.compression import Compression
from modeling.models.deployment import (
    Deployment,
    DeploymentRevision,
    DeploymentState,
    PredictionUsage,
    RevisionReason,
)
from modeling.models.erasure import ErasedVersion, Erasure, ErasureHit, ErasureState
from modeling.models.explanation import Explanation
from modeling.models.model import Model
from modeling.models.search import Search
from modeling.models.training import Training

__all__ = [
    "Bundle",
    "BundleState",
    "Check",
    "CheckKind",
    "Compression",
    "Deployment",
    "DeploymentRevision",
    "DeploymentState",
    "ErasedVersion",
    "Erasure",
    "ErasureHit",
    "ErasureState",
    "Explanation",
    "Model",
    "PredictionUsage",
    "RevisionReason",
    "Search",
    "Training",
]
