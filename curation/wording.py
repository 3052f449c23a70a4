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
    "infer_types": (
        _("Infer types"),
        _("Text columns become numbers, dates or yes and no where every value is one; codes stay text."),
    ),
    "missing_values": (
        _("Missing values"),
        _("Rows dropped, cells filled, or columns left out where values are missing."),
    ),
    "map_values": (_("Map values"), _("Values of columns replaced by a table.")),
    "value_range": (
        _("Ranges and sets of values"),
        _("Values outside a range or a set are found, dropped or clipped."),
    ),
    "outliers": (
        _("Outliers"),
        _("Numbers far from the others of their column, by quartiles or by median absolute deviation."),
    ),
    "suspicious_labels": (
        _("Find suspicious labels"),
        _("Rows whose label a model trained on the other rows does not believe."),
    ),
    "link_records": (
        _("Link records"),
        _("Rows that are the same thing in different spellings are found or dropped."),
    ),
    "sample": (_("Sample"), _("A random or stratified part of the rows, or the first of each group.")),
    "split_leakage": (
        _("Leakage between splits"),
        _("Training items that the validation, the test or a benchmark holds too."),
    ),
    "encode_columns": (
        _("Scale and encode columns"),
        _("Numbers scaled and categories encoded with figures of the training part, which serving applies too."),
    ),
}

REASONS = {
    "text_empty": _("No text"),
    "label_invalid": _("Label means none"),
    "label_not_allowed": _("Label not allowed"),
    "label_missing": _("No label"),
    "label_conflict": _("Conflicting labels"),
    "duplicate": _("Duplicate"),
    "value_missing": _("Value missing"),
    "value_unmapped": _("Value not in the table"),
    "value_below": _("Value too small"),
    "value_above": _("Value too large"),
    "value_not_allowed": _("Value not allowed"),
    "outlier": _("Outlier"),
    "label_suspicious": _("Suspicious label"),
    "same_record": _("Same record"),
    "not_sampled": _("Not in the sample"),
    "in_held_out": _("Also in validation or test"),
    "in_benchmark": _("Also in a benchmark"),
}
