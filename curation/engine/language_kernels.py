"""Compiled loops of language detection: py3langid's automaton and its naive Bayes, over all texts of a batch."""

from typing import Any

import numpy as np

from curation.engine.compiling import compiled


@compiled
def classify(
    data: Any,
    offsets: Any,
    wanted: Any,
    moves: Any,
    rows_of: Any,
    features: Any,
    weights: Any,
    priors: Any,
    labels: Any,
) -> tuple[Any, Any]:
    """Return for each text the best label and its share of the probability (0 to 1); label -1 without a feature.

    The automaton reads bytes; a state may stand for a feature. A language's score is its prior plus, over the features
    met, log(1 + count) times its weight, as in py3langid 0.4. Scores are divided by the root of the text's length in
    bytes before they become probabilities, which keeps them comparable across lengths. `labels` maps the model's
    columns to languages: some languages have a column for each script.
    """
    texts, columns = len(offsets) - 1, len(priors)
    best, share = np.full(texts, -1, np.int64), np.zeros(texts, np.float64)
    counts = np.zeros(len(weights), np.int32)
    met = np.empty(len(weights), np.int32)
    scores, merged = np.empty(columns, np.float64), np.empty(labels.max() + 1, np.float64)
    for text in range(texts):
        if not wanted[text]:
            continue
        state = found = 0
        for place in range(offsets[text], offsets[text + 1]):
            state = moves[(np.int64(rows_of[state]) << 8) + data[place]]
            feature = features[state]
            if feature >= 0:
                if counts[feature] == 0:
                    met[found] = feature
                    found += 1
                counts[feature] += 1
        if found == 0:
            continue
        scores[:] = priors
        for number in range(found):
            feature = met[number]
            weight = np.log1p(np.float64(counts[feature]))
            counts[feature] = 0
            for column in range(columns):
                scores[column] += weight * weights[feature, column]
        top = scores.max()
        merged[:] = 0.0
        heat = np.sqrt(np.float64(offsets[text + 1] - offsets[text]))
        for column in range(columns):
            merged[labels[column]] += np.exp((scores[column] - top) / heat)
        best[text] = merged.argmax()
        share[text] = merged[best[text]] / merged.sum()
    return best, share
