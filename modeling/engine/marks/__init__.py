"""Spans and shapes that models of a project's other answers do not believe."""
