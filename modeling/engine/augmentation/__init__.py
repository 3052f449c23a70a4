"""Augmented training rows, whether their labels are safe, and what they gain."""
