"""How sure a share is that was counted on a few answers."""

import math

# Of the standard normal distribution: 95 per cent lie within it.
Z = 1.959964


def wilson_interval(right: int, answers: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share, each end from 0 to 1; None without answers.

    Wilson's score interval, which holds for few answers and for shares near 0 and 1 too (E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", 1927).
    """
    if not answers:
        return None
    share, square = right / answers, Z * Z
    middle = share + square / (2 * answers)
    spread = Z * math.sqrt(share * (1 - share) / answers + square / (4 * answers * answers))
    low, high = ((middle + sign * spread) / (1 + square / answers) for sign in (-1, 1))
    return max(0.0, low), min(1.0, high)
