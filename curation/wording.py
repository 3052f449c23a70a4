"""Steps and reasons in the reader's language. The engine speaks codes; a test holds this table complete."""

from django.utils.translation import gettext_lazy as _

STEP_TEXTS = {
    "normalize_text": (
        _("Normalize text"),
        _("One Unicode form, invisible characters removed, white space tidied."),
    ),
    "drop_empty_text": (_("Drop rows without text"), _("Rows whose text is missing or only white space.")),
    "drop_invalid_label": (
        _("Drop invalid labels"),
        _("Labels that mean there is none, such as -1, or that are not allowed."),
    ),
    "map_labels": (_("Map labels"), _("Labels trimmed and renamed by a table.")),
    "conflicting_labels": (
        _("Find conflicting labels"),
        _("Equal texts with different labels become findings; a tie loses its label, so that a person decides."),
    ),
    "exact_duplicates": (
        _("Drop exact duplicates"),
        _("Keeps the first of equal texts, whatever their case and blanks."),
    ),
    "split": (_("Split"), _("Train, validation and test; stratified, seeded, and equal texts on the same side.")),
}

REASONS = {
    "text_empty": _("No text"),
    "label_invalid": _("Label means none"),
    "label_not_allowed": _("Label not allowed"),
    "label_missing": _("No label"),
    "label_conflict": _("Conflicting labels"),
    "duplicate": _("Duplicate"),
}

# The final pass of a run, which is no step of any plan.
DECISIONS = (_("Decisions of people"), _("What people decided in the review, given again for equal items."))
DECISION_REASONS = {"decided_drop": _("Dropped by a person")}

RULE_TEXTS = {
    "keep_all": _("keep all items"),
    "drop_all": _("drop all items"),
    "keep_first": _("keep the first item, drop the others"),
    "keep_longest": _("keep the longest text, drop the others"),
    "majority_label": _("give all the label of the majority"),
}

# Steps are offered in groups, by how the name of their module begins.
STEP_GROUPS = {
    "text": _("Text"),
    "language": _("Text"),
    "filter": _("Text"),
    "repetition": _("Text"),
    "boilerplate": _("Text"),
    "label": _("Labels"),
    "table": _("Tables"),
    "column": _("Tables"),
    "encod": _("Tables"),
    "missing": _("Tables"),
    "duplicates": _("Duplicates"),
    "near": _("Duplicates"),
    "link": _("Duplicates"),
    "leak": _("Duplicates"),
    "split": _("Sample and split"),
    "sample": _("Sample and split"),
    "lock": _("Sample and split"),
}
OTHER_STEPS = _("Other steps")
