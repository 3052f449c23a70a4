"""The command `assay` signed in at a live service, for tests that talk to it and to another tool."""

from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from tests import factories
from tests.client.test_command import Run
from tests.live import LiveService


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    """The owner of a new organization, whose token the command has."""
    return factories.owner()


def signed_in(assay: Run, service: LiveService, boss: Actor, cache: Path, **secrets: str) -> Run:
    """Return the command with a token here, a cache of its own, and secrets of the other tool."""

    def call(*arguments: str, **more: Any) -> Any:
        signed = {"ASSAY_URL": service.url, "ASSAY_TOKEN": factories.secret(boss), "XDG_CACHE_HOME": str(cache)}
        return assay(*arguments, **{**secrets, **signed, **more})

    return call
