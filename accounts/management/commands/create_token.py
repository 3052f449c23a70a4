"""Makes an API token for somebody, on the machine that the service runs on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Membership
from accounts.services.actor import actor_of_session
from accounts.services.token import create_token
from core.errors import DomainError


class Command(BaseCommand):
    help = "Make an API token and print its secret once. Without --scope it may do all that its owner's role may."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="admin@example.com", help="whose token")
        parser.add_argument("--name", default="command line", help="what the list of tokens calls it")
        parser.add_argument("--scope", action="append", help="such as data.read; may be given often")

    def handle(self, *args: Any, **options: Any) -> None:
        member = Membership.objects.filter(user__email__iexact=options["email"]).order_by("pk").first()
        actor = None
        if member is not None:
            actor = actor_of_session(user_id=member.user_id, organization_id=member.organization_id)
        if actor is None:
            raise CommandError(f"Nobody with the address {options['email']} belongs to an organization. Use --email.")
        try:
            scopes = options["scope"] or sorted(actor.scopes)
            _token, secret = create_token(actor=actor, name=options["name"], scopes=scopes)
        except DomainError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(secret)
