"""Small networks that start from nothing: words of the training texts, no pretrained weights."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.fitting import ON_THE_FLY
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import Family, FamilyResult, TrainingContext
from modeling.engine.families.tfidf import choose_analyzer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

WEIGHTS_FILE = "network.safetensors"
VOCABULARY_FILE = "vocabulary.json"
MOST_WORDS = 30_000
LONGEST = 256
# 0 fills up short texts, 1 stands for words that training did not see.
PAD, UNKNOWN = 0, 1
_WORD = re.compile(r"\w+|[^\w\s]")


class FromScratch(Family):
    """A small CNN, RNN or Transformer over words, or over characters of scripts without spaces."""

    name = "from-scratch"
    title = "Small CNN, RNN or Transformer from scratch"
    tasks = ("text-classification", "text-multilabel")
    augments = ON_THE_FLY
    loops = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults that suit some thousand short texts (bench/train_texts.py)."""
        return {"epochs": 30, "batch_size": 32, "learning_rate": 1e-3, "patience": 4, "dropout": 0.4}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Collect words, train the network, write both."""
        from safetensors.torch import save_file

        from modeling.engine.families.features import TokenRows
        from modeling.engine.heads.networks import build_network
        from modeling.engine.training.work import ClassifierWork

        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        analyzer = choose_analyzer(train.inputs)
        words = _vocabulary(train.inputs, analyzer)
        changes = text_changes(train, settings, context)
        renew = None if changes is None else lambda epoch: _tokens(changes.texts(epoch), analyzer, words)
        rows = [
            TokenRows(_tokens(train.inputs, analyzer, words), PAD, train.shares(data.classes), renew),
            TokenRows(_tokens(validation.inputs, analyzer, words), PAD, validation.shares(data.classes)),
        ]
        seed_torch(settings.seed)
        network = build_network(settings.network, len(words) + 2, len(data.classes), settings.dropout or 0.0, LONGEST)
        work = ClassifierWork(network, rows[0], rows[1], settings, multilabel=data.task.endswith("multilabel"))
        result = context.run(work, data, settings)
        weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        (folder / VOCABULARY_FILE).write_text(json.dumps(list(words), ensure_ascii=False), encoding="utf-8")
        return FamilyResult({**result.__dict__, "analyzer": analyzer, "network": settings.network})

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return logits."""
        from safetensors.torch import load_file

        from modeling.engine.families.token_texts import batched
        from modeling.engine.heads.networks import build_network
        from modeling.engine.training.loop import choose_device

        stored = json.loads((folder / VOCABULARY_FILE).read_text(encoding="utf-8"))
        words = {word: number + 2 for number, word in enumerate(stored)}
        network = build_network(facts["network"], len(words) + 2, len(facts["labels"]), 0.0, LONGEST)
        network.load_state_dict(load_file(folder / WEIGHTS_FILE))
        device = choose_device("auto")
        tokens = _tokens(inputs, facts["analyzer"], words)
        return batched(network.eval().to(device), tokens, PAD, device, context.cancelled).astype("float64")


def _cut(text: str, analyzer: str) -> list[str]:
    return [c for c in text.lower() if not c.isspace()] if analyzer == "char" else _WORD.findall(text.lower())


def _vocabulary(texts: Sequence[str], analyzer: str) -> dict[str, int]:
    """Return the most frequent words with their numbers, of equally frequent ones the first in code point order."""
    counts = Counter(word for text in texts for word in _cut(text, analyzer))
    # Of a word seen once nothing can be learned that holds for another text.
    kept = sorted((word for word, count in counts.items() if count > 1), key=lambda word: (-counts[word], word))
    return {word: number + 2 for number, word in enumerate(kept[:MOST_WORDS])}


def _tokens(texts: Sequence[str], analyzer: str, words: dict[str, int]) -> list[list[int]]:
    return [[words.get(word, UNKNOWN) for word in _cut(text, analyzer)][:LONGEST] or [UNKNOWN] for text in texts]
