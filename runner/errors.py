"""The one error of the runner."""


class StopError(Exception):
    """A sentence for the person at the terminal: what is wrong and how to mend it. Ends the command."""
