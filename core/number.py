"""Numbers that come as text, in addresses and forms."""

# So many digits always fit a bigint, and a longer number is nobody's.
DIGITS = 18


def whole_number(text: str) -> int | None:
    """Return a number of at most `DIGITS` digits, or None when the text is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
