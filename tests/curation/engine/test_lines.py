from curation.engine.steps.lines import FilterLines
from tests.curation.engine.tiny import apply

EVERY = {"from_words": 0}


def test_lines_that_are_no_sentences_go() -> None:
    text = (
        "Home | About us\n"
        "The cat sat on the mat. \r\n"
        'He said "no."\n'
        "We use cookies to serve you. Our cookie policy says more.\n"
        "Please enable JavaScript to see this.\n"
        "Read more about the cat...\n"
        "Too short.\n"
        "\n"
        "我们昨天去了公园，天气很好。\n"
        "😀 is all I can say!"
    )
    result = apply(FilterLines(**EVERY), [text, "", None])
    assert result.kept == {
        1: 'The cat sat on the mat.\nHe said "no."\n我们昨天去了公园，天气很好。\n😀 is all I can say!'
    }
    assert result.changed == 1
    assert [drop[:2] for drop in result.drops] == [(2, "no_line_left"), (3, "no_line_left")]


def test_each_rule_can_be_switched_off() -> None:
    text = f"Read this now\nToo short.\nNo javascript here today.\nSee our terms of use.\nA {'x' * 1001} b."
    off = FilterLines(
        **EVERY, terminal_punctuation=False, min_words=0, javascript=False, policies=False, max_word_length=0
    )
    assert apply(off, [text]).changed == 0
    assert apply(FilterLines(**EVERY), [text]).drops == [(1, "no_line_left", "")]


def test_citations_go_only_when_asked() -> None:
    text = "The cat sat.[12] It was glad.[citation needed]"
    assert apply(FilterLines(**EVERY, citations=True), [text]).kept == {1: "The cat sat. It was glad."}
    assert apply(FilterLines(**EVERY), [text]).drops == [(1, "no_line_left", "")]


def test_sentences_are_counted_in_both_scripts() -> None:
    texts = ["One is here. Two is 3.5 here! Three?", "这是一句。这是两句！这是三句？", "Only one of them, e.g.this."]
    result = apply(FilterLines(**EVERY, min_sentences=3), texts)
    assert list(result.kept) == [1, 2]
    assert result.drops == [(3, "few_sentences", "1 sentences, at least 3")]
    near = apply(FilterLines(**EVERY, min_sentences=3, margin=0.1), texts)
    assert [found[0] for found in near.found] == [1, 2]


def test_messages_are_left_alone() -> None:
    texts = ["no full stop here", "ok", "好", None]
    result = apply(FilterLines(), texts)
    assert (list(result.kept.values()), result.changed, result.drops) == (texts, 0, [])


def test_a_changed_text_that_is_dropped_is_not_counted() -> None:
    result = apply(FilterLines(**EVERY, min_sentences=2), ["One of them stays.\nmenu"])
    assert (result.changed, result.drops) == (0, [(1, "few_sentences", "1 sentences, at least 2")])
