import xml.etree.ElementTree as ET

from modeling.engine.compress.front import Limits, Row, front, propose
from modeling.engine.compress.plot import plot, svg

FLOAT = Row("fp32", "float", lost=0.0, bytes=80_000_000, ms=6.0)
INT8 = Row("int8", "whole", lost=0.2, bytes=20_000_000, ms=3.0)
WORSE = Row("zeros", "zeros", lost=0.3, bytes=20_000_000, ms=3.0)
STATIC = Row("static", "vectors", student=True, lost=1.4, lost_test=1.25, low=0.5, high=2, bytes=7_000_000, ms=0.1)
BROKEN = Row("layers", "two layers", student=True, failed="The loss became nan.")
ROWS = [FLOAT, INT8, WORSE, STATIC, BROKEN]


def test_the_front_is_what_nothing_beats_from_small_to_large():
    assert front(ROWS) == ["static", "int8", "fp32"]
    assert front([INT8, Row("twin", "same", lost=0.2, bytes=20_000_000, ms=3.0)]) == ["int8", "twin"]


def test_the_smallest_within_the_limits_is_proposed():
    assert propose(ROWS, Limits(drop=0.5))[0] == "int8"
    assert propose(ROWS, Limits(drop=1.5))[0] == "static"
    assert propose(ROWS, Limits(drop=0.1))[0] == "fp32"
    assert propose(ROWS, Limits(drop=1.5, ms=0.05))[0] is None
    assert propose([BROKEN], Limits()) == (None, "Not one candidate could be made; the table says why.")


def test_the_sentence_says_why_and_what_the_test_rows_tell():
    name, sentence = propose(ROWS, Limits(drop=1.5, bytes=10_000_000))
    assert name == "static"
    assert sentence == (
        "static (vectors) is the only candidate within 1.5 points lost, 10.0 MB: it loses 1.40 points on the "
        "validation rows, takes 7.0 MB and 0.10 ms a text. On the test rows, which took no part in the choice, it "
        "loses 1.25 points (95 %: 0.5 to 2.0)."
    )
    name, sentence = propose(ROWS, Limits(drop=0.5, bytes=8_000_000))
    assert name is None
    assert sentence == (
        "No candidate is within 0.5 points lost, 8.0 MB. The closest is int8 (whole): it loses 0.20 points on the "
        "validation rows, takes 20.0 MB and 3.00 ms a text."
    )


def test_the_picture_has_a_place_for_each_candidate_and_a_line_for_each_limit():
    limits = Limits(drop=0.5, ms=4.0)
    drawn = plot([*ROWS, Row("bad", "bad", lost=40.0, bytes=1_000_000, ms=1.0)], front(ROWS), "int8", limits, "ms")
    at = {point.name: point for point in drawn.points}
    assert set(at) == {"fp32", "int8", "zeros", "static", "bad"}
    assert at["static"].x < at["int8"].x < drawn.limit_x < at["fp32"].x
    assert at["fp32"].y > at["int8"].y > drawn.limit_y > at["static"].y
    assert (at["bad"].over, at["bad"].y, at["static"].over) == (True, drawn.top, False)
    assert [point.name for point in drawn.points if point.proposed] == ["int8"]
    assert [tick.label for tick in drawn.across] == ["0.1 ms", "0.2 ms", "0.5 ms", "1 ms", "2 ms", "5 ms"]
    root = ET.fromstring(svg(drawn))
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 5


def test_a_picture_of_nothing_is_empty():
    drawn = plot([BROKEN], [], None, Limits())
    assert (drawn.points, drawn.path, drawn.limit_x) == ([], "", None)
