"""Lists the static files once in a process: a new test client otherwise looks at each of some hundred files anew.

A service builds its middleware once and keeps it; `django.test.Client` builds it for every client, most of whose tests
send one request.
"""

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware


def install() -> None:
    """Take the place of WhiteNoise's own walk through the folders: what it found the first time is what is there."""
    walk = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def add(self: WhiteNoiseMiddleware) -> None:
        if not found:
            walk(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add
