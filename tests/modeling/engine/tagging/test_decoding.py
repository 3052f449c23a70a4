"""Viterbi and probabilities against all taggings counted one by one."""

import itertools

import numpy as np
import torch

from modeling.engine.bundle.runtime.decoding import NEVER, Steps, span_chances, viterbi
from modeling.engine.bundle.runtime.scheme import TagScheme
from modeling.engine.tagging.crf import Chain


def every_sum(scores: np.ndarray, steps: Steps) -> dict[tuple[int, ...], float]:
    """Return the sum of each legal tagging."""
    sums = {}
    for tags in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        total = steps.begin[tags[0]] + steps.end[tags[-1]] + sum(scores[i, tag] for i, tag in enumerate(tags))
        total += sum(steps.follow[pair] for pair in itertools.pairwise(tags))
        if total > NEVER / 2:
            sums[tags] = float(total)
    return sums


def test_the_best_legal_tags_and_their_probability() -> None:
    scheme, generator = TagScheme(1), np.random.default_rng(0)
    legal = Steps.legal(scheme)
    steps = legal.plus(*(generator.normal(size=part.shape) for part in (legal.begin, legal.end, legal.follow)))
    for _round in range(20):
        scores = generator.normal(size=(4, scheme.size)) * 2
        sums = every_sum(scores, steps)
        tags = viterbi(scores, steps)
        assert tuple(tags.tolist()) == max(sums, key=sums.__getitem__)
        spans = scheme.decode(tags)
        total = sum(map(np.exp, sums.values()))
        expected = [
            sum(np.exp(value) for other, value in sums.items() if span in scheme.decode(np.array(other))) / total
            for span in spans
        ]
        np.testing.assert_allclose(span_chances(scores, steps, tags, spans), expected, rtol=1e-9)


def test_probabilities_in_the_scheme_without_ends() -> None:
    scheme = TagScheme(1, "bio")
    scores = np.random.default_rng(3).normal(size=(4, 3))
    steps = Steps.legal(scheme)
    sums = every_sum(scores, steps)
    tags = np.array([1, 2, 0, 1])
    expected = [
        sum(np.exp(value) for other, value in sums.items() if span in scheme.decode(np.array(other)))
        / sum(map(np.exp, sums.values()))
        for span in scheme.decode(tags)
    ]
    np.testing.assert_allclose(span_chances(scores, steps, tags, scheme.decode(tags)), expected, rtol=1e-9)


def test_the_loss_of_a_chain_is_minus_the_log_probability_of_the_tags() -> None:
    torch.manual_seed(0)
    scheme = TagScheme(1)
    chain = Chain(scheme)
    for parameter in chain.parameters():
        torch.nn.init.normal_(parameter)
    scores, tags = torch.randn(2, 3, scheme.size), torch.tensor([[1, 3, 0], [4, 0, 0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    expected = 0.0
    for row, count in ((0, 3), (1, 1)):
        sums = every_sum(scores[row, :count].double().numpy(), chain.steps())
        expected -= sums[tuple(tags[row, :count].tolist())] - np.log(sum(map(np.exp, sums.values())))
    np.testing.assert_allclose(chain(scores, tags, mask).item(), expected / 4, rtol=1e-5)


def test_nothing_to_decode() -> None:
    scheme = TagScheme(1)
    assert viterbi(np.zeros((0, scheme.size)), Steps.legal(scheme)).tolist() == []
    assert span_chances(np.zeros((0, scheme.size)), Steps.legal(scheme), np.zeros(0), []) == []
