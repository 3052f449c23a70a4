"""The linear tagger and its features."""

import numpy as np

from modeling.engine.bundle.runtime.decoding import viterbi
from modeling.engine.bundle.runtime.scheme import TagScheme, WordSpan
from modeling.engine.bundle.runtime.word_features import Vocabulary, feature_codes
from modeling.engine.bundle.runtime.words import cut
from modeling.engine.tagging.perceptron import PerceptronTraining


def test_features_depend_on_the_text_around_and_on_nothing_else() -> None:
    alone, both = feature_codes(cut(["in Paris now"])), feature_codes(cut(["so what", "in Paris now"]))
    np.testing.assert_array_equal(alone, both[2:])
    other = feature_codes(cut(["in Rome now"]))
    assert 0 < (alone[1] == other[1]).sum() < alone.shape[1]
    assert feature_codes(cut(["", "?"])).shape == (1, alone.shape[1])


def test_unknown_features_have_no_number() -> None:
    vocabulary = Vocabulary.of(np.array([[5, 7], [5, 9]], np.uint64), 2)
    assert vocabulary.numbers(np.array([[5, 9], [1, 2**63]], np.uint64)).tolist() == [[0, -1], [-1, -1]]
    assert Vocabulary.of(np.zeros((0, 2), np.uint64), 1).numbers(np.array([[3]], np.uint64)).tolist() == [[-1]]


def test_a_rule_is_learned_and_carried_over_to_new_words() -> None:
    places = ["Paris", "Rome", "Oslo", "Bonn"]
    texts = [f"we went to {place} by train" for place in places] + [f"the {place} is old" for place in ("cat", "dog")]
    words, scheme = cut(texts), TagScheme(1)
    tags = np.concatenate([scheme.encode([WordSpan(3, 4, 0)], 6)] * 4 + [scheme.encode([], 4)] * 2)
    codes = feature_codes(words)
    vocabulary = Vocabulary.of(codes, 1)
    training = PerceptronTraining(vocabulary.numbers(codes), words.first, tags, scheme, len(vocabulary.codes), 0)
    wrong = [training.epoch() for _epoch in range(5)]
    assert wrong[0] > 0
    assert wrong[-1] == 0
    model = training.average()
    new = cut(["they went to Lima by bus", "the dog is here"])
    scores = model.scores(vocabulary.numbers(feature_codes(new)))
    found = [scheme.decode(viterbi(scores[low:high], model.steps(scheme))) for low, high in ((0, 6), (6, 10))]
    assert found == [[WordSpan(3, 4, 0)], []]
