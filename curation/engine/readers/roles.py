"""Which column holds the text, which the label, which the id: guesses with their reasons."""

from collections.abc import Sequence

_NAMES: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "content", "sentence", "review", "comment", "message", "sms", "body", "document", "question", "query",
        "utterance", "tweet", "post", "title", "description", "summary", "caption",
        "captions", "文本", "内容", "评论", "正文", "句子", "評論",
    ),
    "label": (
        "label", "labels", "class", "category", "intent", "sentiment", "target", "tag", "topic", "rating", "y",
        "标签", "类别", "分类", "情感", "標籤", "類別",
    ),
    "id": ("id", "uid", "uuid", "guid", "key", "row_id", "idx", "index", "text_id", "doc_id", "编号", "序号"),
}  # fmt: skip
# A label column has at most this many different values for each row looked at, and values no longer than this.
_LABEL_SHARE = 0.5
_LABEL_LENGTH = 40


def is_known_name(cell: str) -> bool:
    """Say whether a cell is a usual name of a text, label or id column."""
    plain = cell.strip().lower()
    return any(plain in names for names in _NAMES.values())


def guess_roles(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return role → column and role → reason.

    Args:
        columns: Names in order.
        rows: Sample rows; missing values are None.
    """
    roles: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for role, names in _NAMES.items():
        found = _by_name(columns, names)
        if found:
            roles[role], reasons[role] = found, f"The column is called {found}."
    values = {name: [row[place] or "" for row in rows] for place, name in enumerate(columns)}
    if "text" not in roles:
        _take(roles, reasons, "text", _longest(values, set(roles.values())), "It holds the longest values.")
    if "label" not in roles:
        _take(roles, reasons, "label", _fewest(values, set(roles.values())), "It holds few different, short values.")
    return roles, reasons


def _take(roles: dict[str, str], reasons: dict[str, str], role: str, column: str, reason: str) -> None:
    if column:
        roles[role], reasons[role] = column, reason


def _by_name(columns: Sequence[str], names: tuple[str, ...]) -> str:
    plain = {name.strip().lower(): name for name in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")


def _longest(values: dict[str, list[str]], taken: set[str]) -> str:
    free = {name: sum(map(len, cells)) for name, cells in values.items() if name not in taken and cells}
    best = max(free, key=lambda name: free[name], default="")
    return best if best and free[best] > 0 else ""


def _fewest(values: dict[str, list[str]], taken: set[str]) -> str:
    counts = {}
    for name, cells in values.items():
        short = all(len(cell) <= _LABEL_LENGTH for cell in cells)
        different = len(set(cells))
        if name not in taken and len(cells) >= 4 and short and 1 < different <= len(cells) * _LABEL_SHARE:
            counts[name] = different
    return min(counts, key=lambda name: counts[name], default="")
