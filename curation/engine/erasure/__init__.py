"""Erasing a person: where a value stands, versions without some items, and proof that the rest is untouched."""
