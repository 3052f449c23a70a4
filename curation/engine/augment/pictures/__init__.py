"""Augmentations of pictures, one kind a file."""
