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
    "split": (_("Split"), _("Train, validation and test; stratified, seeded, and equal texts on the same side.")),
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
}
