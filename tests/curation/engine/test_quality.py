import pyarrow as pa
import pytest

from curation.engine.quality import SIGNALS, quality, signals


def score(*values: str | None) -> list[float]:
    return quality(pa.array(values, pa.large_string())).tolist()


def of(text: str) -> dict[str, float]:
    return {name: round(float(values[0]), 4) for name, values in signals(pa.array([text], pa.large_string())).items()}


def test_a_plain_sentence_has_every_signal() -> None:
    assert of("The bread of this town is good.") == dict.fromkeys(SIGNALS, 1.0)
    assert score("The bread of this town is good.", "这家店的面包很好吃。") == [1.0, 1.0]


@pytest.mark.parametrize(
    ("text", "signal", "value"),
    [
        ("call 0800 now 24 7", "letters", 0.4),
        ("buy # it # now …", "signs", 0.0),
        ("a b c d e", "length", 0.0),
        ("First line here.\nFirst line here.", "fresh", 0.5),
        ("No end\nAn end.", "ended", 0.5),
        ("The cafÃ© is open.", "decoded", 0.0),
        ("The caf\N{REPLACEMENT CHARACTER} is open.", "decoded", 0.0),
    ],
)
def test_each_fault_lowers_its_signal(text: str, signal: str, value: float) -> None:
    assert of(text)[signal] == pytest.approx(value, abs=0.02)


def test_no_words_are_no_quality() -> None:
    assert score("", None, "🙂 !!", " ") == [0.0, 0.0, 0.0, 0.0]
    assert score() == []


def test_the_score_is_the_mean_of_the_signals() -> None:
    found = of("call 0800 now 24 7")
    assert score("call 0800 now 24 7") == [pytest.approx(sum(found.values()) / 6, abs=1e-4)]
