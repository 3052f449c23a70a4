"""Python client of Assay."""

from assay_client._client import Client
from assay_client._exceptions import (
    AssayError,
    Conflict,
    ConnectionFailed,
    InvalidRequest,
    JobCancelled,
    JobFailed,
    JobTimedOut,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RequestRefused,
    ServerFailed,
    TimedOut,
    TooManyRequests,
    UnexpectedAnswer,
)
from assay_client._records import (
    Bundle,
    Dataset,
    Deployment,
    Job,
    Me,
    Prediction,
    Project,
    Run,
    Training,
    Upload,
    Version,
)
from assay_client._resources.annotation import answer_to
from assay_client._resources.project import choice_schema

__version__ = "0.1.0"
__all__ = [
    "AssayError",
    "Bundle",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Dataset",
    "Deployment",
    "InvalidRequest",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobTimedOut",
    "Me",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "Prediction",
    "Project",
    "RequestRefused",
    "Run",
    "ServerFailed",
    "TimedOut",
    "TooManyRequests",
    "Training",
    "UnexpectedAnswer",
    "Upload",
    "Version",
    "answer_to",
    "choice_schema",
]
