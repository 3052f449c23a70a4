"""How a student of static vectors learns: rows of a table move away from where its teacher's encoder puts them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.graph import kept_pieces
from modeling.engine.families.features import TokenRows
from modeling.engine.families.token_texts import length_batches
from modeling.engine.heads.linear import fit_linear
from modeling.engine.training.work import EVALUATION_BATCH, ClassifierWork

if TYPE_CHECKING:
    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.compress.lesson import Lesson
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
# Of smooth inverse frequency (Arora et al. 2017): a piece that makes up this share of all counts half.
COMMON = 1e-3
# Of the regression that the head starts as; vectors have length 1, so weights must be large to be sure of anything.
STRENGTH = 10.0


class StaticNet(nn.Module):
    """Ids and mask to logits [b, k]: the sum of the vectors of pieces, brought to length 1, through a head.

    Vectors of pieces that the lesson has learn; the others stay where they are.
    """

    start: Tensor
    place: Tensor

    def __init__(self, start: Tensor, seen: Tensor, classes: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("start", start)
        place = torch.zeros(len(start), dtype=torch.int64)
        place[seen] = torch.arange(1, len(seen) + 1)
        self.register_buffer("place", place)
        self.moved = nn.Embedding(len(seen) + 1, start.shape[1], padding_idx=0)
        nn.init.zeros_(self.moved.weight)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(start.shape[1], classes)

    def table(self) -> Tensor:
        """Return the vectors of all pieces, [v, width]."""
        return self.start + self.moved.weight[self.place]

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the vectors of texts, [b, width], each of length 1."""
        share = mask.to(torch.float32).unsqueeze(-1)
        sums = ((self.start[ids] + self.moved(self.place[ids])) * share).sum(dim=1)
        return cast("Tensor", sums / sums.norm(dim=1, keepdim=True).clamp_min(1e-6))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits."""
        return cast("Tensor", self.head(self.dropout(self.pooled(ids, mask))))

    def arrays(self) -> dict[str, Array]:
        """Return what `families.static.stored` gives back, but for the pieces."""
        named = {"table": self.table(), "weight": self.head.weight, "bias": self.head.bias}
        return {name: value.detach().cpu().numpy().astype(np.float32) for name, value in named.items()}


class StaticWork(ClassifierWork):
    """A lesson and validation texts as pieces, and a head that starts as a regression on the vectors as they are."""

    starts_trained = True

    def __init__(
        self, lesson: Lesson, data: Examples, settings: TrainingSettings, source: EncoderSource, width: int
    ) -> None:
        torch.set_num_threads(settings.threads)
        validation = data.part("validation")
        self.pieces = kept_pieces(source, [*lesson.texts, *validation.inputs])
        tokenizer = source.tokenizer(self.pieces)
        tokens = [
            [each.ids for each in tokenizer.encode_batch_fast(list(texts))]
            for texts in (lesson.texts, validation.inputs)
        ]
        counts = Counter(piece for row in tokens[0] for piece in row)
        table = start_vectors(source.weights(self.pieces)["words.weight"], counts, width)
        seen = torch.tensor(sorted(counts))
        self.net = StaticNet(torch.from_numpy(table), seen, len(data.classes), settings.dropout or 0.0)
        rows = [
            TokenRows(tokens[0], 0, lesson.targets),
            TokenRows(tokens[1], 0, validation.shares(data.classes)),
        ]
        self.lengths = [len(row) for row in tokens[0]]
        self._probe(rows[0], data)
        super().__init__(self.net, rows[0], rows[1], settings, multilabel=data.task.endswith("multilabel"))

    def _probe(self, rows: TokenRows, data: Examples) -> None:
        """Let the head know the rows with a label, which are the lesson's first, before anything moves."""
        shares = data.part("train").shares(data.classes)
        with torch.inference_mode():
            parts = torch.arange(len(shares)).split(EVALUATION_BATCH)
            vectors = torch.cat([self.net.pooled(*rows.inputs(part)) for part in parts]).numpy()
        weight, bias = fit_linear(vectors, shares, STRENGTH, task=data.task)
        with torch.no_grad():
            self.net.head.weight.copy_(torch.from_numpy(weight))
            self.net.head.bias.copy_(torch.from_numpy(bias))

    def batches(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
        """Return batches of texts of like length."""
        return length_batches(self.lengths, generator, batch_size)


def start_vectors(words: Array, counts: Counter[int], width: int) -> Array:
    """Return where the vectors of pieces start, float32 [v, width]: their directions of most variance, rare ones long.

    Args:
        words: An encoder's vector of each piece, [v, d].
        counts: How often the lesson has a piece.
        width: At most d.
    """
    given = words - words.mean(axis=0)
    _values, axes = np.linalg.eigh((given.T @ given).astype(np.float64))
    axes = axes[:, ::-1][:, :width]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    table = given @ axes.astype(np.float32)
    table /= np.sqrt((table**2).sum(axis=1).mean())
    share = np.zeros(len(table), np.float32)
    total = sum(counts.values())
    for piece, count in counts.items():
        share[piece] = count / total
    return cast("Array", (table * (COMMON / (COMMON + share))[:, None]).astype(np.float32))
