from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.models import Organization
from modeling.services.erasure_ledger import read_entries
from modeling.services.erasure_work import replay_erasure


class Command(BaseCommand):
    help = "Erase again, after a restore, what the ledger beside the keys names; run it before the service starts."

    def handle(self, *args: Any, **options: Any) -> None:
        known = set(Organization.objects.values_list("pk", flat=True))
        count = 0
        for path in sorted(Path(settings.ASSAY_KEYS).glob("erasures-organization-*.jsonl")):
            for entry in read_entries(path):
                if entry["organization"] not in known:
                    self.stdout.write(f"{entry['uid']}: there is no organization {entry['organization']}")
                    continue
                versions = replay_erasure(entry=entry)
                count += 1
                self.stdout.write(f"{entry['uid']}: {versions} versions were written again")
        self.stdout.write(f"{count} erasures replayed")
