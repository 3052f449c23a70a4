from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from curation.services.garbage import collect_garbage


class Command(BaseCommand):
    help = "List what garbage collection would remove of the versions in the trash; --remove removes it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", action="store_true", help="really remove; without it this is a dry run")
        parser.add_argument(
            "--days", type=float, help="days in the trash before a version may go; ASSAY_TRASH_DAYS if left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        grace = None if options["days"] is None else timedelta(days=options["days"])
        done = collect_garbage(dry_run=not options["remove"], grace=grace)
        verb = "removed" if options["remove"] else "would remove"
        for key in done.object_keys:
            self.stdout.write(f"{verb} {key}")
        for holder in done.kept:
            self.stdout.write(f"kept version {holder.version_id}: {holder.model} {holder.pk} ({holder.title}) needs it")
        self.stdout.write(
            f"{verb} {len(done.object_keys)} objects, {done.byte_count} bytes, of {len(done.versions)} versions"
        )
