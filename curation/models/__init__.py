from curation.models.dataset import Dataset
from curation.models.run import Finding, FindingState, Plan, Run
from curation.models.upload import Upload
from curation.models.version import Version, VersionKind

__all__ = ["Dataset", "Finding", "FindingState", "Plan", "Run", "Upload", "Version", "VersionKind"]
