"""The demo: real files taken through the whole chain by the same services that people use.

Every stage first looks for what an earlier call left, so a demo that was cut off goes on where it was. The answers of
the two demo annotators are the labels that the files came with; nothing is made up, and no error is put in.
"""

import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any

from django.core.files import File

from accounts.actor import Actor
from accounts.models import Membership
from accounts.services.actor import actor_of_session
from accounts.services.member import add_member
from curation.demo import SETS as FILES
from curation.demo import DemoSet
from curation.models import Dataset, Run, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.run import start_run
from curation.services.upload import receive_upload, start_import
from curation.services.version import open_version
from labeling.models import Project, Suggestion
from labeling.services.answer import save_answers
from labeling.services.project import create_project, project_figures, schema_for_labels, start_publish
from labeling.services.queue import lease_tasks
from modeling.models import Bundle, BundleState, Deployment, DeploymentState, Model, Training
from modeling.services.bundle import DEFAULT_LIMIT_POINTS, start_export
from modeling.services.deployment import deploy
from modeling.services.suggestion import start_suggest
from modeling.services.training import start_training
from workers.models import Job

LOOK_SECONDS = 0.5
TASKS_AT_ONCE = 10
Say = Callable[[str], None]


class DemoFailed(Exception):
    """A stage ended without its result; says which, and why."""


@dataclass(frozen=True, slots=True)
class DemoChain:
    """One file and what is made of it.

    Attributes:
        name: Name of the dataset and of all that follows from it.
        data: The file, its licence and source.
        labels: Each label with its title on the labeling page.
        guidelines: What annotators read.
        people: The demo annotators' addresses and names.
        alone: Answers given before there are suggestions.
        assisted: Answers given after that, with suggestions shown.
        limit_points: Points of macro-F1 that the bundle may lose.
        seed: Of split and training.
    """

    name: str
    data: DemoSet
    labels: dict[str, str]
    guidelines: str
    people: tuple[tuple[str, str], ...]
    alone: int = 60
    assisted: int = 60
    limit_points: float = DEFAULT_LIMIT_POINTS
    seed: int = 20


SMS = DemoChain(
    name="SMS spam",
    data=FILES["sms_spam"],
    labels={"ham": "Ham", "spam": "Spam"},
    guidelines="**Spam** is advertising, prizes, ringtones: sent to many. **Ham** is a message between people.",
    people=(("mei@demo.example", "Mei (demo)"), ("tom@demo.example", "Tom (demo)")),
)
REVIEWS = DemoChain(
    name="中文评论",
    data=FILES["reviews_zh"],
    labels={"正面": "正面", "负面": "负面"},
    guidelines="顾客整体满意选**正面**，整体不满意选**负面**。看整条评论，不看单个词。",
    people=(("lin@demo.example", "林（演示）"), ("wang@demo.example", "王（演示）")),
)
SETS = (SMS, REVIEWS)
PICTURES = DemoChain(
    name="Sign digits",
    data=FILES["sign_digits"],
    labels={str(digit): str(digit) for digit in range(10)},
    guidelines="Choose the digit that the hand shows; **skip** a picture in which no hand can be seen.",
    people=(),
)


def load_demo(*, actor: Actor, sets: tuple[DemoChain, ...] = SETS, say: Say) -> list[Deployment]:
    """Take each set from its file to a deployment, and return the deployments.

    Called again, it goes on where it was, and changes nothing once all is done.

    Raises:
        DemoFailed: a job failed, or the accuracy gate refused a bundle.
    """
    return [load_set(actor=actor, demo=demo, say=say) for demo in sets]


def load_pictures(*, actor: Actor, say: Say) -> Project:
    """Import the pictures, curate them, and make a project to label them; called again, it changes nothing."""
    demo = PICTURES
    imported = _imported(actor, demo, _dataset(actor, demo))
    curated = _curated(actor, demo, imported)
    project = _project(actor, demo, curated)
    say(
        f"{demo.name}: v{curated.number}, {curated.row_count} pictures curated, to be labeled at projects/{project.pk}/"
    )
    return project


def load_set(*, actor: Actor, demo: DemoChain, say: Say) -> Deployment:
    """Take one set from its file to a deployment."""
    dataset = _dataset(actor, demo)
    imported = _imported(actor, demo, dataset)
    say(f"{demo.name}: v{imported.number}, {imported.row_count} rows as they came")
    curated = _curated(actor, demo, imported)
    say(f"{demo.name}: v{curated.number}, {curated.row_count} rows curated")
    project = _project(actor, demo, curated)
    _label(actor, demo, project, say)
    published = _published(actor, demo, project)
    say(f"{demo.name}: v{published.number}, {published.row_count} rows published")
    model = _model(actor, demo, published)
    say(f"{demo.name}: model with macro-F1 {model.metrics['macro_f1']:.3f} on the test split")
    bundle = _bundle(actor, demo, model)
    say(f"{demo.name}: bundle of {bundle.byte_count / 1e6:.1f} MB accepted")
    deployment = _deployment(actor, demo, bundle)
    say(f"{demo.name}: predictions at deployments/{deployment.slug}/predict/")
    return deployment


def _wait(job: Job | None, doing: str) -> Job:
    """Return the job once it has succeeded; the state of its row is the condition, looked at twice a second."""
    if job is None:
        raise DemoFailed(f"{doing}: its job is gone")
    clock = Event()
    while job.is_open:
        clock.wait(LOOK_SECONDS)
        job.refresh_from_db()
    if job.state != "succeeded":
        detail = (job.error or {}).get("detail", job.state)
        raise DemoFailed(f"{doing}, job {job.pk}: {detail}")
    return job


def _dataset(actor: Actor, demo: DemoChain) -> Dataset:
    found = Dataset.objects.visible_to(actor).filter(name=demo.name, deleted_at=None).first()
    return found or create_dataset(actor=actor, name=demo.name, description=f"{demo.data.source} ({demo.data.licence})")


def _imported(actor: Actor, demo: DemoChain, dataset: Dataset) -> Version:
    done = dataset.versions.filter(kind="import").order_by("number")
    if not done.exists():
        upload = Upload.objects.filter(dataset=dataset).order_by("-pk").first()
        if upload is None:
            with demo.data.path.open("rb") as stream:
                upload = receive_upload(
                    actor=actor,
                    dataset_id=dataset.pk,
                    file=File(stream, name=demo.data.file_name),
                    licence=demo.data.licence,
                    source=demo.data.source,
                )
        job = upload.job if upload.job and upload.job.is_open else None
        _wait(job or start_import(actor=actor, upload_id=upload.pk, options={}), f"importing {demo.name}")
    return done.get()  # type: ignore[no-any-return]


def _curated(actor: Actor, demo: DemoChain, imported: Version) -> Version:
    done = imported.children.filter(kind="plan").order_by("number")
    if not done.exists():
        run = Run.objects.filter(input=imported, job__finished_at=None).select_related("job").first()
        job = run.job if run else start_run(actor=actor, version_id=imported.pk)[1]
        _wait(job, f"curating {demo.name}")
    return done[0]


def _project(actor: Actor, demo: DemoChain, version: Version) -> Project:
    project = Project.objects.visible_to(actor).filter(name=demo.name).first()
    if project is None:
        roles = version.manifest["roles"]
        shown = {"text_field": roles.get("text", ""), "image_field": roles.get("image", "")}
        schema = schema_for_labels(labels=list(demo.labels), **shown)
        for label in schema["controls"][0]["labels"]:
            label["title"] = demo.labels[label["value"]]
        # Suggestions are asked for by the demo itself, once, so that it knows when they are there.
        options: dict[str, Any] = {"guidelines": demo.guidelines, "suggest_every": 0}
        project, _job = create_project(actor=actor, version_id=version.pk, name=demo.name, schema=schema, **options)
    job = Job.objects.filter(kind="labeling.create_tasks", subject=f"project:{project.pk}").order_by("-pk").first()
    if job is not None:
        _wait(job, f"making the tasks of {demo.name}")
        project.refresh_from_db()
    return project  # type: ignore[no-any-return]


def _label(actor: Actor, demo: DemoChain, project: Project, say: Say) -> None:
    """Answer a first batch alone, fit suggestions on it, and answer a second batch with them."""
    people = [_annotator(actor, email, name) for email, name in demo.people]
    gold = _gold(project.version)
    _answer(project, people, gold, demo.alone)
    if not Suggestion.objects.filter(project=project).exists():
        _wait(start_suggest(actor=actor, project_id=project.pk), f"suggesting labels for {demo.name}")
    _answer(project, people, gold, demo.alone + demo.assisted)
    figures = project_figures(project=project)
    for row in figures["suggestions"]:
        say(f"{demo.name}: {row['accepted']} of {row['shown']} suggestions of {row['model']} accepted")


def _annotator(actor: Actor, email: str, name: str) -> Actor:
    """Return a demo annotator, made now when missing. Nobody knows the password; a manager can set one."""
    member = Membership.objects.filter(organization_id=actor.organization_id, user__email=email).first()
    if member is None:
        password = secrets.token_urlsafe(24)
        member = add_member(actor=actor, email=email, role="annotator", name=name, password=password)
    found = actor_of_session(user_id=member.user_id, organization_id=actor.organization_id)
    assert found is not None
    return found


def _gold(version: Version) -> dict[int, str | None]:
    """Return the label that the file gave each item."""
    label = version.manifest["roles"]["label"]
    gold: dict[int, str | None] = {}
    with open_version(version) as reader:
        for batch in reader.batches(columns=["item_id", label]):
            gold.update(zip(batch.column("item_id").to_pylist(), batch.column(label).to_pylist(), strict=True))
    return gold


def _answer(project: Project, people: list[Actor], gold: dict[int, str | None], until: int) -> None:
    """Let the annotators lease and answer in turn until the project has this many answers."""
    for person in _turns(people):
        done = project_figures(project=project)["answers"]
        if done >= until:
            return
        count = min(TASKS_AT_ONCE, until - done)
        leased = lease_tasks(actor=person, project_id=project.pk, count=count, holding=[])
        if not leased["tasks"]:
            return
        answers = [_answer_to(task, gold[task["item_id"]]) for task in leased["tasks"]]
        save_answers(actor=person, project_id=project.pk, answers=answers)


def _turns(people: list[Actor]) -> Iterator[Actor]:
    while True:
        yield from people


def _answer_to(task: dict[str, Any], label: str | None) -> dict[str, Any]:
    """Return the answer that the file gives; a task whose equal texts had different labels is skipped."""
    return {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": None if label is None else {"label": [label]},
        "skipped": label is None,
        "reason": "" if label else "The file gives equal texts different labels.",
        "suggestion": task["suggestion"] and task["suggestion"]["id"],
    }


def _published(actor: Actor, demo: DemoChain, project: Project) -> Version:
    """Publish; items that nobody answered keep the file's label, and an empty `label_annotators` says so."""
    done = project.version.children.filter(kind="publish").order_by("number")
    if not done.exists():
        kind, subject = "labeling.publish", f"project:{project.pk}"
        job = Job.objects.filter(kind=kind, subject=subject, finished_at=None).first()
        options = {"keep_labels": True, "split": True, "seed": demo.seed}
        _wait(job or start_publish(actor=actor, project_id=project.pk, options=options), f"publishing {demo.name}")
    return done[0]


def _model(actor: Actor, demo: DemoChain, version: Version) -> Model:
    done = Model.objects.filter(training__version=version).order_by("pk")
    if not done.exists():
        training = Training.objects.filter(version=version, job__finished_at=None).select_related("job").first()
        if training is None:
            training = start_training(actor=actor, version_id=version.pk, family="encoder-head", seed=demo.seed)
        _wait(training.job, f"training on {demo.name}")
    return done[0]


def _bundle(actor: Actor, demo: DemoChain, model: Model) -> Bundle:
    done = Bundle.objects.filter(model=model, state=BundleState.ACCEPTED).order_by("pk")
    if not done.exists():
        bundle = Bundle.objects.filter(model=model, job__finished_at=None).select_related("job").first()
        bundle = bundle or start_export(actor=actor, model_id=model.pk, limit_points=demo.limit_points)
        _wait(bundle.job, f"exporting {demo.name}")
        bundle.refresh_from_db()
        if bundle.state != BundleState.ACCEPTED:
            raise DemoFailed(f"the accuracy gate refused bundle {bundle.pk} of {demo.name}: {bundle.gate}")
    return done[0]


def _deployment(actor: Actor, demo: DemoChain, bundle: Bundle) -> Deployment:
    live = Deployment.objects.visible_to(actor).filter(name=demo.name, state=DeploymentState.ACTIVE).first()
    return live or deploy(actor=actor, bundle_id=bundle.pk, name=demo.name)
