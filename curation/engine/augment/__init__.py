"""Copies of training items that are changed a little while their labels stay true."""

from curation.engine.augment.policy import Policy, PolicyError, PolicyStep, read_policy
from curation.engine.augment.text import TextAugmenter, augment_text

__all__ = ["Policy", "PolicyError", "PolicyStep", "TextAugmenter", "augment_text", "read_policy"]
