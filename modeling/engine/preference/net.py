"""A reward whose encoder is trained further, and the work of training it on pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from curation.engine.embedding.encode import pad_tokens
from curation.engine.embedding.graph import load_encoder
from modeling.engine.callbacks import IsCancelled, Progress, stop_if
from modeling.engine.preference.features import NAMES, counted_features
from modeling.engine.preference.linear import texts_of
from modeling.engine.tagging.net import rate_groups
from modeling.engine.tagging.windows import readable
from modeling.engine.training.work import Work, decay_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.engine.embedding.bert import BertEncoder
    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
# Pieces of a prompt that are read: its end, where the question mostly stands; the answer has what is left of the row.
PROMPT_PIECES = 96
FALLING, NEW_RATE = 0.9, 10.0
ROWS_AT_ONCE = 8


class RewardNet(nn.Module):
    """Prompt and answer as one row of pieces to a number: the encoder's mean over the answer, beside its counts."""

    def __init__(self, encoder: BertEncoder, dropout: float) -> None:
        super().__init__()
        self.encoder, self.dropout = encoder, nn.Dropout(dropout)
        self.register_buffer("mean", torch.zeros(len(NAMES)))
        self.register_buffer("deviation", torch.ones(len(NAMES)))
        self.meaning = nn.Linear(encoder.shape.width, 1, bias=False)
        self.counts = nn.Linear(len(NAMES), 1, bias=False)
        # At first only the counts speak, as the linear family learned them.
        nn.init.zeros_(self.meaning.weight)

    def standardise(self, counts: Tensor) -> None:
        """Take mean and deviation from the training answers' counts [n, c]."""
        self.mean, self.deviation = counts.mean(dim=0), counts.std(dim=0).clamp_min(1e-3)

    def forward(self, ids: Tensor, mask: Tensor, is_answer: Tensor, counts: Tensor) -> Tensor:
        """Return rewards [b]; `is_answer` float [b, t] is 1 for pieces of the answer."""
        states = self.encoder.through(self.encoder.embed(ids), mask)
        weight = is_answer.unsqueeze(2)
        mean = (states * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0)
        scaled = (counts - self.mean) / self.deviation
        return cast("Tensor", (self.meaning(self.dropout(mean)) + self.counts(scaled)).squeeze(1))


@dataclass(frozen=True)
class AnswerRows:
    """Answers with their prompts as rows: pieces, where the answer begins and ends, and counts float32 [n, c]."""

    ids: list[list[int]]
    answer: list[tuple[int, int]]
    counts: Tensor


class RewardReader:
    """Turns prompts and answers into rows of an encoder."""

    def __init__(self, source: EncoderSource) -> None:
        self.source = source
        self.tokenizer = self.source.tokenizer()
        self.tokenizer.no_truncation()
        frame = self.tokenizer.encode("").ids
        self.before, self.after = frame[:-1], frame[-1:]
        self.room = self.source.max_tokens - len(frame) - 1

    def net(self, dropout: float) -> RewardNet:
        """Return a new network on the pretrained encoder."""
        return RewardNet(load_encoder(self.source, dropout=dropout), dropout)

    def rows(self, prompts: Sequence[str], answers: Sequence[str]) -> AnswerRows:
        """Return rows of answers to prompts."""
        both = [
            self.tokenizer.encode_batch(list(map(readable, texts)), add_special_tokens=False)
            for texts in (prompts, answers)
        ]
        ids, places = [], []
        for prompt, answer in zip(*both, strict=True):
            asked = prompt.ids[-PROMPT_PIECES:]
            said = answer.ids[: self.room - len(asked)]
            start = len(self.before) + len(asked) + 1
            ids.append([*self.before, *asked, *self.after, *said, *self.after])
            places.append((start, start + len(said)))
        return AnswerRows(ids, places, torch.from_numpy(counted_features(prompts, answers)).float())

    def rewards(self, net: RewardNet, rows: AnswerRows, at: Sequence[int], device: torch.device) -> Tensor:
        """Return the rewards of some rows, float32 [len(at)], rows of like length together."""
        order = sorted(range(len(at)), key=lambda place: len(rows.ids[at[place]]))
        parts = []
        for start in range(0, len(order), ROWS_AT_ONCE):
            own = [at[place] for place in order[start : start + ROWS_AT_ONCE]]
            ids, mask = pad_tokens([rows.ids[row] for row in own], self.source.pad_id)
            is_answer = torch.zeros(ids.shape)
            for number, row in enumerate(own):
                is_answer[number, rows.answer[row][0] : rows.answer[row][1]] = 1.0
            inputs = (torch.from_numpy(ids), torch.from_numpy(mask), is_answer, rows.counts[own])
            parts.append(net(*(value.to(device) for value in inputs)))
        back = torch.tensor(np.argsort(order), device=device)
        return torch.cat(parts)[back]

    def predict(
        self,
        net: RewardNet,
        rows: AnswerRows,
        device: torch.device,
        cancelled: IsCancelled | None = None,
        progress: Progress | None = None,
    ) -> Array:
        """Return the rewards of all rows, float64 [n].

        Raises:
            Cancelled: As asked.
        """
        net.eval()
        out, step = [np.zeros(0)], 16 * ROWS_AT_ONCE
        for start in range(0, len(rows.ids), step):
            stop_if(cancelled, "Predicting")
            at = range(start, min(start + step, len(rows.ids)))
            with torch.inference_mode():
                out.append(self.rewards(net, rows, at, device).double().cpu().numpy())
            if progress:
                progress(at.stop, len(rows.ids))
        return np.concatenate(out)


class RewardWork(Work):
    """Pairs with the share of people who prefer the first answer; the loss is that of Bradley and Terry."""

    def __init__(
        self,
        reader: RewardReader,
        net: RewardNet,
        pairs: tuple[Sequence[Any], Sequence[Any]],
        shares: tuple[Array, Array],
        settings: TrainingSettings,
    ) -> None:
        self.reader, self.module, self.settings = reader, net, settings
        self.rows, self.held_out = (reader.rows(*texts_of(own)) for own in pairs)
        self.shares, self.held_shares = torch.from_numpy(shares[0]).float(), shares[1]
        self.size = len(self.shares)
        net.standardise(self.rows.counts)

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the head and the encoder's last layers, each with its share of the learning rate."""
        groups = rate_groups(self.module, self.settings.layers or 1, FALLING, NEW_RATE)
        return [group for own, factor in groups for group in decay_groups(own, decay, factor)]

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the mean of minus the log probability of what people prefer."""
        at = [place for row in rows.tolist() for place in (2 * row, 2 * row + 1)]
        rewards = self.reader.rewards(cast("RewardNet", self.module), self.rows, at, device).float()
        return nn.functional.binary_cross_entropy_with_logits(
            rewards[0::2] - rewards[1::2], self.shares[rows].to(device)
        )

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return log-loss and accuracy of the validation pairs; the score is the geometric mean of the probabilities
        given to what people prefer, in (0, 1]."""
        made = self.reader.predict(cast("RewardNet", self.module), self.held_out, device)
        odds, shares = made[0::2] - made[1::2], self.held_shares
        loss = float((np.logaddexp(0, -odds) * shares + np.logaddexp(0, odds) * (1 - shares)).mean())
        right = float(((odds > 0) == (shares > 0.5)).mean())
        return {"validation_loss": loss, "validation_accuracy": right, "score": float(np.exp(-loss))}
