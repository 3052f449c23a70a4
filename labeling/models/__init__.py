from labeling.models.annotation import Annotation, AnnotationRevision, Rejection, Verdict
from labeling.models.bulk import Bulk, BulkState, BulkTask
from labeling.models.comment import Comment, Mention
from labeling.models.progress import Progress, Tally, TallyKind
from labeling.models.project import Project, ProjectState, SchemaRevision, TaskOrder
from labeling.models.suggestion import Suggestion
from labeling.models.task import Draft, Lease, Task
from labeling.models.work import WorkCount, WorkDay, WorkLabel

__all__ = [
    "Annotation",
    "AnnotationRevision",
    "Bulk",
    "BulkState",
    "BulkTask",
    "Comment",
    "Draft",
    "Lease",
    "Mention",
    "Progress",
    "Project",
    "ProjectState",
    "Rejection",
    "SchemaRevision",
    "Suggestion",
    "Tally",
    "TallyKind",
    "Task",
    "TaskOrder",
    "Verdict",
    "WorkCount",
    "WorkDay",
    "WorkLabel",
]
