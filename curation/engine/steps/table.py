"""Every step by its name. Adding one: a file beside this, a row here, a test."""

from curation.engine.steps.base import Step
from curation.engine.steps.duplicates import ExactDuplicates
from curation.engine.steps.label import ConflictingLabels, DropInvalidLabel, MapLabels
from curation.engine.steps.near_duplicates import NearDuplicates
from curation.engine.steps.split import Split
from curation.engine.steps.text import DropEmptyText, NormalizeText

STEPS: dict[str, type[Step]] = {
    "normalize_text": NormalizeText,
    "drop_empty_text": DropEmptyText,
    "drop_invalid_label": DropInvalidLabel,
    "map_labels": MapLabels,
    "conflicting_labels": ConflictingLabels,
    "exact_duplicates": ExactDuplicates,
    "near_duplicates": NearDuplicates,
    "split": Split,
}
