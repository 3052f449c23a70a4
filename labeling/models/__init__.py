from labeling.models.annotation import Annotation, AnnotationRevision, Rejection, Verdict
from labeling.models.assignment import Assignment, AssignmentKind, AssignmentState
from labeling.models.bulk import Bulk, BulkState, BulkTask
from labeling.models.comment import Comment, Mention
from labeling.models.gold import Gold, GoldState
from labeling.models.progress import PauseReason, Progress, Tally, TallyKind
from labeling.models.project import Project, ProjectState, SchemaRevision
from labeling.models.suggestion import Suggestion
from labeling.models.task import Draft, Lease, Task

__all__ = [
    "Annotation",
    "AnnotationRevision",
    "Assignment",
    "AssignmentKind",
    "AssignmentState",
    "Bulk",
    "BulkState",
    "BulkTask",
    "Comment",
    "Draft",
    "Gold",
    "GoldState",
    "Lease",
    "Mention",
    "PauseReason",
    "Progress",
    "Project",
    "ProjectState",
    "Rejection",
    "SchemaRevision",
    "Suggestion",
    "Tally",
    "TallyKind",
    "Task",
    "Verdict",
]
