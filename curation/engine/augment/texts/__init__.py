"""Augmentations of texts, one a file."""
