from curation.models.dataset import Dataset
from curation.models.diff import Diff
from curation.models.fetch import Fetch, FetchState
from curation.models.pair_review import PairJudgement, PairReview
from curation.models.picture import Picture
from curation.models.privacy import PrivacyCheck, PrivacySample
from curation.models.provenance import Provenance
from curation.models.push import Push
from curation.models.question import Decision, Question, QuestionState
from curation.models.question_count import BulkCount, QuestionCount
from curation.models.run import Finding, FindingState, Plan, Run
from curation.models.selection import Selection
from curation.models.source import Source
from curation.models.tag import Tag
from curation.models.upload import Upload
from curation.models.version import Version, VersionKind

__all__ = [
    "BulkCount",
    "Dataset",
    "Decision",
    "Diff",
    "Fetch",
    "FetchState",
    "Finding",
    "FindingState",
    "PairJudgement",
    "PairReview",
    "Picture",
    "Plan",
    "PrivacyCheck",
    "PrivacySample",
    "Provenance",
    "Push",
    "Question",
    "QuestionCount",
    "QuestionState",
    "Run",
    "Selection",
    "Source",
    "Tag",
    "Upload",
    "Version",
    "VersionKind",
]
