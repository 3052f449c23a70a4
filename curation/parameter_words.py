"""Titles, help and choices of the parameters of steps in the reader's language; a test holds the tables complete."""

from django.utils.translation import gettext_lazy as _

# By the parameter's name, or by step and name where one means something else.
PARAMETERS = {
    "mode": (
        _("What is removed"),
        _("“html” removes tags and decodes references; “entities” decodes references alone."),
    ),
    "missing_values.mode": (_("Fill with the most frequent"), _("Columns whose gaps get their most frequent value.")),
    "form": (
        _("Unicode form"),
        _("NFC keeps how text looks; NFKC also makes full-width and ligature characters plain."),
    ),
    "strip_invisible": (_("Remove invisible characters"), _("Zero-width characters, control characters and the like.")),
    "collapse_blanks": (_("Tidy white space"), _("Runs of blanks become one; line breaks stay.")),
    "min_items": (_("Least items with the line"), _("A line in at least so many items is boilerplate; at least 2.")),
    "min_share": (
        _("Least share of items with the line"),
        _("From 0 to 1; the larger of this and the number above counts."),
    ),
    "min_chars": (_("Least characters"), _("0 sets no limit.")),
    "drop_boilerplate_lines.min_chars": (_("Least characters of a line"), _("Shorter lines are never boilerplate.")),
    "max_chars": (_("Most characters"), _("0 sets no limit.")),
    "min_words": (_("Least words"), _("0 sets no limit. Chinese characters count by their usual ratio.")),
    "max_words": (_("Most words"), _("0 sets no limit.")),
    "filter_lines.min_words": (_("Least words of a line"), _("Lines with fewer words are removed.")),
    "allowed": (_("Allowed values"), _("One on each line; leave it empty to allow all.")),
    "detect_language.allowed": (
        _("Languages to keep"),
        _("ISO 639 codes such as en or zh; leave it empty to keep all."),
    ),
    "drop_invalid_label.allowed": (
        _("Allowed labels"),
        _("Rows with another label are dropped; leave it empty to allow all."),
    ),
    "value_range.allowed": (_("Allowed values"), _('For each column a list, such as {"colour": ["red", "blue"]}.')),
    "among": (_("Languages that can occur"), _("Naming them makes short texts far surer; leave it empty for all 139.")),
    "min_letters": (
        _("Least letters"),
        _("With fewer, the language is undecided; a Chinese character counts as three."),
    ),
    "min_score": (_("Least certainty"), _("From 0 to 1; below it the language is undecided.")),
    "drop_undecided": (_("Drop undecided texts"), _("Else they stay, with the language und.")),
    "margin": (
        _("Margin for questions"),
        _("Share of a limit, from 0; items this close to a limit become findings for people."),
    ),
    "from_words": (
        _("Only texts of at least so many words"),
        _("Shorter ones stay as they are: these rules are for documents."),
    ),
    "from_lines": (_("Line rules only from so many lines"), _("Texts with fewer lines are not judged by their lines.")),
    "terminal_punctuation": (_("Lines must end with punctuation"), _("Others are removed, as in C4.")),
    "max_word_length": (_("Longest word"), _("In characters; 0 sets no limit.")),
    "filter_symbols.max_word_length": (_("Longest average word"), _("In characters; 0 switches the rule off.")),
    "javascript": (_("Remove lines about JavaScript"), _("Such as “please enable JavaScript”.")),
    "policies": (_("Remove lines about policies"), _("Terms of use, privacy policy, cookies.")),
    "citations": (_("Remove citation marks"), _("Such as [3] or [citation needed].")),
    "min_sentences": (_("Least sentences left"), _("Texts with fewer are dropped; 0 switches the rule off.")),
    "max_hashes_per_word": (_("Most # signs per word"), _("0 switches the rule off.")),
    "max_ellipses_per_word": (_("Most ellipses per word"), _("0 switches the rule off.")),
    "max_bullet_lines": (_("Most bulleted lines"), _("Share of the lines from 0 to 1; 0 switches the rule off.")),
    "max_ellipsis_lines": (
        _("Most lines that end with an ellipsis"),
        _("Share of the lines from 0 to 1; 0 switches the rule off."),
    ),
    "min_alphabetic_words": (
        _("Least words with a letter"),
        _("Share of the words from 0 to 1; 0 switches the rule off."),
    ),
    "min_word_length": (_("Shortest average word"), _("In characters; 0 switches the rule off.")),
    "min_stop_words": (_("Least everyday words"), _("How many different ones of the list; 0 switches the rule off.")),
    "stop_words": (_("Everyday words"), _("At most 64, one on each line.")),
    "lorem_ipsum": (_("Drop filler text"), _("Texts that hold “lorem ipsum”.")),
    "curly_bracket": (_("Drop texts with a curly bracket"), _("C4's sign of program code.")),
    "min_line_punctuation": (
        _("Least lines that end with punctuation"),
        _("Share of the lines from 0 to 1; 0 switches the rule off."),
    ),
    "max_short_lines": (_("Most short lines"), _("Share of the lines from 0 to 1; 0 switches the rule off.")),
    "short_line_length": (_("A line is short below"), _("Characters.")),
    "max_duplicated_line_chars": (
        _("Most text in repeated lines"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "max_newlines_per_word": (_("Most line breaks per word"), _("0 switches the rule off.")),
    "duplicate_lines": (_("Most repeated lines"), _("Share of the lines from 0 to 1; 0 switches the rule off.")),
    "duplicate_line_chars": (
        _("Most text in repeated lines"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "duplicate_paragraphs": (
        _("Most repeated paragraphs"),
        _("Share of the paragraphs from 0 to 1; 0 switches the rule off."),
    ),
    "duplicate_paragraph_chars": (
        _("Most text in repeated paragraphs"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "blocked": (_("Blocked words"), _("Texts that hold one are noted; one on each line.")),
    "required": (_("Required words"), _("Texts that hold none of them are noted; one on each line.")),
    "action": (_("What happens to them"), _("“drop” leaves them out, “find” asks people.")),
    "value_range.action": (
        _("What happens to them"),
        _("“find” asks people, “drop” leaves the rows out, “clip” sets the limit."),
    ),
    "invalid": (_("Labels that mean none"), _("One on each line.")),
    "drop_missing": (_("Drop rows without a label"), _("Else they stay, to be labeled.")),
    "mapping": (_("New names"), _("Old name and new name of each label.")),
    "map_values.mapping": (
        _("New values"),
        _('For each column the old and the new values, such as {"size": {"S": "small"}}.'),
    ),
    "trim": (_("Trim blanks"), _("At both ends of the label.")),
    "settle": (_("Take the label off ties"), _("A person then decides; else all labels stay.")),
    "columns": (_("Columns"), _("One on each line; leave it empty for those that fit.")),
    "exact_duplicates.columns": (_("Columns that must be equal"), _("The text when empty.")),
    "suspicious_labels.columns": (
        _("Columns to learn from"),
        _("The text, the numbers and columns of few values when empty."),
    ),
    "folded": (_("Whatever case and blanks"), _("Else texts must be equal to the letter.")),
    "threshold": (_("Least similarity"), _("Above 0, at most 1; 1 means equal.")),
    "link_records.threshold": (_("Least probability"), _("Between 0 and 1: how sure rows must be the same.")),
    "shingles": (_("Compared by"), _("auto, word:5 (five words) or char:5 (five characters).")),
    "keep": (_("Which one stays"), _("Of the items that are alike.")),
    "newest_by": (_("Column that says how new"), _("Only where the newest stays.")),
    "near_margin": (_("Margin for questions"), _("Pairs less than this above the threshold ask people; 0 to 0.5.")),
    "validation": (_("Validation"), _("Share of the items, from 0 to 1.")),
    "test": (_("Test"), _("Share of the items, from 0 to 1.")),
    "seed": (_("Seed"), _("The same number draws the same rows.")),
    "group_column": (_("Column of groups"), _("Rows of one group stay together.")),
    "outliers.group_column": (_("Column of groups"), _("Limits are set within each group.")),
    "date_column": (_("Column of dates"), _("The newest items become the test part.")),
    "lock_column": (_("Column of an earlier split"), _("Its test items stay in the test part.")),
    "locked_items": (_("Items locked into the test part"), _("Their numbers, as a list.")),
    "missing": (_("Words that mean missing"), _("One on each line.")),
    "code_names": (_("Columns that stay text"), _("Parts of names, such as zip or phone: codes are no numbers.")),
    "date_formats": (_("Ways of writing dates"), _("Such as %Y-%m-%d; the first that fits all values is taken.")),
    "datetime_formats": (_("Ways of writing date and time"), _("Such as %Y-%m-%d %H:%M.")),
    "decimal": (_("Decimal sign"), _("A point or a comma.")),
    "drop": (_("Columns that must have a value"), _("Rows without one are dropped.")),
    "constant": (_("Fill with a fixed value"), _("Column and value.")),
    "median": (_("Fill with the median"), _("Columns of numbers.")),
    "mean": (_("Fill with the mean"), _("Columns of numbers.")),
    "drop_columns_above": (_("Leave out columns with more missing than"), _("Share from 0 to 1; 1 leaves none out.")),
    "others": (_("Values that are not in the table"), _("“keep” them, make them “missing”, or “find” them.")),
    "minimum": (_("Smallest values"), _('For each column, such as {"age": 0}.')),
    "maximum": (_("Largest values"), _('For each column, such as {"age": 120}.')),
    "method": (_("Method"), _("How the limits are found.")),
    "split_leakage.method": (_("Method"), _("How texts are compared.")),
    "iqr_factor": (_("Times the distance between the quartiles"), _("1.5 is usual (Tukey).")),
    "mad_limit": (_("Times the median absolute deviation"), _("3.5 is usual (Iglewicz and Hoaglin).")),
    "times": (_("How many times likelier another label is"), _("Above 1; a larger number finds fewer and surer ones.")),
    "fields": (_("Columns to compare"), _("One on each line.")),
    "kinds": (_("Kinds of columns"), _("text, code or number, where the guess is wrong.")),
    "rows": (_("Rows"), _("How many; 0 sets no number.")),
    "share": (_("Share"), _("Of the rows, from 0 to 1; 0 sets none.")),
    "head": (_("First of each value"), _("So many rows of each value of the column; 0 sets none.")),
    "column": (_("Column"), _("By whose values the rows are drawn.")),
    "split_column": (_("Column of the split"), _("It holds train, validation and test.")),
    "benchmark_column": (_("Column of a benchmark"), _("Its texts may not be in the training part.")),
    "standard": (_("Mean 0, spread 1"), _("Columns of numbers.")),
    "minmax": (_("From 0 to 1"), _("Columns of numbers.")),
    "onehot": (_("A column for each category"), _("Columns of at most a thousand categories.")),
    "ordinal": (_("A number for each category"), _("Columns of at most a thousand categories.")),
    "top_2gram": (
        _("Most text in one phrase of two words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "top_3gram": (
        _("Most text in one phrase of three words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "top_4gram": (
        _("Most text in one phrase of four words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_5gram": (
        _("Most text in repeated phrases of five words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_6gram": (
        _("Most text in repeated phrases of six words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_7gram": (
        _("Most text in repeated phrases of seven words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_8gram": (
        _("Most text in repeated phrases of eight words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_9gram": (
        _("Most text in repeated phrases of nine words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
    "repeated_10gram": (
        _("Most text in repeated phrases of ten words"),
        _("Share of the characters from 0 to 1; 0 switches the rule off."),
    ),
}

# Values of parameters that are one of a few words; what is not here, such as NFC, is a name everywhere.
CHOICES = {
    "drop": _("leave out"),
    "find": _("ask people"),
    "clip": _("set the limit"),
    "keep": _("keep"),
    "missing": _("make missing"),
    "longest": _("the longest"),
    "first": _("the first"),
    "newest": _("the newest"),
    "labeled_first": _("one with a label, else the longest"),
    "fullest": _("the fullest"),
    "last": _("the last"),
    "labeled": _("the first with a label, else the fullest"),
    "iqr": _("quartiles"),
    "mad": _("median absolute deviation"),
    "html": _("tags and references"),
    "entities": _("references only"),
    "none": _("none"),
    "exact": _("equal texts"),
    "near": _("similar texts"),
    ".": _("point (1.5)"),
    ",": _("comma (1,5)"),
}


def parameter_words(step: str, name: str) -> tuple[str, str]:
    """Return title and help of a parameter; its bare name where there are no words for it."""
    title, what = PARAMETERS.get(f"{step}.{name}") or PARAMETERS.get(name) or (name, "")
    return str(title), str(what)


def choice_words(value: str) -> str:
    """Return what people call one of the values of a parameter."""
    return str(CHOICES.get(value, value))
