import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from accounts.actor import Actor
from core import objects
from core.errors import DomainError, NotFound
from curation.models import Version
from curation.services.download import request_download
from curation.tasks import write_download
from tests import factories
from tests.curation.services.test_import import import_

pytestmark = pytest.mark.django_db

ROWS = '{"text": "=1+1", "n": 3}\n{"text": "two\\nlines, \\"quoted\\"", "n": null}\n{"text": "@here", "n": -7}\n'


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    return Version.objects.get(pk=import_(actor, ROWS, "rows.jsonl").result["version"])


def written(actor: Actor, version: Version, file_format: str) -> Path:
    """Write the file the way a worker does, and return where it lies."""
    address, job = request_download(actor=actor, version_id=version.pk, file_format=file_format)
    assert address is None
    assert job is not None
    write_download(job_id=job.pk)
    address, again = request_download(actor=actor, version_id=version.pk, file_format=file_format)
    assert (again, bool(address)) == (None, True)
    key, name = objects.read_signature(str(address).rsplit("/", 1)[-1])
    assert name == f"{version.dataset.name}-v1.{file_format}"
    with objects.local_path(key) as path:
        return path


def test_json_lines_keep_types_and_order(actor: Actor, version: Version) -> None:
    rows = [json.loads(line) for line in written(actor, version, "jsonl").read_text().splitlines()]

    assert rows == [
        {"item_id": 1, "text": "=1+1", "n": 3},
        {"item_id": 2, "text": 'two\nlines, "quoted"', "n": None},
        {"item_id": 3, "text": "@here", "n": -7},
    ]


def test_parquet_is_the_version_itself(actor: Actor, version: Version) -> None:
    table = pq.read_table(written(actor, version, "parquet"))

    assert table.column_names == ["item_id", "text", "n"]
    assert table["n"].to_pylist() == [3, None, -7]


def test_a_spreadsheet_runs_no_cell(actor: Actor, version: Version) -> None:
    text = written(actor, version, "csv").read_bytes()

    assert text.startswith(b"\xef\xbb\xbfitem_id,text,n\r\n")
    assert text.decode("utf-8-sig").splitlines()[1:] == ["1,'=1+1,3", '2,"two', 'lines, ""quoted""",', "3,'@here,-7"]


def test_asking_twice_sends_one_job(actor: Actor, version: Version) -> None:
    jobs = {request_download(actor=actor, version_id=version.pk, file_format="csv")[1].pk for _ in range(2)}

    assert len(jobs) == 1


def test_strangers_and_unknown_formats_are_refused(actor: Actor, version: Version) -> None:
    with pytest.raises(NotFound):
        request_download(actor=factories.owner("Others"), version_id=version.pk, file_format="csv")
    with pytest.raises(DomainError) as caught:
        request_download(actor=actor, version_id=version.pk, file_format="exe")
    assert caught.value.code == "format_unknown"
