"""Requests made up from the OpenAPI description: whatever is sent, nothing answers 500 and every error is a problem."""

from typing import Any

import pytest
import schemathesis
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings

from tests import factories

schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))


@pytest.fixture
def token(db: None) -> str:
    """The secret of an owner's token, for all requests of one operation."""
    return factories.secret(factories.owner())


@schema.parametrize()
@settings(
    # Five for each of 75 operations take a minute on two cores; `--hypothesis-seed` and more examples find more.
    max_examples=5,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@pytest.mark.django_db
def test_made_up_requests_get_clear_answers(case: Any, token: str) -> None:
    path = case.formatted_path
    body = case.body if isinstance(case.body, dict | list) else None
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {token}"}
    query = dict((case.query or {}).items())
    import json

    response = client.generic(
        case.method,
        path,
        data=json.dumps(body) if body is not None else "{}",
        content_type="application/json",
        query_params=query,
        headers=headers,
    )
    assert response.status_code < 500, response.content[:500]
    if response.status_code >= 400:
        assert response.headers["Content-Type"].startswith("application/problem+json")
        assert set(response.json()) >= {"code", "detail", "status", "title", "type"}
