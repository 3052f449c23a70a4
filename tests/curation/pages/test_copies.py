from curation.engine.copy_examples import CopyExample, Side
from curation.pages.copies import spans_html, worded_copies


def test_spans_are_marked_named_and_escaped() -> None:
    labels: dict[str, int] = {}
    html = spans_html("<b> in Bern & Rome", [[7, 11, "LOC"], [8, 10, "inner"], [14, 18, "<L>"]], labels)
    assert html == (
        '&lt;b&gt; in <mark class="copy-span copy-colour-0">Bern<span class="copy-label">LOC</span></mark> &amp; '
        '<mark class="copy-span copy-colour-1">Rome<span class="copy-label">&lt;L&gt;</span></mark>'
    )
    assert labels == {"LOC": 0, "<L>": 1}


def test_both_sides_of_a_text_and_what_differs() -> None:
    copy = CopyExample(7, "delete_words", Side("one two three", [[4, 7, "a"]]), Side("two three", [[0, 3, "a"]]))
    (shown,) = worded_copies([copy])
    assert [side["name"] for side in shown["sides"]] == ["Before", "After"]
    assert "<del>" in shown["change"]
    assert '<mark class="copy-span copy-colour-0">two<span' in shown["sides"][1]["html"]


def test_shapes_are_drawn_over_the_picture() -> None:
    shapes = [
        {"type": "box", "x": 1, "y": 2, "width": 3, "height": 4, "label": "<x>"},
        {"type": "point", "x": 5, "y": 6, "label": "p"},
        {"type": "line", "points": [[0, 0], [9, 9]], "label": "p"},
        {"type": "box", "x": "?"},
    ]
    side = Side(picture="data:image/png;base64,AA==", size=(100, 50), shapes=shapes)
    first, second = worded_copies([CopyExample(number, "mirror", side, side, 2) for number in (1, 2)])
    assert first["legend"] == second["legend"] == [("<x>", 0), ("p", 1)]
    html = first["sides"][0]["html"]
    assert 'viewBox="0 0 100 50"' in html
    assert (
        '<polygon class="copy-shape copy-colour-0" points="1,2 4,2 4,6 1,6"><title>&lt;x&gt;</title></polygon>' in html
    )
    assert '<circle class="copy-shape copy-colour-1" cx="5" cy="6" r="1"><title>p</title></circle>' in html
    assert '<polyline class="copy-shape copy-colour-1" points="0,0 9,9">' in html
    assert "?" not in html
