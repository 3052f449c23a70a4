from curation.models.dataset import Dataset
from curation.models.diff import Diff
from curation.models.provenance import Provenance
from curation.models.push import Push
from curation.models.question import Decision, Question, QuestionState
from curation.models.question_count import BulkCount, QuestionCount
from curation.models.run import Finding, FindingState, Plan, Run
from curation.models.tag import Tag
from curation.models.upload import Upload
from curation.models.version import Version, VersionKind

__all__ = [
    "BulkCount",
    "Dataset",
    "Decision",
    "Diff",
    "Finding",
    "FindingState",
    "Plan",
    "Provenance",
    "Push",
    "Question",
    "QuestionCount",
    "QuestionState",
    "Run",
    "Tag",
    "Upload",
    "Version",
    "VersionKind",
]
