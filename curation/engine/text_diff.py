"""Where two texts differ: word by word for scripts with blanks, character by character for those without.

The comparison is Myers' greedy algorithm (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986) over
tokens, with a bound on the number of differences: its cost is at most `MOST_DIFFERENCES` squared, whatever the texts.
Texts that differ more are compared sentence by sentence, and beyond that shown as replaced.
"""

import re
from collections.abc import Sequence
from html import escape

# Han, kana, full-width kana, and the scripts of Thailand, Laos, Burma and Cambodia: no blanks between words.
_BARE = "぀-ヿ㐀-䶿一-鿿豈-﫿ｦ-ﾟ฀-໿က-႟ក-៿\U00020000-\U0003ffff"
# A token takes its accents, variation selectors, skin tones and joined emoji with it; two regional letters are a flag.
_MARKS = "(?:\u200d.|[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\ufe0e\ufe0f\U0001f3fb-\U0001f3ff])*"
_TOKEN = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[{_BARE}]{_MARKS}|(?:(?![{_BARE}])\\w[\u0300-\u036f]*)+|\\s+|.{_MARKS}", re.DOTALL
)
_SENTENCE = re.compile(r".+?(?:[。！？!?\n]+|\.\s+|$)", re.DOTALL)
# 600 differences cost about 60 ms in the worst case (two texts without a common token, measured on one core).
MOST_DIFFERENCES = 600
# More is not read side by side; the cut is said beside the text.
LONGEST = 20_000

Segments = list[tuple[str, str]]


def tokens(text: str) -> list[str]:
    """Return words, single characters of scripts without blanks, blanks, and signs; joined they are the text."""
    return _TOKEN.findall(text)


def diff_texts(before: str, after: str) -> Segments:
    """Return what is equal ("="), only before ("-") and only after ("+"), in reading order.

    The "=" and "-" segments joined are `before`, the "=" and "+" segments `after`. Only the first 20,000 code points
    of each are compared.
    """
    before, after = before[:LONGEST], after[:LONGEST]
    if before == after:
        return [("=", before)] if before else []
    left, right = tokens(before), tokens(after)
    found = _diff(left, right)
    if found is None:
        found = _diff(_SENTENCE.findall(before), _SENTENCE.findall(after))
    if found is None:
        found = [("-", before), ("+", after)]
    return _tidy(found)


def _diff(left: Sequence[str], right: Sequence[str]) -> Segments | None:
    """Compare two lists of tokens; None when they differ in more than `MOST_DIFFERENCES`."""
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    a, b = left[start : len(left) - end], right[start : len(right) - end]
    middle = [("-", token) for token in a] + [("+", token) for token in b] if not a or not b else _myers(a, b)
    if middle is None:
        return None
    tail = left[len(left) - end :]
    return [("=", "".join(left[:start])), *middle, ("=", "".join(tail))]


def _myers(a: Sequence[str], b: Sequence[str]) -> Segments | None:
    """Find a shortest edit script; `front[k]` is how far diagonal k has been followed in `a`."""
    front = {1: 0}
    trace: list[dict[int, int]] = []
    for depth in range(min(len(a) + len(b), MOST_DIFFERENCES) + 1):
        trace.append(dict(front))
        for k in range(-depth, depth + 1, 2):
            down = k == -depth or (k != depth and front[k - 1] < front[k + 1])
            x = front[k + 1] if down else front[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            front[k] = x
            if x >= len(a) and y >= len(b):
                return _walk_back(a, b, trace)
    return None


def _walk_back(a: Sequence[str], b: Sequence[str], trace: list[dict[int, int]]) -> Segments:
    x, y = len(a), len(b)
    found: Segments = []
    for depth in range(len(trace) - 1, -1, -1):
        front = trace[depth]
        k = x - y
        down = k == -depth or (k != depth and front[k - 1] < front[k + 1])
        before = k + 1 if down else k - 1
        from_x = front[before] if depth else 0
        from_y = from_x - before if depth else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            found.append(("=", a[x]))
        if depth:
            found.append(("+", b[from_y]) if down else ("-", a[from_x]))
        x, y = from_x, from_y
    return found[::-1]


def _tidy(found: Segments) -> Segments:
    """Join neighbours, and let a blank between two changes be part of them: one change reads better than three."""
    joined: Segments = []
    less = more = ""

    def close() -> None:
        nonlocal less, more
        joined.extend([("-", less)] if less else [])
        joined.extend([("+", more)] if more else [])
        less = more = ""

    for place, (kind, text) in enumerate(found):
        if kind == "-":
            less += text
        elif kind == "+":
            more += text
        elif text:
            between = place + 1 < len(found) and found[place + 1][0] != "="
            if text.isspace() and "\n" not in text and less and more and between:
                less, more = less + text, more + text
                continue
            close()
            if joined and joined[-1][0] == "=":
                joined[-1] = ("=", joined[-1][1] + text)
            else:
                joined.append(("=", text))
    close()
    return joined


def sides(segments: Segments) -> tuple[Segments, Segments]:
    """Split a comparison into its two sides: `before` and `after`, each with its own parts marked."""
    return [part for part in segments if part[0] != "+"], [part for part in segments if part[0] != "-"]


def around_changes(segments: Segments, context: int) -> Segments:
    """Return a comparison with long equal stretches cut to `context` code points beside each change."""
    shown: Segments = []
    for place, (kind, text) in enumerate(segments):
        if kind == "=" and len(segments) > 1:
            head = "" if place == 0 else text[:context]
            tail = "" if place == len(segments) - 1 else text[-context:]
            short = len(head) + len(tail) < len(text)
            shown.append((kind, f"{head}…{tail}" if short else text))
        else:
            shown.append((kind, text))
    return shown


def marked_html(segments: Segments, *, removed: str = "", added: str = "") -> str:
    """Return a comparison as safe HTML with ``<del>`` and ``<ins>``.

    Args:
        segments: What `diff_texts` or `sides` returned.
        removed: What a screen reader says before a removed part; left out when empty.
        added: The same before an added part.
    """
    said = {"-": ("del", removed), "+": ("ins", added)}
    pieces = []
    for kind, text in segments:
        if kind == "=":
            pieces.append(escape(text))
            continue
        tag, word = said[kind]
        spoken = f'<span class="visually-hidden"> [{escape(word)}: </span>' if word else ""
        closed = '<span class="visually-hidden">] </span>' if word else ""
        pieces.append(f"<{tag}>{spoken}{escape(_visible(text))}{closed}</{tag}>")
    return "".join(pieces)


def _visible(text: str) -> str:
    """Show a changed line end, which would be seen by nobody."""
    return text.replace("\n", "↵\n") if not text.strip() else text
