"""Families of models: each trains into a folder and predicts from it."""
