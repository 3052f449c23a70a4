from labeling.models.acceptance import AcceptRound, AuditOutcome, AutoAccept, ModelLabel
from labeling.models.adjudication import Adjudication, Dispute, DisputeState
from labeling.models.agreement import AgreementReport
from labeling.models.annotation import Annotation, AnnotationRevision, Rejection, Verdict
from labeling.models.assignment import Assignment, AssignmentKind, AssignmentState
from labeling.models.backend import Backend, BackendState
from labeling.models.bulk import Bulk, BulkState, BulkTask
from labeling.models.comment import Comment, Mention
from labeling.models.export import Export
from labeling.models.gold import Gold, GoldState, GoldUse
from labeling.models.label_error import SuspectKind, SuspectLabel, SuspectState
from labeling.models.label_studio import LabelStudioImport, LabelStudioProject, LabelStudioTask
from labeling.models.onboarding import Onboarding, OnboardingAnswer, OnboardingStage
from labeling.models.progress import PauseReason, Progress, Tally, TallyKind
from labeling.models.project import Project, ProjectState, SchemaRevision, TaskOrder
from labeling.models.rule import LabelingRule, RuleKind
from labeling.models.suggestion import Suggestion
from labeling.models.task import Draft, Lease, Task
from labeling.models.work import WorkCount, WorkDay, WorkLabel

__all__ = [
    "AcceptRound",
    "Adjudication",
    "AgreementReport",
    "Annotation",
    "AnnotationRevision",
    "Assignment",
    "AssignmentKind",
    "AssignmentState",
    "AuditOutcome",
    "AutoAccept",
    "Backend",
    "BackendState",
    "Bulk",
    "BulkState",
    "BulkTask",
    "Comment",
    "Dispute",
    "DisputeState",
    "Draft",
    "Export",
    "Gold",
    "GoldState",
    "GoldUse",
    "LabelStudioImport",
    "LabelStudioProject",
    "LabelStudioTask",
    "LabelingRule",
    "Lease",
    "Mention",
    "ModelLabel",
    "Onboarding",
    "OnboardingAnswer",
    "OnboardingStage",
    "PauseReason",
    "Progress",
    "Project",
    "ProjectState",
    "Rejection",
    "RuleKind",
    "SchemaRevision",
    "Suggestion",
    "SuspectKind",
    "SuspectLabel",
    "SuspectState",
    "Tally",
    "TallyKind",
    "Task",
    "TaskOrder",
    "Verdict",
    "WorkCount",
    "WorkDay",
    "WorkLabel",
]
