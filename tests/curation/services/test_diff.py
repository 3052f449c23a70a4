import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.actor import Actor
from accounts.models import AuditEntry
from core import objects
from core.errors import DomainError, NotFound
from curation.models import Diff, Version
from curation.services.diff import (
    execute_diff,
    page_of_diff,
    request_diff,
    request_diff_download,
    runs_between,
)
from tests import factories
from tests.curation import history
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def pair(actor: Actor, tmp_path_factory: pytest.TempPathFactory) -> tuple[Version, Version]:
    """Two versions with a run between them that dropped item 2 as a duplicate."""
    columns = {"item_id": [1, 2, 3], "text": ["a b", "a b", "c"], "label": ["x", "x", "y"]}
    older = history.version(actor, columns, label="label")
    newer = {"item_id": [1, 3, 4], "text": ["a B", "c", "d"], "label": ["x", "z", "y"]}
    made = history.version(actor, newer, parent=older, label="label")
    path = tmp_path_factory.mktemp("drops") / "drops.parquet"
    notes = {"item_id": [2], "step": ["exact_duplicates"], "reason": ["duplicate"], "detail": ["of item 1"]}
    pq.write_table(pa.table({**notes, "text": ["a b"]}), path)
    key = objects.put_file(path, objects.key("drops", actor.organization_id, f"{made.pk}.parquet"))
    history.run(actor, older, made, drops_key=key)
    return older, made


def test_a_diff_is_written_once_and_read_by_facet(actor: Actor, pair: tuple[Version, Version]) -> None:
    older, newer = pair
    diff, job = request_diff(actor=actor, older_id=older.pk, newer_id=newer.pk)
    assert job is not None
    assert request_diff(actor=actor, older_id=older.pk, newer_id=newer.pk)[1] == job
    with pytest.raises(DomainError, match="being written"):
        page_of_diff(actor=actor, diff_id=diff.pk)
    assert history.finish(job).result == {
        "diff": diff.pk, "older": older.pk, "newer": newer.pk, "added": 1, "dropped": 1, "changed": 2, "same": 0,
    }  # fmt: skip
    assert request_diff(actor=actor, older_id=older.pk, newer_id=newer.pk) == (diff, None)
    dropped = page_of_diff(actor=actor, diff_id=diff.pk, kind="dropped", reason="duplicate")
    row = dropped["results"][0]
    assert (dropped["total"], row["item_id"], row["detail"], row["run"]) == (1, 2, "of item 1", newer.made_by.pk)
    label = page_of_diff(actor=actor, diff_id=diff.pk, kind="label")["results"]
    assert [(row["item_id"], row["before"], row["after"]) for row in label] == [(3, "y", "z")]
    assert page_of_diff(actor=actor, diff_id=diff.pk, column="text")["results"][0]["after"] == "a B"
    assert page_of_diff(actor=actor, diff_id=diff.pk, kind="changed", reason="duplicate")["total"] == 0
    assert AuditEntry.objects.filter(action="diff.request", subject=f"diff:{diff.pk}").count() == 1


def test_doing_the_job_twice_changes_nothing(actor: Actor, pair: tuple[Version, Version]) -> None:
    diff, job = request_diff(actor=actor, older_id=pair[0].pk, newer_id=pair[1].pk)
    assert job is not None
    first = history.finish(job).result
    Diff.objects.filter(pk=diff.pk).update(summary=None)
    before = objects.open(Diff.objects.get(pk=diff.pk).object_key).read()
    assert execute_diff(job=start(factories.job(actor)), diff_id=diff.pk) == first
    assert objects.open(Diff.objects.get(pk=diff.pk).object_key).read() == before


def test_strange_pairs_are_refused(actor: Actor, pair: tuple[Version, Version]) -> None:
    other = factories.version(actor)
    stranger = factories.owner("Others")
    for arguments, code in (
        ((actor, pair[0].pk, other.pk), "versions_unrelated"),
        ((actor, pair[0].pk, pair[0].pk), "versions_equal"),
        ((stranger, pair[0].pk, pair[1].pk), "not_found"),
        ((actor, pair[0].pk, 10**9), "not_found"),
    ):
        with pytest.raises(DomainError) as caught:
            request_diff(actor=arguments[0], older_id=arguments[1], newer_id=arguments[2])
        assert caught.value.code == code
    diff = factories.diff(actor)
    with pytest.raises(NotFound):
        page_of_diff(actor=stranger, diff_id=diff.pk)


def test_runs_lie_on_the_way_from_the_common_ancestor(actor: Actor) -> None:
    columns = {"item_id": [1], "text": ["a"]}
    root = history.version(actor, columns)
    left = history.version(actor, columns, parent=root)
    right = history.version(actor, columns, parent=root)
    end = history.version(actor, columns, parent=right)
    runs = {made.pk: history.run(actor, made.parent, made) for made in (left, right, end)}
    assert runs_between(older=left, newer=end) == [runs[end.pk], runs[right.pk]]
    assert runs_between(older=end, newer=root) == []


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_diff_is_downloaded(actor: Actor, pair: tuple[Version, Version], file_format: str) -> None:
    diff, job = request_diff(actor=actor, older_id=pair[0].pk, newer_id=pair[1].pk)
    assert job is not None
    history.finish(job)
    address, job = request_diff_download(actor=actor, diff_id=diff.pk, file_format=file_format)
    assert (address, job is not None) == (None, True)
    history.finish(Job.objects.get(pk=job.pk))
    address = str(request_diff_download(actor=actor, diff_id=diff.pk, file_format=file_format)[0])
    key, name = objects.read_signature(address.rsplit("/", 1)[-1])
    assert name.endswith(f"-v1-v2.{file_format}")
    text = objects.open(key).read().decode("utf-8-sig")
    if file_format == "csv":
        assert text.splitlines()[0].startswith("item_id,kind,column,before,after")
        assert len(text.splitlines()) == 5
    else:
        assert {json.loads(line)["kind"] for line in text.splitlines()} == {"added", "dropped", "changed", "label"}
    assert request_diff_download(actor=actor, diff_id=diff.pk, file_format="parquet")[0]
