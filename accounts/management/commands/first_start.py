"""Makes the first organization and its administrator on an empty installation."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from accounts.models import User
from accounts.services.organization import create_organization


class Command(BaseCommand):
    help = "Make the first organization and administrator, and print the password once. Does nothing later."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="admin@example.com")
        parser.add_argument("--organization", default="Demo organization")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        password = secrets.token_urlsafe(12)
        user = User.objects.create_superuser(options["email"], password, name="Administrator")
        create_organization(name=options["organization"], owner=user)
        self.stdout.write(f"Administrator {options['email']}, password {password} (shown this once)")
