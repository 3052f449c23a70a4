"""A tiny encoder made smaller: what says nothing goes first, and what goes without saying changes nothing."""

import pytest
import torch

from curation.engine.embedding.bert import BertEncoder, NarrowEmbedding, layered_pool
from curation.engine.embedding.shape import BertShape
from modeling.engine.compress.smaller import Zeros, importances, keep_layers, narrow_layers, narrow_words
from modeling.engine.heads.classifier import TextClassifier
from modeling.engine.heads.mlp import MlpHead

SHAPE = BertShape(vocabulary=30, width=8, layers=2, heads=2, feed_forward=6, positions=16)
IDS = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


@pytest.fixture
def encoder() -> BertEncoder:
    torch.manual_seed(0)
    return BertEncoder(SHAPE).eval()


def silence(encoder: BertEncoder) -> None:
    """Let the second head and the last three units of each layer say nothing."""
    with torch.no_grad():
        for layer in encoder.layers:
            layer.attention_out.weight[:, 4:] = 0
            layer.feed_out.weight[:, 3:] = 0


def test_heads_and_units_that_say_nothing_go_and_nothing_changes(encoder: BertEncoder) -> None:
    silence(encoder)
    before = layered_pool(encoder, IDS, MASK).detach()
    classifier = TextClassifier(encoder, MlpHead(16, 3, 0, 0.0))
    found = importances(classifier, [(IDS, MASK, torch.eye(3)[:2])], multilabel=False)
    assert [row.heads[0] > 0 and row.heads[1] == 0 for row in found] == [True, True]
    assert all((row.feed[:3] > 0).all() and (row.feed[3:] == 0).all() for row in found)
    narrow_layers(encoder, found, heads=0.5, feed=0.5)
    assert [(layer.heads, layer.feed_out.in_features) for layer in encoder.layers] == [(1, 3), (1, 3)]
    assert torch.allclose(layered_pool(encoder, IDS, MASK), before, atol=1e-6)


def test_the_first_layers_stay(encoder: BertEncoder) -> None:
    words = encoder.embed(IDS)
    expected = encoder.through(words, MASK, stop=1)
    keep_layers(encoder, 1)
    assert torch.equal(encoder(IDS, MASK), expected)


def test_narrow_words_of_full_rank_are_the_same_words_and_of_less_the_nearest(encoder: BertEncoder) -> None:
    table = encoder.words.weight.detach().clone()
    counts = torch.zeros(30)
    counts[3] = 1000.0
    errors = []
    for rank in (8, 4, 2):
        encoder.words = torch.nn.Embedding.from_pretrained(table)
        narrow_words(encoder, rank, counts)
        assert isinstance(encoder.words, NarrowEmbedding)
        assert encoder.words.rows.weight.shape == (30, rank)
        with torch.inference_mode():
            off = ((encoder.words(torch.arange(30)) - table) ** 2).mean(dim=1)
        errors.append(float(off.mean()))
    assert errors[0] < 1e-10 < errors[1] < errors[2]
    assert float(off[3]) < errors[2] / 5
    encoder.compress_embeddings()
    with torch.inference_mode():
        assert torch.allclose(encoder.words(torch.tensor([3]))[0], table[3], atol=0.4)


def test_the_smallest_weights_stay_zero(encoder: BertEncoder) -> None:
    zeros = Zeros(encoder, 0.5)
    zeros.hold()
    matrices = [value for value in encoder.layers.parameters() if value.ndim > 1]
    share = sum(float((value == 0).sum()) for value in matrices) / sum(value.numel() for value in matrices)
    assert share == pytest.approx(0.5, abs=0.01)
    with torch.no_grad():
        for value in matrices:
            value.add_(1.0)
    zeros.hold()
    assert sum(float((value == 0).sum()) for value in matrices) == share * sum(value.numel() for value in matrices)
