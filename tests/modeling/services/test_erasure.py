"""A person planted in every place that there is, erased: gone or reported everywhere, and the rest untouched."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.conf import settings as live_settings
from django.db import connection

from accounts.actor import Actor
from accounts.models import AuditEntry
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotAllowed
from curation import tasks as curation_tasks
from curation.engine.embedding.cache import VectorCache, text_keys
from curation.engine.erasure.certificate import rest_of_files, verify
from curation.engine.pii.seal import unseal
from curation.models import Finding, Picture, Question, Run, Upload, Version
from curation.services.diff import request_diff
from curation.services.download import request_download
from curation.services.explorer import request_index
from curation.services.meaning import vectors_folder
from curation.services.media import keys_of
from curation.services.pseudonym import dataset_key, organization_key
from curation.services.run import start_run
from curation.services.version import open_version, part_key
from labeling import tasks as labeling_tasks
from labeling.models import Annotation, AnnotationRevision, Draft, Progress, Project, Tally
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.draft import save_draft
from labeling.services.project import create_project, schema_for_labels, start_publish
from labeling.services.queue import lease_tasks
from labeling.services.suggestion import store_suggestions
from modeling import tasks as modeling_tasks
from modeling.models import Erasure, ErasureHit, ErasureState, Training
from modeling.services.erasure import confirm_erasure, keep_hits, list_hits, request_erasure, withdraw_erasure
from modeling.services.erasure_ledger import ledger_path, read_entries
from modeling.services.erasure_search import sought_of
from modeling.services.erasure_work import carry_out, replay_erasure
from tests import factories
from tests.curation import history
from tests.curation.services.test_import import import_, load_loops
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)

NAME, MAIL, PHONE = "Zenobia Quartermaine", "zenobia.q@corp.example", "13987654321"
PLANTED = (NAME, MAIL, PHONE, "zenobia", "quartermaine")
ROWS = (
    "customer,text,label\n"
    f"4711,{NAME} wrote from {MAIL},a\n"
    "4712,The parcel never came to the second floor,a\n"
    f"4711,Call +86 139-8765-4321 about the parcel,b\n"
    "4713,The parcel never came to the second floor!,b\n"
    f"4714,please ask Zenobia  Quartermaine about the third parcel,a\n"
    "4715,Mail ann@corp.example,b\n"
    "4711,a line without any name,a\n"
    "4716,A dress that fits,a\n"
)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, settings: Any) -> None:
    settings.ASSAY_KEYS = tmp_path / "keys"
    settings.ASSAY_MODEL_CACHE = tmp_path / "cache"
    settings.ASSAY_OBJECTS = tmp_path / "objects"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "objects")},
        },
    }


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def done(job: Job | None) -> Job:
    """Do a job in this process, the way a worker does it."""
    assert job is not None
    load_loops()
    module = {"curation": curation_tasks, "labeling": labeling_tasks, "modeling": modeling_tasks}[
        job.kind.split(".")[0]
    ]
    getattr(module, job.kind.split(".")[1])(job_id=job.pk)
    job.refresh_from_db()
    return job


def well(job: Job | None) -> dict[str, Any]:
    job = done(job)
    assert job.state == "succeeded", job.error
    return dict(job.result)


def everything_stored() -> Iterator[tuple[str, str]]:
    """Give every row of every table and every object in a form in which text can be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            for (row,) in cursor.fetchall():
                yield f"table {table}", row
    for root in (
        Path(live_settings.ASSAY_OBJECTS),
        Path(live_settings.ASSAY_KEYS),
        Path(live_settings.ASSAY_MODEL_CACHE),
    ):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes().decode("utf-8", "replace")
                if path.suffix == ".parquet":
                    yield str(path), json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
    for run in Run.objects.exclude(mapping_key=""):
        with objects.open(run.mapping_key) as stream:
            for record in unseal(dataset_key(run), stream):
                yield run.mapping_key, record.decode()


def places_of(*values: str) -> set[str]:
    return {
        place for place, text in everything_stored() if any(value.casefold() in text.casefold() for value in values)
    }


def planted(actor: Actor) -> dict[str, Any]:
    """Put the person into three imported and made versions, a project, labels, a download, an index, a diff, ..."""
    first = Version.objects.get(pk=import_(actor, ROWS, f"{NAME}.csv").result["version"])
    steps = [
        {
            "name": "pii",
            "params": {"action": "mask", "actions": {"EMAIL": "pseudonym", "PHONE": "flag", "PERSON": "leave"}},
        },
        {"name": "near_duplicates", "params": {"action": "find", "threshold": 0.6}},
        {"name": "filter_length", "params": {"min_chars": 17}},
    ]
    run, job = start_run(actor=actor, version_id=first.pk, steps={"steps": steps})
    second = Version.objects.get(pk=well(job)["version"])
    third = history.version(
        actor,
        {
            "item_id": [1, 2, 900],
            "text": ["a line augmented", "nothing", f"back: {NAME.upper()}"],
            "label": ["a", "b", "a"],
        },
        parent=second,
        label="label",
    )
    Job.objects.filter(kind="workers.check").update(state="succeeded", finished_at=first.created_at)
    schema = schema_for_labels(labels=["a", "b"], text_field="text")
    project, job = create_project(actor=actor, version_id=first.pk, name="parcels", schema=schema)
    well(job)
    answer(actor, project)
    published = Version.objects.get(pk=well(start_publish(actor=actor, project_id=project.pk, options={}))["version"])
    for version in (first, published):
        for file_format in ("csv", "parquet", "jsonl"):
            _url, job = request_download(actor=actor, version_id=version.pk, file_format=file_format)
            well(job)
    request_download(actor=actor, version_id=published.pk, file_format="csv")
    well(request_index(actor=actor, version_id=first.pk))
    diff, job = request_diff(actor=actor, older_id=first.pk, newer_id=second.pk)
    well(job)
    cache = VectorCache(vectors_folder(actor.organization_id), "f" * 32, 4)
    with open_version(first) as reader:
        keys = text_keys(reader.table()["text"].to_pylist())
    cache.put(keys, np.ones((len(keys), 4), np.float32))
    audit.record(actor=actor, action="dataset.note", subject="dataset:1", said=f"asked {NAME}")
    training = Training.objects.create(
        organization_id=actor.organization_id, version=first, name="t", family="encoder-head", report={"seen": [NAME]}
    )
    return {
        "run": run, "first": first, "second": second, "third": third, "published": published, "project": project,
        "diff": diff, "cache": cache, "training": training,
    }  # fmt: skip


def answer(actor: Actor, project: Project) -> None:
    held = lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    store_suggestions(
        actor=actor, project_id=project.pk, source="quick head 1", rows=[(held[0]["item_id"], {"label": ["a"]}, 0.9)]
    )
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": {"label": ["a"]},
        }
        for task in held[:6]
    ]
    rows[1] |= {"answer": None, "skipped": True, "reason": f"ask {NAME}"}
    save_answers(actor=actor, project_id=project.pk, answers=rows)
    saved = Annotation.objects.get(task_id=held[0]["id"])
    change_annotation(actor=actor, annotation_id=saved.pk, revision=1, answer={"label": ["b"]})
    save_draft(actor=actor, task_id=held[6]["id"], answer={"label": ["b"]})


def asked(actor: Actor, **sought: Any) -> Erasure:
    erasure = request_erasure(actor=actor, reference="case 17", **sought)
    well(erasure.job)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.REVIEW
    return erasure


def erased(actor: Actor, erasure: Erasure) -> dict[str, Any]:
    well(confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="case 17").job)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE
    return erasure.certificate


def test_a_person_is_gone_or_reported_everywhere(actor: Actor, tmp_path: Path) -> None:
    made = planted(actor)
    assert len(places_of(*PLANTED)) > 15
    first = made["first"]
    old_parts = [part_key(first, part["sha256"]) for part in first.manifest["parts"]]
    before = tmp_path / "before.parquet"
    with objects.local_path(old_parts[0]) as path:
        before.write_bytes(path.read_bytes())
    erasure = asked(actor, identifiers=[("customer", "4711")], texts=[NAME, MAIL, PHONE])
    assert sorted(erasure.hits.values_list("item_id", "how")) == [
        (1, "identifier"), (3, "identifier"), (5, "text"), (7, "identifier"), (900, "text")
    ]  # fmt: skip
    certificate = erased(actor, erasure)

    assert places_of(*PLANTED) == set()
    verify(certificate)
    held = {row["version"]: row for row in certificate["versions"]}
    assert set(held) == {made[name].pk for name in ("first", "second", "third", "published")}
    row = held[first.pk]
    assert (row["item_ids"], row["rows_before"], row["rows_after"]) == ([1, 3, 5, 7], 8, 4)
    first.refresh_from_db()
    assert (first.number, first.row_count, first.content_hash) == (1, 4, row["new_hash"])
    with open_version(first) as reader:
        assert reader.table()["item_id"].to_pylist() == [2, 4, 6, 8]
        assert rest_of_files(reader.paths, []) == row["rest_hash"] == rest_of_files([before], row["item_ids"])
    assert not any(objects.exists(key) for key in old_parts)
    upload = Upload.objects.get()
    assert (upload.object_key, upload.file_name) == ("", "[erased].csv")
    # What people had taken, and what was learned, can only be told.
    reported = certificate["reported"]
    assert [one["training"] for one in reported["trainings"]] == [made["training"].pk]
    assert reported["taken"]["count"] == 1
    assert reported["backups"]["older_than"] == certificate["finished_at"]
    assert AuditEntry.objects.get(action="dataset.note").data == {"said": "asked [erased]"}
    assert len(made["cache"]) == 4


def test_what_belongs_to_others_stays(actor: Actor) -> None:
    made = planted(actor)
    questions = Question.objects.count()
    assert questions
    erased(actor, asked(actor, identifiers=[("customer", "4711")], texts=[NAME]))
    run = Run.objects.get(pk=made["run"].pk)
    assert Question.objects.filter(run=run, code="near_duplicate").count() == 1
    assert set(Finding.objects.filter(run=run, code="near_duplicate").values_list("item_id", flat=True)) == {2, 4}
    with objects.open(run.mapping_key) as stream:
        opened = [pair for record in unseal(dataset_key(run), stream) for pair in json.loads(record)]
    assert [value for _label, _made, value in opened] == ["ann@corp.example"]
    project = Project.objects.get(pk=made["project"].pk)
    assert (project.task_count, sorted(project.tasks.values_list("item_id", flat=True))) == (4, [2, 4, 6, 8])
    progress = Progress.objects.get(project=project)
    kept = Annotation.objects.filter(project=project)
    assert (progress.answers, progress.skipped) == (kept.count(), kept.filter(skipped=True).count())
    assert progress.answers == 3
    tallies = {row.name: row.count for row in Tally.objects.filter(project=project, kind="label") if row.count}
    assert tallies == {"a": kept.exclude(skipped=True).count()}
    assert Draft.objects.count() == 0
    assert AnnotationRevision.objects.count() == 0


def test_what_a_person_keeps_is_left_alone(actor: Actor) -> None:
    made = planted(actor)
    erasure = asked(actor, texts=[NAME])
    page = list_hits(actor=actor, erasure_id=erasure.pk)
    shown = {row["item_id"]: row for row in page["results"]}
    cell = next(cell for cell in shown[5]["cells"] if cell["spans"])
    start, end = cell["spans"][0]
    assert cell["text"][start:end] == "Zenobia  Quartermaine"
    keep_hits(actor=actor, erasure_id=erasure.pk, hit_ids=[shown[1]["id"]], kept=True)
    certificate = erased(actor, erasure)
    with open_version(Version.objects.get(pk=made["first"].pk)) as reader:
        assert reader.table()["item_id"].to_pylist() == [1, 2, 3, 4, 6, 7, 8]
    assert certificate["kept_after_review"] == 1


def test_only_owners_may_and_they_type_the_reference(actor: Actor) -> None:
    import_(actor, ROWS)
    manager = factories.member(actor, "manager")
    with pytest.raises(NotAllowed):
        request_erasure(actor=manager, reference="case 17", texts=[NAME])
    with pytest.raises(DomainError, match="too short"):
        request_erasure(actor=actor, reference="case 17", texts=["1"])
    with pytest.raises(DomainError, match="number of the case"):
        request_erasure(actor=actor, reference=f"for {NAME}", texts=[NAME])
    erasure = asked(actor, texts=[NAME])
    with pytest.raises(DomainError, match="case 17"):
        confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="yes")
    withdraw_erasure(actor=actor, erasure_id=erasure.pk)
    assert ErasureHit.objects.count() == 0
    with pytest.raises(Conflict):
        confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="case 17")


def test_no_value_is_kept_while_people_review(actor: Actor) -> None:
    import_(actor, "customer,text\n1,hello there\n")
    asked(actor, texts=[NAME])
    assert places_of(*PLANTED) == set()


def test_a_run_that_read_the_old_version_cannot_bring_the_person_back(actor: Actor) -> None:
    made = planted(actor)
    stale = Version.objects.get(pk=made["first"].pk)
    erased(actor, asked(actor, identifiers=[("customer", "4711")], texts=[NAME, MAIL, PHONE]))
    with pytest.raises(Conflict, match="A person was erased"):
        history.version(actor, {"item_id": [1], "text": [NAME]}, parent=stale)
    with pytest.raises(Conflict, match="A person was erased"), open_version(stale) as reader:
        reader.table()
    assert places_of(*PLANTED) == set()


def test_what_comes_in_meanwhile_goes_back_to_review(actor: Actor) -> None:
    planted(actor)
    erasure = asked(actor, texts=[NAME])
    import_(actor, f"customer,text\n9,{NAME} again\n", "more.csv")
    assert well(confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="case 17").job)["new_items"] == 1
    erasure.refresh_from_db()
    assert (erasure.state, erasure.certificate) == (ErasureState.REVIEW, None)
    erased(actor, erasure)
    assert places_of(NAME) == set()


def test_an_erasure_waits_for_jobs_that_read(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted(actor)
    erasure = asked(actor, texts=[NAME])
    job = factories.job(actor)
    Job.objects.filter(pk=job.pk).update(kind="curation.run_plan", state="running", started_at=made["first"].created_at)
    monkeypatch.setattr("modeling.services.erasure_work.PATIENCE_SECONDS", 0.0)
    waiting = done(confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="case 17").job)
    assert (waiting.state, waiting.error["code"]) == ("failed", "readers_under_way")
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=made["first"].created_at)
    Job.objects.filter(pk=waiting.pk).update(state="queued", finished_at=None)
    well(waiting)
    assert places_of(NAME) == set()


def test_a_pseudonym_finds_the_person_and_the_value_finds_the_pseudonym(actor: Actor) -> None:
    made = planted(actor)
    run = Run.objects.get(pk=made["run"].pk)
    with objects.open(run.mapping_key) as stream:
        opened = [pair for record in unseal(dataset_key(run), stream) for pair in json.loads(record)]
    stand_in = next(stand for _label, stand, value in opened if value == MAIL)
    by_pseudonym = asked(actor, pseudonyms=[stand_in])
    by_value = asked(actor, texts=[MAIL])
    assert [list(one.hits.values_list("item_id", flat=True)) for one in (by_pseudonym, by_value)] == [[1], [1]]
    erased(actor, by_pseudonym)
    assert places_of(MAIL, stand_in) == set()


def test_a_picture_goes_unless_somebody_else_shows_it(actor: Actor) -> None:
    mine, shared = factories.picture(actor), factories.picture(actor)
    columns = {
        "item_id": [1, 2, 3],
        "text": ["me", "me too", "else"],
        "image": [mine.sha256, shared.sha256, shared.sha256],
    }
    version = history.version(actor, columns, image="image")
    history.version(actor, {"item_id": [7], "text": ["other"], "image": [shared.sha256]}, image="image")
    erasure = asked(actor, pictures=[mine.sha256, shared.sha256])
    assert sorted(erasure.hits.values_list("item_id", "how")) == [(n, "picture") for n in (1, 2, 3, 7)]
    hits = erasure.hits.filter(item_id__in=(3, 7)).values_list("pk", flat=True)
    keep_hits(actor=actor, erasure_id=erasure.pk, hit_ids=list(hits), kept=True)
    erased(actor, erasure)
    version.refresh_from_db()
    assert version.row_count == 1
    assert list(Picture.objects.values_list("sha256", flat=True)) == [shared.sha256]
    assert not any(objects.exists(key) for key in keys_of(actor.organization_id, mine.sha256))
    assert objects.exists(keys_of(actor.organization_id, shared.sha256)[0])


class Cut(Exception):
    """The worker dies here."""


def test_an_erasure_that_is_cut_off_anywhere_goes_on(actor: Actor) -> None:
    made = planted(actor)
    erasure = asked(actor, identifiers=[("customer", "4711")], texts=[NAME, MAIL, PHONE])
    job = confirm_erasure(actor=actor, erasure_id=erasure.pk, typed="case 17").job
    sought = sought_of(erasure, lambda: None)
    cuts = 0
    for limit in range(1, 40):
        left = iter(range(limit))

        def check(left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Cut

        try:
            carry_out(erasure, sought, check)
        except Cut:
            cuts += 1
    assert cuts > 3
    well(job)
    erasure.refresh_from_db()
    assert places_of(*PLANTED) == set()
    rows = [row for row in erasure.certificate["versions"] if row["version"] == made["first"].pk]
    assert [(row["rows_before"], row["rows_after"]) for row in rows] == [(8, 4)]


def test_a_restored_version_is_erased_again_from_the_ledger(actor: Actor, tmp_path: Path) -> None:
    made = planted(actor)
    first = made["first"]
    with open_version(first) as reader:
        table = reader.table()
    erasure = asked(actor, identifiers=[("customer", "4711")], texts=[NAME])
    erased(actor, erasure)
    ledger = ledger_path(actor.organization_id)
    text = ledger.read_text()
    assert not any(value in text for value in PLANTED)
    # A backup from before knows nothing of the erasure and holds the rows again.
    Erasure.objects.all().delete()
    restored = history.version(
        actor, {name: table[name].to_pylist() for name in table.schema.names}, dataset=first.dataset
    )
    (entry,) = read_entries(ledger)
    assert replay_erasure(entry=entry) == 1
    with open_version(Version.objects.get(pk=restored.pk)) as reader:
        assert reader.table()["item_id"].to_pylist() == [2, 4, 6, 8]
    assert replay_erasure(entry=entry) == 0
    assert len(read_entries(ledger)) == 1
    verify(Erasure.objects.get().certificate)
    assert organization_key(actor.organization_id)
