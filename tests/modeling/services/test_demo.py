"""The demo on a few rows, by the real services and a real worker: once through, and again without a change."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.demo import DemoSet
from curation.models import Upload, Version
from labeling.models import Annotation
from modeling.models import Bundle, Deployment, Training
from modeling.services.demo import SMS, DemoFailed, load_demo, load_pictures
from tests import factories
from workers.models import Job

pytestmark = pytest.mark.slow

ROWS = 300


class Sample(DemoSet):
    """The first rows of a demo file."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / self.file_name


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with gzip.open(SMS.data.path, "rt", encoding="utf-8", newline="") as source:
        rows = [row for row, _number in zip(csv.reader(source), range(ROWS + 1), strict=False)]
    with gzip.open(tmp_path / SMS.data.file_name, "wt", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows(rows)
    monkeypatch.setattr(Sample, "folder", tmp_path, raising=False)
    data = Sample(SMS.data.file_name, SMS.data.title, SMS.data.licence, SMS.data.source)
    # On sixty test rows one answer is more than a point.
    return replace(SMS, data=data, alone=20, assisted=20, limit_points=20.0)


def counts() -> dict[str, int]:
    return {
        kind.__name__: kind.objects.count() for kind in (Upload, Version, Annotation, Training, Bundle, Deployment, Job)
    }


def test_the_demo_goes_through_and_a_second_call_changes_nothing(celery_worker: Any, few: Any) -> None:
    owner, said = factories.owner(), []

    [deployment] = load_demo(actor=owner, sets=(few,), say=said.append)

    assert deployment.slug == "sms-spam"
    assert [sentence.partition(",")[0] for sentence in said[:2]] == ["SMS spam: v1", "SMS spam: v2"]
    assert any("of 20 suggestions of" in sentence for sentence in said)
    before = counts()
    assert before == {
        "Upload": 1, "Version": 3, "Annotation": 40, "Training": 1, "Bundle": 1, "Deployment": 1, "Job": 7,
    }  # fmt: skip
    assert not Annotation.objects.filter(skipped=True).exists()
    assert set(Annotation.objects.values_list("annotator__email", flat=True)) == {email for email, _name in SMS.people}

    assert load_demo(actor=owner, sets=(few,), say=said.append) == [deployment]
    assert counts() == before


def test_a_stage_that_failed_is_named(celery_worker: Any, few: Any) -> None:
    few.data.path.write_bytes(gzip.compress(b'id,text\n1,"never closed\n'))

    with pytest.raises(DemoFailed, match=r"^importing SMS spam, job \d+: "):
        load_demo(actor=factories.owner(), sets=(few,), say=lambda _said: None)

    assert Version.objects.count() == 0


def test_the_pictures_are_curated_and_ready_to_be_labeled(celery_worker: Any) -> None:
    owner, said = factories.owner(), []
    project = load_pictures(actor=owner, say=said.append)
    assert (project.task_count, project.schema["display"]) == (100, [{"type": "image", "field": "image", "title": ""}])
    assert len(project.schema["controls"][0]["labels"]) == 10
    assert project.version.number == 2
    assert load_pictures(actor=owner, say=said.append) == project
