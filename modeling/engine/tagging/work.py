"""A tagger with its encoder and the work of training it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from curation.engine.embedding.graph import load_encoder
from modeling.engine.callbacks import IsCancelled, Progress, stop_if
from modeling.engine.marks.words import Words, cut
from modeling.engine.tagging.alignment import align
from modeling.engine.tagging.choosing import Reading, found_spans
from modeling.engine.tagging.crf import Chain
from modeling.engine.tagging.decoding import Steps
from modeling.engine.tagging.net import TaggerNet, WordBatch, batch_of, rate_groups
from modeling.engine.tagging.surface import traits
from modeling.engine.tagging.windows import Window, WindowCutter
from modeling.engine.tasks.span_figures import f1_of_triples, span_counts
from modeling.engine.training.work import Work, decay_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.augmentation.texts import TextChanges
    from modeling.engine.data import Examples, Span
    from modeling.engine.tagging.alignment import SpanFit
    from modeling.engine.tagging.scheme import TagScheme
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
# Each layer below the last learns at this share of the rate of the one above, and what is new at so many times.
FALLING, NEW_RATE = 0.85, 10.0
ENCODER_DROPOUT = 0.1
ALL_LAYERS = 12
# Rows of like length go through the encoder together, so many at a time: padding then costs little.
ROWS_AT_ONCE = 4
PREDICTED_AT_ONCE = 16


@dataclass(frozen=True)
class TextRows:
    """Texts as rows of the encoder: words, what they look like, and windows."""

    words: Words
    traits: Array
    windows: list[Window]


@dataclass
class Tagger:
    """A network with all that turns texts into scores of tags."""

    module: nn.Module
    net: TaggerNet
    chain: Chain | None
    scheme: TagScheme
    source: EncoderSource
    cutter: WindowCutter

    def rows(self, texts: list[str]) -> TextRows:
        """Return texts as rows."""
        words = cut(texts)
        return TextRows(words, traits(words), self.cutter.cut(texts, words))

    def batch(self, rows: TextRows, windows: list[Window]) -> WordBatch:
        """Return windows as one batch."""
        return batch_of(windows, rows.words.form, rows.traits, self.source.pad_id)

    def steps(self) -> Steps:
        """Return what tag may follow what."""
        return self.chain.steps() if self.chain is not None else Steps.legal(self.scheme)

    def scores(
        self,
        rows: TextRows,
        device: torch.device,
        cancelled: IsCancelled | None = None,
        progress: Progress | None = None,
    ) -> Array:
        """Return scores of tags, float64 [words, tags]; without a chain they are log probabilities.

        Raises:
            Cancelled: As asked.
        """
        self.net.eval()
        out = np.zeros((len(rows.words), self.scheme.size))
        order = sorted(rows.windows, key=lambda window: len(window.ids))
        for start in range(0, len(order), PREDICTED_AT_ONCE):
            stop_if(cancelled, "Predicting")
            part = order[start : start + PREDICTED_AT_ONCE]
            with torch.inference_mode():
                found = self.net(self.batch(rows, part).to(device)).double().cpu().numpy()
            for window, own in zip(part, found, strict=True):
                out[window.low : window.high] = own[: window.high - window.low]
            if progress:
                progress(min(start + PREDICTED_AT_ONCE, len(order)), len(order))
        if self.chain is None:
            out -= np.logaddexp.reduce(out, axis=1, keepdims=True)
        return out


def fresh_tagger(source: EncoderSource, scheme: TagScheme, hidden: int, dropout: float, *, chained: bool) -> Tagger:
    """Return a tagger whose encoder is pretrained and whose head is new.

    Args:
        source: Of the encoder.
        scheme: Of the tags.
        hidden: Width of the head's layer.
        dropout: Before the head, in [0, 1).
        chained: Whether scores of tags that follow one another are learned, beside the scheme's rules.
    """
    net = TaggerNet(load_encoder(source, dropout=ENCODER_DROPOUT), scheme.size, dropout, hidden)
    chain = Chain(scheme) if chained else None
    parts = {"net": net} if chain is None else {"net": net, "chain": chain}
    return Tagger(nn.ModuleDict(parts), net, chain, scheme, source, WindowCutter(source))


class TaggerWork(Work):
    """Windows of the training texts with their tags, judged by the exact F1 of the validation texts.

    Two ways to make it lean on what stands around a word were tried on the dev rows of WNUT-17 and are not done: hiding
    words from the encoder (8 % of all, 20 % of those in spans; .588 instead of .606), and letting a quarter of the rows
    look as if written in small letters (.603 instead of .608).
    """

    def __init__(
        self, tagger: Tagger, data: Examples, settings: TrainingSettings, changes: TextChanges | None = None
    ) -> None:
        train, self.validation, self.changes = data.part("train"), data.part("validation"), changes
        self.tagger, self.module, self.settings = tagger, tagger.module, settings
        self.labels = data.classes
        self.held_out = tagger.rows(list(self.validation.inputs))
        self.fit = self._learn_from(train.inputs, train.answers)

    def _learn_from(self, texts: Sequence[str], answers: Sequence[Sequence[Span]]) -> SpanFit:
        """Take texts with their spans as the rows that are learned from, and return how many spans words can say."""
        known = align(texts, answers, self.labels)
        first = known.words.first
        parts = [
            self.tagger.scheme.encode(spans, int(high - low))
            for spans, low, high in zip(known.spans, first[:-1], first[1:], strict=True)
        ]
        self.rows = self.tagger.rows(list(texts))
        self.tags = np.concatenate([np.zeros(0, np.int64), *parts])
        self.size = len(self.rows.windows)
        return known.fit

    def begin_epoch(self, epoch: int) -> None:
        """Take the texts and spans of this epoch, where they are augmented."""
        if self.changes is not None:
            self._learn_from(*self.changes.marked(epoch + 1))

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the head and the encoder's last layers, each with its share of the learning rate."""
        groups = rate_groups(self.tagger.net, self.settings.layers or ALL_LAYERS, FALLING, NEW_RATE)
        if self.tagger.chain is not None:
            groups.append((list(self.tagger.chain.parameters()), NEW_RATE))
        return [group for own, factor in groups for group in decay_groups(own, decay, factor)]

    def weight(self, rows: Tensor) -> float:
        """Return the number of words."""
        return float(sum(self.rows.windows[int(row)].high - self.rows.windows[int(row)].low for row in rows))

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the mean over words of minus the log probability of their tags."""
        windows = sorted((self.rows.windows[int(row)] for row in rows), key=lambda window: len(window.ids))
        words = sum(window.high - window.low for window in windows)
        parts = []
        for start in range(0, len(windows), ROWS_AT_ONCE):
            part = windows[start : start + ROWS_AT_ONCE]
            batch, tags = self.tagger.batch(self.rows, part), self._tags(part)
            batch, tags = batch.to(device), tags.to(device)
            scores = self.tagger.net(batch)
            parts.append(self._loss(scores, tags, batch.is_word) * (batch.is_word.sum() / words))
        return torch.stack(parts).sum()

    def _loss(self, scores: Tensor, tags: Tensor, is_word: Tensor) -> Tensor:
        if self.tagger.chain is not None:
            loss: Tensor = self.tagger.chain(scores.float(), tags, is_word)
            return loss
        smooth = self.settings.label_smoothing
        return nn.functional.cross_entropy(scores[is_word].float(), tags[is_word], label_smoothing=smooth)

    def _tags(self, windows: list[Window]) -> Tensor:
        tags = np.zeros((len(windows), max(window.high - window.low for window in windows)), np.int64)
        for row, window in enumerate(windows):
            tags[row, : window.high - window.low] = self.tags[window.low : window.high]
        return torch.from_numpy(tags)

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return exact F1, precision and recall of the validation texts; F1 is the score."""
        tagger = self.tagger
        scores = tagger.scores(self.held_out, device)
        found = found_spans(scores, self.held_out.words, tagger.scheme, tagger.steps(), self.labels, Reading())
        counts = span_counts(found, self.validation.answers).sum(axis=0)
        score = f1_of_triples(counts)
        return {
            "validation_f1": score,
            "validation_precision": float(counts[0] / max(1, counts[1])),
            "validation_recall": float(counts[0] / max(1, counts[2])),
            "score": score,
        }
