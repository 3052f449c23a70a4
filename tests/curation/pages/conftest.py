"""Who looks at the pages."""

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User
from tests import factories


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def browser(actor: Actor) -> Client:
    browser = Client()
    browser.force_login(User.objects.get(pk=actor.user_id))
    return browser
