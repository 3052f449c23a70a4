"""Suggestions from outside through the client and the command, against a real service."""

import json
from pathlib import Path

import pytest

from accounts.actor import Actor
from assay_client import Client, InvalidRequest, NotFound
from labeling.models import Suggestion
from tests import factories
from tests.client.test_command import Run, assay
from tests.labeling.versions import numbered
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


def test_the_client_sends_in_batches_and_counts_rows_from_the_first(live_service: LiveService, boss: Actor) -> None:
    project = numbered(boss, 3)
    rows = [{"item": 1, "answer": {"label": ["spam"]}}] * 5_000 + [
        {"item": 2, "answer": {"label": ["ham"]}, "confidence": 0.5},
        {"item": 3, "answer": {"label": ["eggs"]}},
    ]
    with Client(live_service.url, token=factories.secret(boss)) as client:
        said = list(client.suggestions.send(project.pk, rows, source="gpt"))
        assert [row["stored"] for row in said] == [1, 1]
        assert [(row["row"], row["item"]) for row in said[1]["refused"]] == [(5_001, 3)]
        with pytest.raises(InvalidRequest):
            list(client.suggestions.send(project.pk, [{"item": 1}], source="gpt"))
        with pytest.raises(NotFound):
            client.suggestions.server(project.pk)
        named = client.suggestions.set_server(project.pk, "https://models.example.org/", user="bob", password="secret")
        assert (named["url"], named["has_password"], named["state"]) == ("https://models.example.org", True, "new")
        assert "secret" not in json.dumps(named)
        client.suggestions.remove_server(project.pk)
        assert client.suggestions.take_column(project.pk, "text").kind == "labeling.import_predictions"


def test_the_command_names_items_by_a_key(live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path) -> None:
    project = numbered(boss, 3)
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    rows = [{"text": "text 2", "label": "spam", "confidence": 0.9}, {"text": "text 9", "label": "ham"}]
    rows += [{"text": "text 3", "label": "eggs"}]
    file = tmp_path / "predictions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    send = ("project", "suggestions", "send", str(project.pk), str(file), "--source", "gpt 4")
    made = json.loads(assay("--json", *send, "--key", "text").stdout)
    assert (made["stored"], made["unknown"], len(made["refused"])) == (1, ["text 9"], 1)
    assert Suggestion.objects.get().task.item_id == 2
    without = assay(*send)
    assert without.returncode != 0
    assert "needs a whole number item" in without.stderr
