from curation.models.dataset import Dataset
from curation.models.question import Decision, Question, QuestionState
from curation.models.run import Finding, FindingState, Plan, Run
from curation.models.upload import Upload
from curation.models.version import Version, VersionKind

__all__ = [
    "Dataset",
    "Decision",
    "Finding",
    "FindingState",
    "Plan",
    "Question",
    "QuestionState",
    "Run",
    "Upload",
    "Version",
    "VersionKind",
]
