from curation.models.dataset import Dataset
from curation.models.diff import Diff
from curation.models.pair_review import PairJudgement, PairReview
from curation.models.provenance import Provenance
from curation.models.push import Push
from curation.models.question import Decision, Question, QuestionState
from curation.models.run import Finding, FindingState, Plan, Run
from curation.models.selection import Selection
from curation.models.tag import Tag
from curation.models.upload import Upload
from curation.models.version import Version, VersionKind

__all__ = [
    "Dataset",
    "Decision",
    "Diff",
    "Finding",
    "FindingState",
    "PairJudgement",
    "PairReview",
    "Plan",
    "Provenance",
    "Push",
    "Question",
    "QuestionState",
    "Run",
    "Selection",
    "Tag",
    "Upload",
    "Version",
    "VersionKind",
]
