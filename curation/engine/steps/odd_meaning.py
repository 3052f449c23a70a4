"""Texts that mean something else than the others: far from their neighbours, or off the topics asked for."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.meaning.index import build, neighbours
from curation.engine.meaning.outliers import LIMIT, NEIGHBOURS, nearness_to_topics, strangeness
from curation.engine.meaning.texts import AUTO, UNTRIED, check_encoder, embed_texts, embedded_rows, sees_pictures
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError

ACTIONS = ("find", "drop")
METHODS = ("neighbours", "local")
# A simplified local outlier factor above this: half as far again from its neighbours as they are from theirs.
LOCAL_LIMIT = 1.5


@dataclass(frozen=True, slots=True)
class MeaningOutliers(Step):
    """Finds or drops texts far from all others, by the mean cosine distance to their ten nearest.

    ``neighbours`` compares that distance with all texts' (modified z-score of its logarithm, Iglewicz and Hoaglin
    1993); it finds texts of another kind. ``local`` compares it with the neighbours' own (a simplified local outlier
    factor, Schubert and others 2014); it finds texts at the edge of a tight group. Empty texts are left alone.

    Attributes:
        method: ``neighbours`` or ``local``.
        limit: Score above which a text is an outlier, higher finds fewer; 0 takes 2.0 for ``neighbours``, 1.5 for
            ``local``.
        encoder: ``auto`` (by the script of the texts) or a name of `curation.engine.embedding`.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "meaning_outliers"
    title: ClassVar[str] = "Outliers of meaning"
    reasons: ClassVar[dict[str, str]] = {"meaning_outlier": "The text is far from all others in meaning."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"method": METHODS, "action": ACTIONS}
    method: str = "neighbours"
    limit: float = 0.0
    encoder: str = AUTO
    action: str = "find"

    def __post_init__(self) -> None:
        for name, value, known in (("method", self.method, METHODS), ("action", self.action, ACTIONS)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(known)}")
        if self.limit < 0:
            raise ValueError(f"limit is {self.limit}; it is 0 or more")
        check_encoder(self.encoder)

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return UNTRIED

    def prepare(self, batches: Batches, context: Context) -> "_Odd":
        """Embed all texts and find those far from their neighbours."""
        rows = embedded_rows(batches, context, self.encoder)
        found = neighbours(build(rows.vectors), NEIGHBOURS, progress=lambda _done, _total: context.check())
        strange = strangeness(*found)
        score = strange.z if self.method == "neighbours" else strange.local_strangeness
        limit = self.limit or (LIMIT if self.method == "neighbours" else LOCAL_LIMIT)
        odd = np.flatnonzero(score > limit)
        words = [
            f"strangeness {strange.strangeness[row]:.2f}, score {score[row]:.1f} above {limit:g}"
            for row in odd.tolist()
        ]
        return _Odd(rows.items[odd], words, {**rows.notes(), "outliers": len(odd)})

    def notes(self, state: "_Odd") -> dict[str, Any]:
        """Return the encoder and the counts."""
        return state.notes

    def apply(self, table: pa.Table, state: "_Odd", context: Context) -> Outcome:
        """List or drop the outliers."""
        return state.applied(table, "meaning_outlier", drop=self.action == "drop")


@dataclass(frozen=True, slots=True)
class OffTopic(Step):
    """Finds or drops texts that are near none of the topics asked for.

    Topics are words, phrases or whole texts that say what belongs into the set; each is embedded like a text, and a
    text counts by the topic nearest to it. Empty texts are left alone.

    Attributes:
        topics: At least one; several short phrases work better than one long one.
        least: Cosine to the nearest topic below which a text is off topic, -1 to 1. Encoders differ: look at the
            figures in the run's report (quantiles of the nearness) before you drop.
        encoder: ``auto`` (by the script of the texts) or a name of `curation.engine.embedding`.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "off_topic"
    title: ClassVar[str] = "Off topic"
    reasons: ClassVar[dict[str, str]] = {"off_topic": "The text is near none of the topics."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    topics: tuple[str, ...] = ()
    least: float = 0.1
    encoder: str = AUTO
    action: str = "find"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        if not -1 <= self.least <= 1:
            raise ValueError(f"least is {self.least}; it is from -1 to 1")
        if any(not topic.strip() for topic in self.topics):
            raise ValueError("topics holds an empty text; write what belongs into the set")
        check_encoder(self.encoder)

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return UNTRIED

    def prepare(self, batches: Batches, context: Context) -> "_Odd":
        """Embed texts and topics, and find the texts near none of them; without topics there are none."""
        if not self.topics:
            return _Odd(np.empty(0, np.int64), [], {})
        if "text" not in context.roles or sees_pictures(self.encoder, context):
            raise StepError("Topics are words, and pictures have another encoder. Leave this step out.")
        rows = embedded_rows(batches, context, self.encoder)
        topics, _chosen = embed_texts(list(self.topics), context, rows.encoder["name"])
        near = nearness_to_topics(rows.vectors, topics)
        odd = np.flatnonzero(near < self.least)
        words = [f"nearness {near[row]:.2f}, at least {self.least:g}" for row in odd.tolist()]
        shares = (0.01, 0.05, 0.25, 0.5)
        levels = np.quantile(near, shares).round(3).tolist() if len(near) else []
        quantiles = {f"{share:.0%}": level for share, level in zip(shares, levels, strict=False)}
        return _Odd(rows.items[odd], words, {**rows.notes(), "nearness_quantiles": quantiles})

    def notes(self, state: "_Odd") -> dict[str, Any]:
        """Return the encoder and how near the texts are."""
        return state.notes

    def apply(self, table: pa.Table, state: "_Odd", context: Context) -> Outcome:
        """List or drop what is off topic."""
        return state.applied(table, "off_topic", drop=self.action == "drop")


@dataclass(frozen=True, slots=True)
class _Odd:
    """Items with what is said of each."""

    items: NDArray[np.int64]
    words: list[str]
    notes: dict[str, Any] = field(default_factory=dict)

    def applied(self, table: pa.Table, code: str, *, drop: bool) -> Outcome:
        said = dict(zip(self.items.tolist(), self.words, strict=True))
        ids = table["item_id"].to_pylist()
        mine = [item for item in ids if item in said]
        if not drop:
            return Outcome(table, found=[Found(item, code, said[item]) for item in mine])
        keep = pa.array([item not in said for item in ids], pa.bool_())
        return Outcome(table.filter(keep) if mine else table, [Drop(item, code, said[item]) for item in mine])
