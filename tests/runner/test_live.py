"""The fixtures that other tests stand on really give what they promise."""

import json
import socket
import urllib.request

import pytest

from tests.live import LiveService


def test_the_live_service_works_on_the_database_of_this_test(live_service: LiveService) -> None:
    from accounts.models import User

    with urllib.request.urlopen(f"{live_service.url}/readyz", timeout=10) as answer:
        assert json.load(answer) == {"status": "ok", "checks": {"database": "ok", "broker": "ok", "objects": "ok"}}
    assert User.objects.count() == 0
    User.objects.create_user("zoe@example.com", "a long password of Zoe")


def test_rows_of_an_earlier_live_test_are_gone(live_service: LiveService) -> None:
    from accounts.models import User

    assert User.objects.count() == 0


@pytest.mark.e2e
def test_chromium_opens_a_page_and_only_pages_of_this_machine(live_service: LiveService, chromium) -> None:
    page = chromium.new_context().new_page()
    answer = page.goto(f"{live_service.url}/healthz")
    assert answer.status == 200
    assert json.loads(page.inner_text("body"))["status"] == "ok"
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.com/")
    page.context.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com"])
def test_a_test_cannot_reach_another_machine(host: str) -> None:
    with pytest.raises(PermissionError, match=f"A test tried to reach {host}"):
        socket.create_connection((host, 80), timeout=1)
