"""Drawing a random share: by a hash of a number and a seed, so that what is drawn stays drawn and can be checked."""

import hashlib

# 16**6 lots: a share of one per cent is met within a ten-thousandth of it.
LOT_DIGITS = 6


def threshold(share: int) -> str:
    """Return the first lot that is not drawn; lots are even over all numbers of LOT_DIGITS hex digits.

    Args:
        share: Per cent, 0 to 100.
    """
    return f"{share * 16**LOT_DIGITS // 100:0{LOT_DIGITS}x}" if share < 100 else "g"


def lot_of(number: int, seed: int) -> str:
    """Return the lot of a number, as the databases' statements draw it: the start of an MD5 hash in hex."""
    return hashlib.md5(f"{number}:{seed}".encode(), usedforsecurity=False).hexdigest()[:LOT_DIGITS]


def is_drawn(number: int, seed: int, share: int) -> bool:
    """Tell whether a number is among the random share of a seed."""
    return lot_of(number, seed) < threshold(share)
