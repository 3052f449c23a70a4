"""How much is asked of deployments, counted by token and day."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from accounts.actor import Actor
from modeling.models import Deployment, PredictionUsage

# One statement, so that two requests at once both count; nothing in it comes from outside but the parameters.
_COUNT = """
    INSERT INTO modeling_predictionusage AS kept
        (organization_id, deployment_id, token_number, day, request_count, text_count, character_count,
         busy_microseconds)
    VALUES (%s, %s, %s, %s, 1, %s, %s, %s)
    ON CONFLICT (deployment_id, token_number, day) DO UPDATE SET
        request_count = kept.request_count + 1,
        text_count = kept.text_count + excluded.text_count,
        character_count = kept.character_count + excluded.character_count,
        busy_microseconds = kept.busy_microseconds + excluded.busy_microseconds
"""


def count_prediction(*, actor: Actor, deployment: Deployment, texts: list[str], seconds: float) -> None:
    """Add one answered request to the day's counters (UTC)."""
    counter = (deployment.organization_id, deployment.pk, actor.token_id or 0, timezone.now().date())
    amounts = (len(texts), sum(map(len, texts)), round(seconds * 1e6))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [*counter, *amounts])


def usage_by_day(*, actor: Actor, deployment: Deployment, days: int = 30) -> list[dict[str, Any]]:
    """Return requests, texts and model time of each day that had any, newest first.

    Returns:
        Rows of day, requests, texts, characters, and milliseconds_per_text (mean model time; None without texts).
    """
    since = timezone.now().date() - timedelta(days=days)
    rows = (
        PredictionUsage.objects.visible_to(actor)
        .filter(deployment=deployment, day__gt=since)
        .values("day")
        .annotate(
            requests=Sum("request_count"),
            texts=Sum("text_count"),
            characters=Sum("character_count"),
            busy=Sum("busy_microseconds"),
        )
        .order_by("-day")
    )
    return [
        {
            "day": row["day"],
            "requests": row["requests"],
            "texts": row["texts"],
            "characters": row["characters"],
            "milliseconds_per_text": round(row["busy"] / 1000 / row["texts"], 2) if row["texts"] else None,
        }
        for row in rows
    ]
