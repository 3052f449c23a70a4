"""Rows of tables as numbers, and models of them that are stored as plain arrays."""
