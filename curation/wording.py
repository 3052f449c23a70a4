"""Steps and reasons in the reader's language. The engine speaks codes; a test holds this table complete."""

from django.utils.translation import gettext_lazy as _

STEP_TEXTS = {
    "repair_mojibake": (
        _("Repair mojibake"),
        _("Text that was decoded with the wrong encoding is mended; nothing else is touched."),
    ),
    "strip_markup": (
        _("Strip markup"),
        _("HTML and XML tags removed, character references such as &amp; decoded; or the references alone."),
    ),
    "normalize_text": (
        _("Normalize text"),
        _("One Unicode form, invisible characters removed, white space tidied."),
    ),
    "drop_boilerplate_lines": (
        _("Drop boilerplate lines"),
        _("Removes lines that many texts share, such as menus and disclaimers."),
    ),
    "detect_language": (
        _("Detect language"),
        _("Adds the language and how sure it is; may drop languages that are not wanted."),
    ),
    "filter_length": (_("Filter by length"), _("Drops texts with too few or too many characters or words.")),
    "filter_lines": (
        _("Filter lines"),
        _("Keeps the lines of documents that look like sentences, by the rules of C4."),
    ),
    "filter_symbols": (
        _("Filter symbols and line shapes"),
        _("Drops documents that look like lists, code or menus, by the rules of Gopher, C4 and FineWeb."),
    ),
    "filter_repetition": (
        _("Filter repetition"),
        _("Drops documents that repeat lines, paragraphs or phrases, by the rules of Gopher."),
    ),
    "word_list": (
        _("Word list"),
        _("Drops or finds texts that hold a blocked word, or none of the required ones."),
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
    "near_duplicates": (
        _("Drop near-duplicates"),
        _("Keeps one of each cluster of nearly equal texts; every pair above the threshold is found."),
    ),
    "semantic_duplicates": (
        _("Semantic duplicates"),
        _("Texts that mean the same in other words, by the cosine of their vectors."),
    ),
    "meaning_outliers": (_("Outliers of meaning"), _("Texts that are far from all others in meaning.")),
    "off_topic": (_("Off topic"), _("Texts that are near none of the topics that you name.")),
    "select_items": (_("Chosen items"), _("Items that somebody chose are kept alone, dropped, or marked with a word.")),
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
    "near_duplicate": _("Near-duplicate"),
    "near_duplicate_margin": _("Perhaps a near-duplicate"),
    "semantic_duplicate": _("Means the same"),
    "meaning_outlier": _("Outlier of meaning"),
    "off_topic": _("Off topic"),
    "not_chosen": _("Not chosen"),
    "chosen": _("Left out by choice"),
    "only_boilerplate": _("Nothing but boilerplate"),
    "language_not_allowed": _("Language not allowed"),
    "language_undecided": _("Language undecided"),
    "text_too_short": _("Text too short"),
    "text_too_long": _("Text too long"),
    "no_line_left": _("No line left"),
    "few_sentences": _("Too few sentences"),
    "many_hashes": _("Too many # signs"),
    "many_ellipses": _("Too many ellipses"),
    "bullet_lines": _("Too many bulleted lines"),
    "ellipsis_lines": _("Too many lines end with an ellipsis"),
    "few_alphabetic_words": _("Too few words with letters"),
    "words_too_short": _("Words too short"),
    "words_too_long": _("Words too long"),
    "few_stop_words": _("Too few everyday words"),
    "lorem_ipsum": _("Filler text (lorem ipsum)"),
    "curly_bracket": _("Curly bracket"),
    "few_line_ends": _("Too few lines end with punctuation"),
    "short_lines": _("Too many short lines"),
    "duplicated_line_chars": _("Too much text in repeated lines"),
    "many_newlines": _("Too many line breaks"),
    "duplicate_lines": _("Too many repeated lines"),
    "duplicate_line_chars": _("Repeated lines make up too much"),
    "duplicate_paragraphs": _("Too many repeated paragraphs"),
    "duplicate_paragraph_chars": _("Repeated paragraphs make up too much"),
    "top_2gram": _("One phrase of 2 words too frequent"),
    "top_3gram": _("One phrase of 3 words too frequent"),
    "top_4gram": _("One phrase of 4 words too frequent"),
    "repeated_5gram": _("Repeated phrases of 5 words"),
    "repeated_6gram": _("Repeated phrases of 6 words"),
    "repeated_7gram": _("Repeated phrases of 7 words"),
    "repeated_8gram": _("Repeated phrases of 8 words"),
    "repeated_9gram": _("Repeated phrases of 9 words"),
    "repeated_10gram": _("Repeated phrases of 10 words"),
    "word_blocked": _("Blocked word"),
    "word_missing": _("No required word"),
    "near_threshold": _("Close to a limit"),
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

# Steps in the order in which they are offered, and usually run.
STEP_GROUPS = [
    (
        _("Text"),
        ["repair_mojibake", "strip_markup", "normalize_text", "drop_boilerplate_lines", "drop_empty_text"],
    ),
    (
        _("Filters"),
        ["detect_language", "filter_length", "filter_lines", "filter_symbols", "filter_repetition", "word_list"],
    ),
    (_("Labels"), ["drop_invalid_label", "map_labels", "conflicting_labels", "suspicious_labels"]),
    (_("Duplicates"), ["exact_duplicates", "near_duplicates", "semantic_duplicates", "link_records"]),
    (_("Meaning"), ["meaning_outliers", "off_topic"]),
    (_("Tables"), ["infer_types", "missing_values", "map_values", "value_range", "outliers", "encode_columns"]),
    (_("Sample and split"), ["sample", "select_items", "split", "split_leakage"]),
]

# The plans of curation.engine.presets.
PRESET_TEXTS = {
    "gopher": ("Gopher", _("Length, repetition and symbols of documents (Rae and others 2021).")),
    "c4": ("C4", _("Lines, brackets and filler text of web pages (Raffel and others 2020).")),
    "fineweb": ("FineWeb", _("Gopher and C4 with three filters more (Penedo and others 2024).")),
}
