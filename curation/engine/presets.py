"""Plans that others published, as steps of ours, to use as they are or to start from."""

from typing import Any

from curation.engine.steps.symbols import GOPHER_STOP_WORDS

_SYMBOLS_OFF: dict[str, Any] = {
    "max_hashes_per_word": 0.0,
    "max_ellipses_per_word": 0.0,
    "max_bullet_lines": 0.0,
    "max_ellipsis_lines": 0.0,
    "min_alphabetic_words": 0.0,
    "min_word_length": 0.0,
    "max_word_length": 0.0,
    "lorem_ipsum": False,
    "min_line_punctuation": 0.0,
    "max_short_lines": 0.0,
    "max_duplicated_line_chars": 0.0,
    "max_newlines_per_word": 0.0,
}
# The rules speak about every text here: the papers drop what is shorter instead of letting it through.
_EVERY: dict[str, Any] = {"from_words": 0}
_LENGTH = {"name": "filter_length", "params": {"min_words": 50, "max_words": 100_000}}
_REPETITION = {"name": "filter_repetition", "params": _EVERY}
_EVERY_SHAPE: dict[str, Any] = {**_EVERY, "from_lines": 0}
_GOPHER_QUALITY = {
    "name": "filter_symbols",
    "params": {
        **_EVERY_SHAPE,
        "lorem_ipsum": False,
        "min_line_punctuation": 0.0,
        "max_short_lines": 0.0,
        "max_duplicated_line_chars": 0.0,
        "max_newlines_per_word": 0.0,
        "min_stop_words": 2,
        "stop_words": list(GOPHER_STOP_WORDS),
    },
}
_C4_PHRASES = {
    "name": "filter_symbols",
    "params": {**_EVERY_SHAPE, **_SYMBOLS_OFF, "lorem_ipsum": True, "curly_bracket": True},
}
_FINEWEB_LINES = {
    "name": "filter_symbols",
    "params": {
        **_EVERY_SHAPE,
        **_SYMBOLS_OFF,
        "min_line_punctuation": 0.12,
        "max_short_lines": 0.67,
        "short_line_length": 30,
        "max_duplicated_line_chars": 0.01,
        "max_newlines_per_word": 0.3,
    },
}


def _c4_lines(*, terminal_punctuation: bool) -> dict[str, Any]:
    params = {**_EVERY, "terminal_punctuation": terminal_punctuation, "citations": True, "min_sentences": 5}
    return {"name": "filter_lines", "params": params}


PRESETS: dict[str, dict[str, Any]] = {
    # Rae et al. 2021, appendix A.1: MassiveText's quality filter and table A1.
    "gopher": {"steps": [_LENGTH, _REPETITION, _GOPHER_QUALITY]},
    # Raffel et al. 2020, section 2.2, without its list of bad words: `word_list` takes one's own.
    "c4": {"steps": [_c4_lines(terminal_punctuation=True), _C4_PHRASES]},
    # Penedo et al. 2024, section 3: Gopher's filters, C4's without terminal punctuation, and three of its own.
    "fineweb": {
        "steps": [
            _REPETITION,
            _LENGTH,
            _GOPHER_QUALITY,
            _c4_lines(terminal_punctuation=False),
            _C4_PHRASES,
            _FINEWEB_LINES,
        ]
    },
}
