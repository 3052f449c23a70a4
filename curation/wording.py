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
    "pii": (
        _("Personal data"),
        _("E-mail addresses, telephones, numbers, names and secrets found, masked, replaced or dropped."),
    ),
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
    "near_duplicate_images": (
        _("Drop near-duplicate images"),
        _("Keeps one of each cluster of nearly equal pictures; every pair is verified on its pixels."),
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
    "measure_images": (
        _("Measure pictures"),
        _("Size, sharpness, brightness and colour of pictures that no import has measured."),
    ),
    "image_size": (_("Sizes of pictures"), _("Too small, too large, or of another size than the others.")),
    "image_aspect": (_("Odd shapes of pictures"), _("Much longer one way than the other.")),
    "image_blur": (_("Blurred pictures"), _("Few sharp edges, whatever the size of the picture.")),
    "image_dark": (_("Dark pictures"), _("Not even the brightest parts are bright.")),
    "image_bright": (_("Overexposed pictures"), _("Even the darkest parts are bright.")),
    "image_information": (_("Pictures with little in them"), _("Few different shades: an empty scan, a placeholder.")),
    "image_uniform": (_("Pictures of one shade"), _("Brightness hardly changes over the whole picture.")),
    "image_mode": (
        _("Odd colour modes of pictures"),
        _("Grey among coloured ones, CMYK, one bit or more than eight: where few are so, or they are not wanted."),
    ),
    "image_oddities": (
        _("Odd picture files"),
        _("Files that the import had to mend: animated, wrong ending, broken checksum or profile."),
    ),
    "flag_nsfw": (
        _("Pictures that may be pornographic"),
        _("A small network gives each picture a score; people look at those above the threshold."),
    ),
    "augment": (
        _("Add changed copies"),
        _(
            "Adds copies of training items whose text or picture is changed a little by a policy; labels, spans and "
            "shapes are moved with it. Put it last, behind the split."
        ),
    ),
    "blur_faces": (
        _("Blur faces"),
        _("A small network looks for faces; pictures with blurred faces take the place of the others."),
    ),
}

REASONS = {
    "spans_unfit": _("Spans or shapes do not fit"),
    "text_too_long_to_augment": _("Too long to be changed"),
    "picture_unreadable": _("Picture cannot be read"),
    "text_empty": _("No text"),
    "label_invalid": _("Label means none"),
    "label_not_allowed": _("Label not allowed"),
    "label_missing": _("No label"),
    "label_conflict": _("Conflicting labels"),
    "duplicate": _("Duplicate"),
    "near_duplicate": _("Near-duplicate"),
    "near_duplicate_margin": _("Perhaps a near-duplicate"),
    "near_label_conflict": _("Similar texts, different labels"),
    "near_duplicate_image": _("Near-duplicate image"),
    "image_in_held_out": _("Image also in validation or test"),
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
    "pii_found": _("Personal data"),
    "pii_uncertain": _("Perhaps personal data"),
    "pii_dropped": _("Personal data, dropped"),
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
    "image_unreadable": _("Picture unreadable"),
    "image_too_small": _("Picture too small"),
    "image_too_large": _("Picture too large"),
    "image_odd_size": _("Odd size"),
    "image_odd_aspect": _("Odd shape"),
    "image_blurred": _("Blurred"),
    "image_dark": _("Too dark"),
    "image_bright": _("Overexposed"),
    "image_low_information": _("Little in it"),
    "image_uniform": _("One shade"),
    "image_odd_mode": _("Odd colour mode"),
    "image_odd_file": _("Odd file"),
    "maybe_nsfw": _("Maybe pornographic"),
    "face_found": _("Face"),
    "face_unsure": _("Perhaps a face"),
    "face_unseen": _("Not looked at for faces"),
    # Of any step, when the plan goes on with items on which one fails.
    "step_failed": _("A step failed on it"),
}

# What was odd about the file of a picture: curation.engine.pictures.decode.ODDITIES.
PICTURE_NOTES = {
    "rotated": _("Turned as its EXIF orientation says."),
    "cmyk": _("Converted from CMYK to sRGB for viewing."),
    "sixteen_bit": _("More than 8 bits a channel; scaled to 8 for viewing."),
    "palette": _("Colours of a palette; converted for viewing."),
    "animated": _("Several frames or pages; the first is used."),
    "transparent": _("Transparent parts are shown white."),
    "icc": _("Converted from its colour profile to sRGB for viewing."),
    "icc_broken": _("The colour profile is broken and was left out."),
    "exif_broken": _("The EXIF data is broken and was left out."),
    "wrong_extension": _("The name ends in another format than the content has."),
    "bad_checksum": _("A checksum in the file is wrong: parts of the picture may be."),
    "place": _("The original tells where it was taken; what is shown does not."),
    "device": _("The original tells with which device it was taken; what is shown does not."),
}

# The final pass of a run, which is no step of any plan.
DECISIONS = (_("Decisions of people"), _("What people decided in the review, given again for equal items."))
DECISION_REASONS = {"decided_drop": _("Dropped by a person")}

RULE_TEXTS = {
    "keep_all": _("keep all items"),
    "drop_all": _("drop all items"),
    "keep_first": _("keep the first item, drop the others"),
    "keep_longest": _("keep the longest text, drop the others"),
    "merge_first": _("merge all into the first item"),
    "merge_longest": _("merge all into the longest text"),
    "majority_label": _("give all the label of the majority"),
    "all_personal": _("all marked parts are personal data"),
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
    (_("Privacy"), ["pii"]),
    (_("Labels"), ["drop_invalid_label", "map_labels", "conflicting_labels", "suspicious_labels"]),
    (
        _("Duplicates"),
        ["exact_duplicates", "near_duplicates", "near_duplicate_images", "semantic_duplicates", "link_records"],
    ),
    (_("Meaning"), ["meaning_outliers", "off_topic"]),
    (_("Tables"), ["infer_types", "missing_values", "map_values", "value_range", "outliers", "encode_columns"]),
    (
        _("Pictures"),
        [
            *("measure_images", "image_size", "image_aspect", "image_blur", "image_dark", "image_bright"),
            *("image_information", "image_uniform", "image_mode", "image_oddities", "flag_nsfw", "blur_faces"),
        ],
    ),
    (_("Sample and split"), ["sample", "select_items", "split", "split_leakage", "augment"]),
]

# The plans of curation.engine.presets.
PRESET_TEXTS = {
    "gopher": ("Gopher", _("Length, repetition and symbols of documents (Rae and others 2021).")),
    "c4": ("C4", _("Lines, brackets and filler text of web pages (Raffel and others 2020).")),
    "fineweb": ("FineWeb", _("Gopher and C4 with three filters more (Penedo and others 2024).")),
}

# What a step for personal data looks for: curation.engine.pii.scan.LABELS.
PII_TEXTS = {
    "ACCOUNT": _("Account number"),
    "ADDRESS": _("Postal address"),
    "BANK_CARD": _("Bank card"),
    "BIRTH_DATE": _("Date of birth"),
    "CN_ID": _("Chinese identity number"),
    "CREDIT_CARD": _("Payment card"),
    "CRYPTO": _("Crypto address"),
    "DRIVER_LICENSE": _("Driver's licence"),
    "EMAIL": _("E-mail address"),
    "IBAN": _("IBAN"),
    "ID_NUMBER": _("Number of a person"),
    "IP": _("IP address"),
    "LANDLINE": _("Landline"),
    "MAC": _("Hardware address"),
    "NATIONAL_ID": _("National number"),
    "PASSPORT": _("Passport"),
    "PASSWORD": _("Password"),
    "PERSON": _("Person's name"),
    "PHONE": _("Telephone"),
    "PLATE": _("Licence plate"),
    "QQ": _("QQ number"),
    "ROUTING_NUMBER": _("Routing number"),
    "SECRET": _("Key or secret"),
    "TAX_ID": _("Tax number"),
    "URL": _("Web address"),
    "USCC": _("Unified social credit code"),
    "US_SSN": _("US social security number"),
    "WECHAT": _("WeChat ID"),
}

# What steps note beside their counts, by the names in `Step.notes`.
NOTE_TITLES = {
    "types": _("Types of the columns"),
    "formats": _("How dates are written"),
    "missing_shares": _("Share of missing values"),
    "filled_with": _("Filled with"),
    "columns_left_out": _("Columns left out"),
    "limits": _("Limits"),
    "encoders": _("Scaling and encoding"),
    "linkage": _("Comparison of rows"),
    "model": _("What agreement is worth"),
    "recall": _("Recall"),
    "kinds": _("Kinds"),
    "pictures": _("Pictures"),
    "unreadable": _("Pictures that cannot be read"),
    "broken": _("Pictures that cannot be read"),
    "first_broken": _("The first of them"),
    "plain": _("Pictures of one shade"),
    "score_quantiles": _("Scores, by share of the pictures"),
    "with_faces": _("Pictures with faces"),
    "faces": _("Faces"),
}
# Figures inside notes; values that are codes of ours have their words here too.
COLUMN_TITLES = {
    "column": _("Column"),
    "kind": _("Kind"),
    "mean": _("Mean"),
    "scale": _("Spread"),
    "low": _("Least"),
    "high": _("Most"),
    "categories": _("Categories"),
    "rows": _("Rows"),
    "candidates": _("Pairs compared"),
    "pairs": _("Pairs found"),
    "clusters": _("Clusters"),
    "largest": _("Largest cluster"),
    "prior": _("Share of equal pairs before any field is seen"),
    "fields": _("Fields"),
    "rounds": _("Rounds"),
    "match": _("Chance where rows are the same"),
    "other": _("Chance where they are not"),
    "bits": _("Weight in bits"),
    "threshold": _("Threshold"),
    "method": _("Method"),
    "standard": _("mean and spread"),
    "minmax": _("least and most"),
    "onehot": _("a column for each category"),
    "ordinal": _("number of the category"),
    "text": _("text"),
    "int": _("whole numbers"),
    "float": _("numbers"),
    "bool": _("yes or no"),
    "date": _("date"),
    "datetime": _("date and time"),
}
