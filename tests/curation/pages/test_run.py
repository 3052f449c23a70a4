import pytest
from django.utils import translation

from curation.pages.run import search_remark


@pytest.mark.parametrize(
    ("method", "recall", "words"),
    [
        ("exact", 1.0, "Exact: every pair at the threshold was found and counted in full (word:5)."),
        ("minhash", 0.9967, "MinHash, every pair counted in full (word:5). By a sample it found 99.7% of all pairs."),
        (
            "minhash",
            None,
            "MinHash, every pair counted in full (word:5); a sample held no pair to measure the recall by.",
        ),
    ],
)
def test_a_report_says_how_near_duplicates_were_found(method: str, recall: float | None, words: str) -> None:
    with translation.override("en"):
        assert search_remark({"method": method, "recall": recall, "shingles": "word:5"}) == words
    assert search_remark(None) == ""
