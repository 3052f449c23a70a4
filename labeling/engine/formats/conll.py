"""Reads columns of tokens and tags: CoNLL-2003 and whatever else has a token first and a BIO tag last on each line.

The text of a sentence is its tokens with a blank between them. Between two tokens of a script that is written without
blanks (Chinese, Japanese kana, Thai and their like) there is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from labeling.engine.formats.files import Files
from labeling.engine.formats.record import Losses, Reading, Record, Said
from labeling.engine.formats.texts import SPANS, TEXT, Asked, reading_of

DOCSTART = "-DOCSTART-"
# Tags of BIO, IOB1, BIOES, BILOU and BMES: a letter, a hyphen or underscore, and the label.
_TAG = re.compile(r"(?:[BIESLUM][-_].+|O)", re.DOTALL)
_BEGINS, _ENDS = frozenset("BSU"), frozenset("ESLU")
# Han, kana, bopomofo, CJK punctuation and full-width forms, Thai, Lao, Khmer, Myanmar.
_NO_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u312f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Columns between token and tag that say nothing.
_EMPTY = frozenset({"_", "-X-", "-", "O"})
_HEAD = 1 << 16
_ENDINGS = (".conll", ".conll2003", ".bio", ".iob", ".iob2")


def recognize(files: Files) -> bool:
    """Tell whether there is a file of such lines."""
    return any(is_conll(files, path) for path in files.paths)


def is_conll(files: Files, path: str) -> bool:
    """Tell whether most lines of a file are a token and a tag, and one tag begins something."""
    if path.lower().endswith((".json", ".jsonl", ".csv", ".tsv", ".xml", ".ann", ".parquet", ".md")):
        return False
    head = files.head(path, _HEAD)
    if b"\0" in head:
        return False
    lines = head.decode("utf-8", "replace").replace("\r", "").split("\n")
    if len(head) == _HEAD:
        lines = lines[:-1]
    rows = [line for line in lines if line.strip() and not line.startswith(("#", DOCSTART))]
    tagged = [_columns(line)[-1] for line in rows if len(_columns(line)) > 1]
    good = [tag for tag in tagged if _TAG.fullmatch(tag)]
    # A file that is called so may have more lines that are broken.
    least = 0.4 if path.lower().endswith(_ENDINGS) else 0.8
    return bool(rows) and len(good) >= least * len(rows) and any(tag != "O" for tag in good)


def _columns(line: str) -> list[str]:
    """Return the columns of a line: parted by tabs where it has any, else by blanks."""
    return [each.strip() for each in line.split("\t")] if "\t" in line.strip() else line.split()


def read(files: Files, losses: Losses) -> Reading:
    """Read sentences, one item each.

    Columns between token and tag, such as parts of speech, are left out. A tag that goes on where nothing began
    (``I-`` after ``O`` or another label) begins a span, as in IOB1.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.paths if is_conll(files, path)] or list(files.paths)
    return reading_of(partial(_records, files, paths), losses, paths[0], Asked())


def _records(files: Files, paths: list[str], losses: Losses) -> Iterator[tuple[str, Record]]:
    for path in paths:
        document = 0
        sentence = _Sentence()
        for number, line in enumerate([*files.text(path).split("\n"), ""], 1):
            if line.startswith("#") and "\t" not in line.strip():
                if f"comments {path}" not in losses.said:
                    losses.said.add(f"comments {path}")
                    losses.add(f"{path}: line {number}", "comment", "Comments are left out.")
                continue
            columns = _columns(line)
            if columns and columns[0] and columns[0] != DOCSTART:
                _token(sentence, columns, f"{path}: line {number}", losses)
                continue
            if sentence.tokens:
                where = f"{path}: line {sentence.line}"
                fields = {"document": document} if document else {}
                yield where, sentence.record(where, fields)
            sentence = _Sentence(number + 1)
            document += bool(columns) and columns[0] == DOCSTART


@dataclass(slots=True)
class _Sentence:
    """Tokens with their tags, and the line where they begin."""

    line: int = 1
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def record(self, where: str, fields: dict[str, Any]) -> Record:
        """Return the sentence as an item."""
        text, starts = join(self.tokens)
        spans = [
            {"start": starts[first], "end": starts[last] + len(self.tokens[last]), "label": label}
            for first, last, label in spans_of(self.tags)
        ]
        answer = {SPANS: spans} if spans else {}
        return Record(where, {TEXT: text, **fields}, answers=[Said(answer)], final=answer)


def _token(sentence: _Sentence, columns: list[str], where: str, losses: Losses) -> None:
    tag = columns[-1] if len(columns) > 1 else ""
    if not _TAG.fullmatch(tag):
        losses.add(where, "tag_broken", f"{tag[:40]!r} is no tag such as B-PER or O. Its token is kept without one.")
        tag = "O"
    elif "columns between" not in losses.said and not _EMPTY.issuperset(columns[1:-1]):
        losses.said.add("columns between")
        losses.add(where, "columns", "What stands between token and tag is left out.")
    sentence.tokens.append(columns[0])
    sentence.tags.append(tag)


def join(tokens: list[str]) -> tuple[str, list[int]]:
    """Return the text of tokens, and where each begins in code points."""
    text, starts = "", []
    for token in tokens:
        if text and not (_NO_BLANKS.match(token) and _NO_BLANKS.match(text[-1])):
            text += " "
        starts.append(len(text))
        text += token
    return text, starts


def spans_of(tags: list[str]) -> list[tuple[int, int, str]]:
    """Return first token, last token and label of each span of a sentence's tags."""
    found: list[tuple[int, int, str]] = []
    open_ = False
    for number, tag in enumerate(tags):
        if tag == "O":
            open_ = False
            continue
        kind, label = tag[0], tag[2:]
        if open_ and kind not in _BEGINS and found[-1][2] == label:
            found[-1] = (found[-1][0], number, label)
        else:
            found.append((number, number, label))
        open_ = kind not in _ENDS
    return found
