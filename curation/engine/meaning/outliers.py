"""Items that mean something else than the others, by the distance to their neighbours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Neighbours looked at: 10 as in cleanlab's Datalab, so that ten copies of one odd text still look odd together.
NEIGHBOURS = 10
# Texts of another source among 5,000 bank questions: 98 to 100 of a hundred found, 56 to 87 of a hundred found were
# such (50 and 200 of them; bench/embeddings.py). A higher limit finds fewer of both.
LIMIT = 2.0
FLOOR = 1e-3
MEDIAN_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Strangeness:
    """How far items lie from the others.

    Attributes:
        strangeness: float32 [n], mean cosine distance to the nearest items, 0 to 2: **higher is stranger**.
        local_strangeness: float32 [n], the same divided by the mean strangeness of those neighbours (a simplified
            local outlier factor, Schubert and others 2014): about 1 inside any cluster, loose or tight; **higher is
            stranger**.
        z: float32 [n], the modified z-score (Iglewicz and Hoaglin 1993) of the logarithm of `strangeness`; **higher is
            stranger**.
    """

    strangeness: NDArray[np.float32]
    local_strangeness: NDArray[np.float32]
    z: NDArray[np.float32]

    def outliers(self, limit: float = LIMIT) -> NDArray[np.int64]:
        """Return the items whose score is above the limit, the strangest first."""
        found = np.flatnonzero(self.z > limit)
        return found[np.lexsort((found, -self.strangeness[found]))]


def strangeness(numbers: NDArray[np.int64], cosine: NDArray[np.float32]) -> Strangeness:
    """Return how strange items are.

    Args:
        numbers: int64 [n, k], the neighbours of each, from `index.neighbours`.
        cosine: float32 [n, k], how near they are.
    """
    if not numbers.shape[1]:
        zero = np.zeros(len(numbers), np.float32)
        return Strangeness(zero, zero + 1, zero)
    far = (1 - cosine).clip(min=0).mean(axis=1)
    # Copies of one text are at distance 0 of each other; the floor keeps their ratio finite.
    around = far[numbers].mean(axis=1).clip(min=FLOOR)
    local = (far.clip(min=FLOOR) / around).astype(np.float32)
    return Strangeness(far.astype(np.float32), local, _z(np.log(far.clip(min=FLOOR))))


def _z(values: NDArray[np.floating]) -> NDArray[np.float32]:
    middle = np.median(values)
    spread = MEDIAN_TO_SIGMA * np.median(np.abs(values - middle))
    if spread <= 0:
        spread = 1.2533 * np.abs(values - middle).mean()
    return ((values - middle) / spread if spread > 0 else np.zeros(len(values))).astype(np.float32)


def nearness_to_topics(vectors: NDArray[np.float32], topics: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each vector to the nearest topic, float32 [n]: **lower is further off topic**.

    Args:
        vectors: float32 [n, width].
        topics: float32 [t, width], the vectors of texts or words that say what the set is about, at least one.
    """
    out = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), 8192):
        out[start : start + 8192] = (vectors[start : start + 8192] @ topics.T).max(axis=1)
    return out
