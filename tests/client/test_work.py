"""Work through the client and the command, counted by a real worker."""

import csv
import json
from pathlib import Path

import pytest

from accounts.models import User
from assay_client import Client
from assay_client._exceptions import InvalidRequest
from tests import factories
from tests.client.test_command import Run, assay
from tests.client.test_comments_and_reviews import answered
from tests.live import LiveService

__all__ = ["assay"]


def test_the_command_waits_for_the_count_and_writes_a_pay_list(
    live_service: LiveService, assay: Run, tmp_path: Path
) -> None:
    boss = factories.owner()
    ann = factories.member(boss, "annotator")
    User.objects.filter(pk=ann.user_id).update(name="=1+1")
    project = factories.project(boss)
    answered(ann, factories.tasks(project, 1)[0])
    file = tmp_path / "pay.csv"
    done = assay(
        "--url",
        live_service.url,
        "--token",
        factories.secret(boss),
        "project",
        "work",
        str(project.pk),
        "-o",
        str(file),
    )
    assert done.returncode == 0, done.stderr
    with file.open(encoding="utf-8-sig", newline="") as source:
        (row,) = csv.DictReader(source)
    assert (row["person"], row["name"], row["answers"]) == (str(ann.user_id), "'=1+1", "1")
    said = assay(
        "--url", live_service.url, "--token", factories.secret(boss), "--json", "project", "work", str(project.pk)
    )
    assert json.loads(said.stdout)["people"][0]["answers"] == 1
    with Client(live_service.url, token=factories.secret(boss)) as client:
        assert [row["label"] for row in client.projects.work(project.pk)["labels"]] == ["spam"]
        with pytest.raises(InvalidRequest) as refused:
            client.projects.work(project.pk, since="2026-02-01", until="2026-01-01")
        assert refused.value.code == "days_invalid"
