"""Rows for tests, made the way the product makes them where that is one call, and otherwise plainly."""

import io
import itertools
import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from PIL import Image

from accounts.actor import Actor
from accounts.models import AuditEntry, Membership, Token, User
from accounts.roles import ROLES
from accounts.services.actor import actor_of_session
from accounts.services.organization import create_organization
from accounts.services.token import create_token
from core import objects
from curation.engine.manifest import VersionManifest
from curation.engine.pictures.taking import take
from curation.models import Dataset, Diff, Finding, Picture, Plan, Run, Selection, Source, Upload, Version
from curation.services.media import store_pictures
from labeling.models import (
    Annotation,
    Assignment,
    Bulk,
    Comment,
    Export,
    Gold,
    LabelingRule,
    Project,
    Suggestion,
    SuspectLabel,
    Task,
)
from labeling.services.answer import save_answers
from labeling.services.assignment import Order as GivingOrder
from labeling.services.assignment import give_tasks
from labeling.services.bulk import Order, start_bulk
from labeling.services.comment import save_comments
from labeling.services.gold import mark_gold
from labeling.services.project import schema_for_labels
from labeling.services.queue import lease_tasks
from modeling.models import (
    Bundle,
    BundleState,
    Check,
    Compression,
    Deployment,
    Erasure,
    Explanation,
    Model,
    Search,
    Training,
)
from workers.models import Job

_numbers = itertools.count(1)
EMPTY_STATS = {"nulls": {}, "labels": [], "text_length": {"edges": [0], "counts": [0]}}
PASSWORD = "correct horse battery"


def user(**fields: Any) -> User:
    fields.setdefault("email", f"person{next(_numbers)}@example.com")
    made = User(**fields)
    # Hashing with Argon2 takes 50 ms; only tests of signing in need a password.
    made.set_unusable_password()
    made.save()
    return made


def owner(name: str = "Ann's") -> Actor:
    return create_organization(name=name, owner=user())[1]


def member(actor: Actor, role: str) -> Actor:
    person = user()
    Membership.objects.create(organization_id=actor.organization_id, user=person, role=role)
    return Actor(person.pk, actor.organization_id, role, ROLES[role])


def secret(actor: Actor) -> str:
    """Return the secret of a token with every scope that this actor's role has."""
    return create_token(actor=actor, name="test", scopes=sorted(actor.scopes))[1]


def again(actor: Actor) -> Actor:
    found = actor_of_session(user_id=actor.user_id, organization_id=actor.organization_id)
    assert found is not None
    return found


def dataset(actor: Actor) -> Dataset:
    return Dataset.objects.create(organization_id=actor.organization_id, name=f"dataset {next(_numbers)}")


def version(actor: Actor) -> Version:
    return Version.objects.create(
        organization_id=actor.organization_id,
        dataset=dataset(actor),
        number=1,
        kind="import",
        content_hash="0" * 64,
        row_count=0,
        byte_count=0,
        manifest=VersionManifest((), (("item_id", "int64"),), {}, "0" * 64, 0, EMPTY_STATS).to_json(),
    )


def diff(actor: Actor) -> Diff:
    older = version(actor)
    newer = Version.objects.create(
        organization_id=actor.organization_id,
        dataset=older.dataset,
        number=2,
        kind="import",
        content_hash="0" * 64,
        row_count=0,
        byte_count=0,
        manifest=older.manifest,
    )
    return Diff.objects.create(organization_id=actor.organization_id, older=older, newer=newer)


def upload(actor: Actor) -> Upload:
    return Upload.objects.create(
        organization_id=actor.organization_id,
        dataset=dataset(actor),
        file_name="a.csv",
        object_key=objects.put_bytes(b"text,label\ngood,a\n", objects.key("uploads", actor.organization_id, "a.csv")),
        byte_count=18,
        profile={"readable": False, "error": {"code": "none", "detail": "", "line": None}},
    )


def picture(actor: Actor) -> Picture:
    sink = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 100, next(_numbers) % 256)).save(sink, "PNG")
    taken = take(sink.getvalue(), "a.png")
    store_pictures(organization_id=actor.organization_id, pictures=[taken])
    return Picture.objects.get(organization_id=actor.organization_id, sha256=taken.sha256)


def source(actor: Actor) -> Source:
    return Source.objects.create(
        organization_id=actor.organization_id,
        dataset=dataset(actor),
        name="bucket",
        endpoint="https://s3.example.com",
        bucket="reviews",
    )


def plan(actor: Actor) -> Plan:
    return Plan.objects.create(
        organization_id=actor.organization_id, name=f"plan {next(_numbers)}", steps={"steps": []}
    )


def run(actor: Actor) -> Run:
    return Run.objects.create(
        organization_id=actor.organization_id, steps={"steps": []}, fingerprint="0" * 64, input=version(actor)
    )


def selection(actor: Actor) -> Selection:
    return Selection.objects.create(
        organization_id=actor.organization_id, version=version(actor), items="1-3", count=3, created_by_id=actor.user_id
    )


def finding(actor: Actor) -> Finding:
    return Finding.objects.create(
        organization_id=actor.organization_id, run=run(actor), step="conflicting_labels", code="conflict", item_id=1
    )


def job(actor: Actor) -> Job:
    return Job.objects.create(
        organization_id=actor.organization_id, created_by_id=actor.user_id, kind="workers.check", title="check"
    )


def project(actor: Actor, labels: tuple[str, ...] = ("ham", "spam"), **fields: Any) -> Project:
    schema = schema_for_labels(labels=list(labels), text_field="text")
    fields = {"version": version(actor), "name": f"project {next(_numbers)}", "schema": schema, **fields}
    return Project.objects.create(organization_id=actor.organization_id, **fields)


def task(actor: Actor) -> Task:
    return tasks(project(actor), 1)[0]


def tasks(project: Project, count: int) -> list[Task]:
    rows = [
        Task(
            project=project, item_id=n, data={"text": f"text {n}"}, overlap=project.overlap, open_slots=project.overlap
        )
        for n in range(1, count + 1)
    ]
    project.task_count += count
    project.save()
    return Task.objects.bulk_create(rows)


def annotation(actor: Actor) -> Annotation:
    work = project(actor)
    tasks(work, 1)
    held = lease_tasks(actor=actor, project_id=work.pk, count=1, holding=[])["tasks"][0]
    answer = {"client_key": str(uuid.uuid4()), "task": held["id"], "answer": {"label": ["spam"]}}
    saved = save_answers(actor=actor, project_id=work.pk, answers=[answer])
    return Annotation.objects.get(pk=saved["results"][0]["annotation"])


def bulk(actor: Actor) -> Bulk:
    work = project(actor)
    tasks(work, 2)
    return start_bulk(actor=actor, project_id=work.pk, order=Order({"label": ["spam"]}, [1, 2]))


def assignment(actor: Actor) -> Assignment:
    work = project(actor)
    tasks(work, 2)
    return give_tasks(actor=actor, project_id=work.pk, order=GivingOrder([actor.user_id], items=[1, 2]))


def gold(actor: Actor) -> Gold:
    work = project(actor)
    tasks(work, 2)
    return mark_gold(actor=actor, project_id=work.pk, item=1, answer={"label": ["spam"]})


def comment(actor: Actor, on: Task | None = None, body: str = "Look again.", **more: Any) -> Comment:
    on = on or task(actor)
    row = {"client_key": str(uuid.uuid4()), "task": on.pk, "body": body, **more}
    saved = save_comments(actor=actor, project_id=on.project_id, comments=[row])["results"][0]
    return Comment.objects.get(pk=saved["comment"])


def suspect(actor: Actor, on: Annotation | None = None, **fields: Any) -> SuspectLabel:
    on = on or annotation(actor)
    fields = {"given": ["spam"], "suggested": ["ham"], "score": 0.01, "revision": on.revision, **fields}
    return SuspectLabel.objects.create(project_id=on.project_id, task_id=on.task_id, annotation_number=on.pk, **fields)


def rule(actor: Actor, on: Project | None = None, **fields: Any) -> LabelingRule:
    params = {"terms": ["free"], "every": False}
    fields = {"name": f"rule {next(_numbers)}", "label": "spam", "kind": "keyword", "params": params, **fields}
    return LabelingRule.objects.create(project=on or project(actor), **fields)


def export(actor: Actor) -> Export:
    return Export.objects.create(project=project(actor), file_format="coco", finished_at=timezone.now(), item_count=1)


def suggestion(actor: Actor) -> Suggestion:
    on = task(actor)
    more = {"source": "m1", "answer": {"label": ["spam"]}, "created_at": timezone.now()}
    return Suggestion.objects.create(project_id=on.project_id, task=on, **more)


def token(actor: Actor) -> Token:
    return create_token(actor=actor, name="test", scopes=sorted(actor.scopes)[:1])[0]


def membership(actor: Actor) -> Membership:
    return Membership.objects.get(organization_id=actor.organization_id, user_id=member(actor, "annotator").user_id)


def audit_entry(actor: Actor) -> AuditEntry:
    return AuditEntry.objects.filter(organization_id=actor.organization_id).first()


def training(actor: Actor) -> Training:
    made = {"version": version(actor), "name": f"training {next(_numbers)}", "family": "encoder-head"}
    return Training.objects.create(organization_id=actor.organization_id, job=job(actor), **made)


def model(actor: Actor) -> Model:
    return Model.objects.create(
        organization_id=actor.organization_id,
        training=training(actor),
        object_key="none",
        sha256="0" * 64,
        byte_count=1,
        fingerprint="0" * 64,
        labels=["ham", "spam"],
        metrics={"macro_f1": 0.5, "accuracy": 0.5},
    )


def bundle(actor: Actor) -> Bundle:
    made = {"state": BundleState.ACCEPTED, "object_key": "none", "sha256": "0" * 64, "byte_count": 1}
    return Bundle.objects.create(organization_id=actor.organization_id, model=model(actor), **made)


def compression(actor: Actor) -> Compression:
    return Compression.objects.create(organization_id=actor.organization_id, model=model(actor), job=job(actor))


def deployment(actor: Actor) -> Deployment:
    name = f"deployment-{next(_numbers)}"
    return Deployment.objects.create(organization_id=actor.organization_id, name=name, slug=name, bundle=bundle(actor))


def search(actor: Actor) -> Search:
    made = {"version": version(actor), "name": f"search {next(_numbers)}", "family": "encoder-head", "trials": 3}
    goal = {"task": "text-classification", "answer": "label"}
    return Search.objects.create(organization_id=actor.organization_id, job=job(actor), **made, **goal)


def check(actor: Actor) -> Check:
    goal = {"task": "text-classification", "answer": "label", "family": "encoder-head"}
    made = {"version": version(actor), "kind": "robustness", "name": f"check {next(_numbers)}"}
    return Check.objects.create(organization_id=actor.organization_id, job=job(actor), **made, **goal)


def erasure(actor: Actor) -> Erasure:
    return Erasure.objects.create(organization_id=actor.organization_id, reference=f"case {next(_numbers)}")


def explanation(actor: Actor) -> Explanation:
    made = {"training": training(actor), "text": "free prize", "key": f"{next(_numbers):064d}"}
    return Explanation.objects.create(organization_id=actor.organization_id, job=job(actor), **made)


# One row for each model that a route can name. The generated route tests fail on a model that is missing here.
FACTORIES: dict[type[models.Model], Any] = {
    Annotation: annotation,
    Assignment: assignment,
    AuditEntry: audit_entry,
    Bulk: bulk,
    Bundle: bundle,
    Compression: compression,
    Check: check,
    Comment: comment,
    Dataset: dataset,
    Deployment: deployment,
    Diff: diff,
    Erasure: erasure,
    Explanation: explanation,
    Finding: finding,
    Gold: gold,
    Job: job,
    Export: export,
    LabelingRule: rule,
    Membership: membership,
    Model: model,
    Picture: picture,
    Plan: plan,
    Project: project,
    Run: run,
    Search: search,
    Source: source,
    Selection: selection,
    SuspectLabel: suspect,
    Suggestion: suggestion,
    Task: task,
    Token: token,
    Training: training,
    Upload: upload,
    Version: version,
}
