"""Loads the demo beside a running service; `make run` calls it on a new home."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Membership
from accounts.services.actor import actor_of_session
from core.errors import DomainError
from modeling.services.demo import DemoFailed, load_demo, load_pictures


class Command(BaseCommand):
    help = (
        "Import pictures, and take two real files through the whole chain. Called again, it goes on where it was. "
        "Needs a running worker."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        owner = Membership.objects.filter(role="owner").order_by("pk").first()
        actor = None
        if owner is not None:
            actor = actor_of_session(user_id=owner.user_id, organization_id=owner.organization_id)
        if actor is None:
            raise CommandError("There is no organization yet. Start the service once with: make run")
        try:
            load_pictures(actor=actor, say=self._say)
            load_demo(actor=actor, say=self._say)
        except (DemoFailed, DomainError) as error:
            raise CommandError(str(error)) from None

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
