"""Near-duplicate pictures: features of each picture, candidates without comparing all pairs, verification of each pair."""
