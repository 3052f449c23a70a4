"""Two texts side by side: which words stayed, went and came."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed"]

# Han, kana, Hangul, bopomofo, compatibility and full-width forms: scripts without blanks are compared by character.
_CJK = (
    "\u1100-\u11ff\u2e80-\u303f\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
_WORDS = re.compile(rf"\s+|[{_CJK}]|[^\W{_CJK}]+|[^\w\s]", re.UNICODE)
_SENTENCES = re.compile(r"[^\n.!?。！？]*(?:[\n.!?。！？]+\s*|$)")
# 3,000 words against 3,000 others, the worst case, take 0.3 s; beyond that sentences are compared, and then the whole.
TOKENS = 3_000


def word_diff(before: str, after: str) -> list[tuple[Kind, str]]:
    """Return the stretches of both texts in reading order.

    The stretches that are ``same`` or ``removed`` make up `before`, those that are ``same`` or ``added`` make up
    `after`. Words are compared where a script has blanks, characters where it has none. The cost is bounded: what lies
    between the common ends is compared word by word up to 3,000 words a side, then sentence by sentence, and a text
    with more sentences than that is shown as replaced.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    old_rest, new_rest = old[head : len(old) - tail], new[head : len(new) - tail]
    pieces: list[tuple[Kind, str]] = [("same", "".join(old[:head]))]
    pieces += _compare(old_rest, new_rest)
    pieces.append(("same", "".join(old[len(old) - tail :])))
    return list(_joined(pieces))


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """Return how many tokens both begin with."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _compare(old: list[str], new: list[str]) -> Iterator[tuple[Kind, str]]:
    if max(len(old), len(new)) > TOKENS:
        old, new = _sentences(old), _sentences(new)
    if max(len(old), len(new)) > TOKENS or not old or not new:
        yield "removed", "".join(old)
        yield "added", "".join(new)
        return
    for kind, first, last, start, end in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[first:last])
        else:
            yield "removed", "".join(old[first:last])
            yield "added", "".join(new[start:end])


def _sentences(tokens: list[str]) -> list[str]:
    return [found for found in _SENTENCES.findall("".join(tokens)) if found]


def _joined(pieces: list[tuple[Kind, str]]) -> Iterator[tuple[Kind, str]]:
    """Join neighbours of one kind and leave out what is empty."""
    held: tuple[Kind, str] | None = None
    for kind, text in pieces:
        if not text:
            continue
        if held is not None and held[0] == kind:
            held = (kind, held[1] + text)
            continue
        if held is not None:
            yield held
        held = (kind, text)
    if held is not None:
        yield held
