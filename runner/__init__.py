"""Starts, watches and stops the processes of one installation; imported by nobody, imports no app."""
