"""Near-duplicate pictures: features, candidates without comparing all pairs, verification of each pair."""
