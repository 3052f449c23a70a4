"""A linear-chain conditional random field over tags: the loss of a batch. Lafferty, McCallum and Pereira (2001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.decoding import Steps

if TYPE_CHECKING:
    from modeling.engine.bundle.runtime.scheme import TagScheme


class Chain(nn.Module):
    """Learned scores of tags that begin, end and follow one another; what the scheme forbids stays forbidden."""

    def __init__(self, scheme: TagScheme) -> None:
        super().__init__()
        rules = Steps.legal(scheme)
        for name, values in (("begin", rules.begin), ("end", rules.end), ("follow", rules.follow)):
            self.register_buffer(f"rule_{name}", torch.from_numpy(values).float())
            setattr(self, name, nn.Parameter(torch.zeros(values.shape)))

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return begin [k], end [k] and follow [k, k] with the rules added."""
        parts = [getattr(self, name) + getattr(self, f"rule_{name}") for name in ("begin", "end", "follow")]
        return cast("tuple[Tensor, Tensor, Tensor]", tuple(parts))

    def steps(self) -> Steps:
        """Return the scores as float64 arrays for decoding."""
        return Steps(*(each.detach().double().cpu().numpy() for each in self.scores()))

    def learned(self) -> Steps:
        """Return what was learned, without the scheme's rules."""
        return Steps(*(getattr(self, name).detach().double().cpu().numpy() for name in ("begin", "end", "follow")))

    def forward(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Return the mean over words of minus the log probability of tags.

        Args:
            scores: float32 [b, w, k].
            tags: int64 [b, w], legal ones.
            mask: bool [b, w], true for words; each row begins with one.
        """
        begin, end, follow = self.scores()
        total = begin + scores[:, 0]
        path = begin[tags[:, 0]] + scores[:, 0].gather(1, tags[:, :1]).squeeze(1)
        for word in range(1, scores.shape[1]):
            on = mask[:, word]
            step = torch.logsumexp(total.unsqueeze(2) + follow, dim=1) + scores[:, word]
            total = torch.where(on.unsqueeze(1), step, total)
            own = scores[:, word].gather(1, tags[:, word : word + 1]).squeeze(1)
            path = path + (follow[tags[:, word - 1], tags[:, word]] + own) * on
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        loss = torch.logsumexp(total + end, dim=1) - path - end[last]
        return loss.sum() / mask.sum()
