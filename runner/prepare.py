"""Brings the database up to date and makes the first organization: one process, because loading Django costs a second.

Runs in a child of the supervisor (`python -m runner.prepare`) and prints what the person at the terminal should see.
"""

import django
from django.core.management import call_command


def main() -> None:
    """Migrate without the checks that the build machine makes, then do what only an empty installation needs."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    call_command("first_start")


if __name__ == "__main__":
    main()
