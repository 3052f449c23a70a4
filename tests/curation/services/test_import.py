import io
from functools import lru_cache

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actor import Actor
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.near.search import search_texts
from curation.models import Dataset, Finding, Run, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.import_ import run_import
from curation.services.item import find_item, page_of_drops, page_of_items
from curation.services.run import execute_run, start_run
from curation.services.upload import preview_upload, receive_upload, start_import
from curation.tasks import import_file, run_plan
from tests import factories
from tests.data.make_bad import zipb
from workers.context import JobContext
from workers.models import Job
from workers.services import job as jobs

pytestmark = pytest.mark.django_db

SMS = "label,text\nham,Are you home?\nspam,WIN a prize now\nham,are you  home?\n-1,what\nham,\n"


def send(actor: Actor, content: bytes | str, name: str = "sms.csv") -> Upload:
    data = content.encode() if isinstance(content, str) else content
    dataset = Dataset.objects.visible_to(actor).first() or create_dataset(actor=actor, name="SMS")
    return receive_upload(
        actor=actor, dataset_id=dataset.pk, file=SimpleUploadedFile(name, data), licence="CC BY 4.0", source="a phone"
    )


@lru_cache
def load_loops() -> None:
    """Load the compiled loops of near-duplicates before a job needs them.

    The heartbeat of a job that takes longer than four seconds looks for its row on a connection of its own, which does
    not see the uncommitted rows of a test.
    """
    search_texts(["a b c d e f", "a b c d e f g"], threshold=0.5).clusters()


def work(job: Job) -> Job:
    """Do a job in this process, the way a worker does it."""
    load_loops()
    {"curation.import_file": import_file, "curation.run_plan": run_plan}[job.kind](job_id=job.pk)
    job.refresh_from_db()
    return job


def import_(actor: Actor, content: bytes | str, name: str = "sms.csv", **options: object) -> Job:
    return work(start_import(actor=actor, upload_id=send(actor, content, name).pk, options=options))


def test_a_file_becomes_a_version() -> None:
    actor = factories.owner()
    job = import_(actor, SMS)
    assert (job.state, job.error) == ("succeeded", None)
    version = Version.objects.get(pk=job.result["version"])
    assert (version.number, version.row_count, version.licence, version.source) == (1, 5, "CC BY 4.0", "a phone")
    assert version.manifest["roles"] == {"text": "text", "label": "label"}
    page = page_of_items(actor=actor, version_id=version.pk, offset=1, limit=1)
    assert page["results"] == [{"item_id": 2, "label": "spam", "text": "WIN a prize now"}]
    assert page["total"] == 5


def test_an_upload_says_what_is_in_it() -> None:
    upload = send(factories.owner(), "tëxt;klass\nhällo;a\n".encode("latin-1"))
    assert (upload.profile["encoding"], upload.profile["delimiter"]) == ("latin-1", ";")
    assert upload.profile["columns"] == ["tëxt", "klass"]


def test_bad_rows_are_listed_and_good_ones_kept() -> None:
    actor = factories.owner()
    job = import_(actor, "text,label\ngood,a\nragged\n=cmd,x,y\nfine,b\n")
    assert (job.result["rows"], job.result["refused"], job.rows_refused) == (2, 2, 2)
    upload = Upload.objects.get(pk=job.result["upload"])
    lines = objects.open(upload.refused_key).read().decode("utf-8-sig").splitlines()
    assert lines[0] == "line,code,reason,raw"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "4"]
    assert lines[2].endswith('"\'=cmd,x,y"')


def test_a_file_without_a_good_row_makes_no_version_and_keeps_the_list() -> None:
    actor = factories.owner()
    job = import_(actor, "id,text,label\n1,a,b,c\n2,d\n", delimiter=",")
    assert (job.state, job.error["code"], job.error["refused"]) == ("failed", "no_good_rows", 2)
    assert Upload.objects.get().refused_key
    assert not Version.objects.exists()


def test_an_unreadable_file_is_kept_with_the_reason() -> None:
    actor = factories.owner()
    upload = send(actor, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "photo.csv")
    assert upload.profile["readable"] is False
    job = work(start_import(actor=actor, upload_id=upload.pk, options={}))
    assert job.error["code"] == upload.profile["error"]["code"]


def test_an_empty_file_is_refused_at_the_door() -> None:
    with pytest.raises(DomainError) as caught:
        send(factories.owner(), b"")
    assert caught.value.code == "file_empty"


def test_ids_go_on_where_the_last_import_ended() -> None:
    actor = factories.owner()
    import_(actor, SMS)
    job = import_(actor, "text\nmore\n")
    version = Version.objects.get(pk=job.result["version"])
    assert (version.number, page_of_items(actor=actor, version_id=version.pk)["results"][0]["item_id"]) == (2, 6)


def test_a_client_s_own_item_id_is_kept_beside_ours() -> None:
    actor = factories.owner()
    job = import_(actor, "item_id,text\nA7,hello\n")
    assert find_item(actor=actor, version_id=job.result["version"], item_id=1) == {
        "item_id": 1,
        "item_id_2": "A7",
        "text": "hello",
    }


def test_an_import_done_twice_makes_one_version() -> None:
    actor = factories.owner()
    job = import_(actor, SMS)
    context = JobContext(job)
    assert run_import(job=context, upload_id=job.params["upload_id"])["version"] == job.result["version"]
    assert Version.objects.count() == 1


def test_an_import_that_lost_its_worker_starts_again_with_the_same_ids() -> None:
    actor = factories.owner()
    job = start_import(actor=actor, upload_id=send(actor, SMS).pk, options={})
    first = JobContext(jobs.start(job_id=job.pk))
    first.save_state({"first_item_id": 1, "reserved": len(SMS)})
    Dataset.objects.update(next_item_id=1 + len(SMS))
    Job.objects.filter(pk=job.pk).update(state="queued")
    work(job)
    items = page_of_items(actor=actor, version_id=job.result["version"])["results"]
    assert [item["item_id"] for item in items] == [1, 2, 3, 4, 5]
    assert Dataset.objects.get().next_item_id == 6


def test_one_upload_is_imported_once_at_a_time() -> None:
    actor = factories.owner()
    upload = send(actor, SMS)
    start_import(actor=actor, upload_id=upload.pk, options={})
    with pytest.raises(Conflict):
        start_import(actor=actor, upload_id=upload.pk, options={})


def test_reading_options_override_the_guess() -> None:
    actor = factories.owner()
    upload = send(actor, "a|b\n1|2\n", "x.csv")
    assert preview_upload(actor=actor, upload_id=upload.pk, options={"delimiter": ","})["columns"] == ["a|b"]


def test_a_stranger_sees_nothing() -> None:
    actor, stranger = factories.owner("Ann's"), factories.owner("Sue's")
    job = import_(actor, SMS)
    for call in (
        lambda: page_of_items(actor=stranger, version_id=job.result["version"]),
        lambda: find_item(actor=stranger, version_id=job.result["version"], item_id=1),
        lambda: start_run(actor=stranger, version_id=job.result["version"]),
        lambda: preview_upload(actor=stranger, upload_id=job.result["upload"], options={}),
    ):
        with pytest.raises(NotFound):
            call()


def test_the_default_plan_gives_a_version_with_every_drop_explained() -> None:
    actor = factories.owner()
    imported = import_(actor, SMS)
    run, job = start_run(actor=actor, version_id=imported.result["version"])
    work(job)
    assert (job.state, job.error) == ("succeeded", None)
    run.refresh_from_db()
    assert (run.output.number, run.output.parent_id, run.output.row_count) == (2, run.input_id, 2)
    drops = page_of_drops(actor=actor, run_id=run.pk)
    assert [(row["item_id"], row["reason"]) for row in drops["results"]] == [
        (5, "text_empty"),
        (4, "label_invalid"),
        (3, "duplicate"),
    ]
    assert page_of_drops(actor=actor, run_id=run.pk, reason="duplicate")["total"] == 1


def test_conflicts_are_findings() -> None:
    actor = factories.owner()
    imported = import_(actor, "text,label\nsame,a\nSAME,b\nother,a\n")
    run, job = start_run(actor=actor, version_id=imported.result["version"])
    work(job)
    rows = Finding.objects.filter(run=run).order_by("item_id").values_list("item_id", "code", "state")
    assert list(rows) == [(1, "label_conflict", "open"), (2, "label_conflict", "open")]


def test_a_plan_that_drops_everything_fails_and_keeps_its_report() -> None:
    actor = factories.owner()
    imported = import_(actor, "text,label\na,-1\nb,-1\n")
    run, job = start_run(actor=actor, version_id=imported.result["version"])
    work(job)
    run.refresh_from_db()
    assert (job.error["code"], run.output, run.report["after"]["rows"]) == ("plan_dropped_everything", None, 0)
    assert page_of_drops(actor=actor, run_id=run.pk)["total"] == 2


def test_a_run_done_twice_makes_one_version() -> None:
    actor = factories.owner()
    imported = import_(actor, SMS)
    run, job = start_run(actor=actor, version_id=imported.result["version"])
    result = work(job).result
    assert execute_run(job=JobContext(job), run_id=run.pk) == result
    assert Run.objects.get().output.dataset.versions.count() == 2


def test_a_label_step_without_a_label_column_says_so() -> None:
    actor = factories.owner()
    imported = import_(actor, "text\nhello\n")
    plan = {"steps": [{"name": "drop_invalid_label"}]}
    _run, job = start_run(actor=actor, version_id=imported.result["version"], steps=plan)
    assert work(job).error["code"] == "step_cannot_run"


def test_file_names_are_shown_never_used_as_paths() -> None:
    upload = send(factories.owner(), SMS, "../../etc/pass\nwd.csv")
    assert "/" not in upload.file_name
    assert upload.object_key.startswith("uploads/")
    assert io.BytesIO(objects.open(upload.object_key).read()).getvalue() == SMS.encode()


def test_a_parquet_file_keeps_types_and_reserves_no_more_ids_than_it_has_rows() -> None:
    actor = factories.owner()
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"], "n": pa.array([1, None], pa.int16())}), sink)
    job = import_(actor, sink.getvalue(), "t.parquet")
    assert page_of_items(actor=actor, version_id=job.result["version"])["results"] == [
        {"item_id": 1, "text": "a", "n": 1},
        {"item_id": 2, "text": "b", "n": None},
    ]
    job.refresh_from_db()
    assert (job.saved_state["reserved"], Dataset.objects.get().next_item_id) == (2, 3)


def test_an_archive_of_texts_is_imported_with_its_refused_members() -> None:
    actor = factories.owner()
    data = zipb([("pos/1.txt", "好"), ("neg/2.txt", "bad"), ("neg/x.zip", zipb([("y.txt", "y")]))])
    job = import_(actor, data, "reviews.zip")
    assert (job.result["rows"], job.result["refused"]) == (2, 1)
    assert Version.objects.get().manifest["roles"] == {"text": "text", "label": "label", "id": "path"}


def test_an_archive_without_a_good_row_makes_no_version() -> None:
    job = import_(factories.owner(), zipb([("x.zip", zipb([("y.txt", "y")]))]), "nested.zip")
    assert (job.state, job.error["code"]) == ("failed", "no_good_rows")


def test_a_sheet_is_chosen_by_name() -> None:
    actor = factories.owner()
    book = openpyxl.Workbook()
    book.active.append(["text"])
    book.create_sheet("Two").append(["text"])
    book["Two"].append(["chosen"])
    sink = io.BytesIO()
    book.save(sink)
    job = import_(actor, sink.getvalue(), "t.xlsx", sheet="Two")
    assert page_of_items(actor=actor, version_id=job.result["version"])["results"] == [{"item_id": 1, "text": "chosen"}]
