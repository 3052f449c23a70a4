"""Labeling rules: each looks at a text and votes for one label, or abstains."""
