"""Spans as tags of words: the scheme, the alignment, the networks and the decoding."""
