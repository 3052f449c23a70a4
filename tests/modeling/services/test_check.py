"""Checks of augmentation by jobs: of a trained model, and by trainings with and without; nothing is done twice."""

from typing import Any

import numpy as np
import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.models import Version
from modeling.models import Check, Model, Training
from modeling.services.check import forget_checked, run_check, start_check, train_with
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import running, taken
from workers.context import JobCancelled, JobContext
from workers.models import Job
from workers.services import job as jobs
from workers.services.job import cancel_job, retry_job
from workers.work_folder import work_root

pytestmark = pytest.mark.django_db(transaction=True)

POLICY = "version: 1\nsteps:\n- {use: keyboard, share: 1.0, letters: 5}\n- {use: swap_words, share: 0.05}\n"
RAIN = "version: 1\nsteps: [{use: rain}]"
COUNTED = {"family": "tfidf-linear", "seeds": 2}


@pytest.fixture
def counted(owner: Actor, version: Version) -> Training:
    """A training of the cheapest family that is done."""
    training = taken(lambda: start_training(actor=owner, version_id=version.pk, family="tfidf-linear"))
    with running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    training.refresh_from_db()
    return training


def asked(owner: Actor, kind: str, **more: Any) -> Check:
    return taken(lambda: start_check(actor=owner, kind=kind, **more))


def answered(owner: Actor, kind: str, **more: Any) -> Check:
    check = asked(owner, kind, **more)
    with running(check.job) as job:
        first = run_check(job=job, check_id=check.pk)
        assert run_check(job=job, check_id=check.pk) == first
    check.refresh_from_db()
    return check


def test_a_model_is_asked_how_its_figure_stands(owner: Actor, counted: Training) -> None:
    check = answered(owner, "robustness", training_id=counted.pk, policy=POLICY)
    report = check.report
    assert report["clean"] == counted.report["macro_f1"]
    assert [row["use"] for row in report["steps"]] == ["keyboard", "swap_words", "all"]
    assert report["steps"][0]["changed"] == report["rows"] == 48
    assert report["steps"][0]["difference"] < -0.1
    assert (check.family, check.task, check.name) == ("tfidf-linear", "text-classification", counted.name)


def test_a_model_is_asked_whether_it_keeps_its_answers(owner: Actor, counted: Training) -> None:
    check = answered(owner, "safety", training_id=counted.pk, policy=POLICY)
    garbled, swapped = check.report["steps"]
    assert (check.report["split"], check.report["rows"], garbled["changed"]) == ("validation", 24, 24)
    assert garbled["share"] < swapped["share"]
    first = garbled["disagreements"][0]
    assert set(first) == {"item_id", "expected", "found", "after"}
    # Each tenth item is a validation item.
    assert first["item_id"] % 10 == 1
    other = garbled["disagreements"][1:]
    items = {counted.version.dataset_id: np.array([first["item_id"]], np.int64)}
    assert forget_checked(organization_id=owner.organization_id, items=items) == 1
    assert forget_checked(organization_id=owner.organization_id, items=items) == 0
    check.refresh_from_db()
    assert check.report["steps"][0]["disagreements"] == other


def test_a_policy_and_its_steps_are_measured_by_trainings(owner: Actor, counted: Training) -> None:
    check = answered(owner, "ablation", training_id=counted.pk, policy=POLICY, seeds=2)
    assert [row["without"]["name"] for row in check.report["steps"]] == [
        "without step 1, keyboard",
        "without step 2, swap_words",
    ]
    assert (check.report["split"], check.report["rows"], len(check.report["plain"]["seeds"])) == ("validation", 24, 2)
    training = train_with(actor=owner, check_id=check.pk)
    assert (training.params["augment"]["steps"], training.family) == (check.policy["steps"], "tfidf-linear")


def test_a_search_proposes_what_can_be_trained_with(owner: Actor, version: Version) -> None:
    check = answered(
        owner, "proposal", version_id=version.pk, family="tfidf-linear", seeds=1, least_safe=0.5, uses=["letters"]
    )
    report = check.report
    assert [row["settings"]["share"] for row in report["screened"]] == [0.05, 0.1, 0.2]
    assert len(report["tried"]) >= sum(row["kept"] for row in report["screened"])
    if report["policy"] is None:
        with pytest.raises(DomainError, match="no policy to train with"):
            train_with(actor=owner, check_id=check.pk)
    else:
        assert train_with(actor=owner, check_id=check.pk).params["augment"] == report["policy"]


class CancelledAfterThree(JobContext):
    """An attempt that its owner cancels when three trainings are done."""

    owner: Actor

    def progress(self, done: int, total: int | None = None, stage: str = "", **more: Any) -> None:
        if done == 3:
            cancel_job(actor=self.owner, job_id=self.job_id)
            self._last_write = 0.0
        super().progress(done, total, stage, **more)


def test_a_check_that_was_cancelled_goes_on_with_the_trainings_that_are_missing(owner: Actor, version: Version) -> None:
    check = asked(owner, "ablation", version_id=version.pk, policy=POLICY, **COUNTED)
    CancelledAfterThree.owner = owner
    with CancelledAfterThree(Job.objects.get(pk=check.job_id)) as job, pytest.raises(JobCancelled):
        run_check(job=job, check_id=check.pk)
    assert jobs.confirm_cancel(job_id=job.job_id, attempt=job.attempt)
    kept = {path.name: path.stat().st_mtime_ns for path in work_root().glob(f"job-{job.job_id}-*/said-*/*.npz")}
    assert len(kept) == 3
    taken(lambda: retry_job(actor=owner, job_id=job.job_id))
    seconds: list[dict[str, int]] = []

    class Watched(JobContext):
        def progress(self, done: int, total: int | None = None, stage: str = "", **more: Any) -> None:
            here = work_root().glob(f"job-{self.job_id}-*/said-*/*.npz")
            seconds.append({path.name: path.stat().st_mtime_ns for path in here})
            super().progress(done, total, stage, **more)

    with Watched(Job.objects.get(pk=check.job_id)) as again:
        run_check(job=again, check_id=check.pk)
    # What was written in the first attempt was read, and not written again.
    assert {name: seconds[-1][name] for name in kept} == kept
    assert len(seconds[-1]) == 8
    check.refresh_from_db()
    assert len(check.report["steps"]) == 2
    assert not list(work_root().glob(f"job-{job.job_id}-*"))


@pytest.mark.parametrize(
    ("kind", "more", "code", "field"),
    [
        ("robustness", {"policy": POLICY}, "check_needs_training", "training"),
        ("luck", {}, "check_unknown", "kind"),
        ("ablation", {"policy": POLICY, "family": "auto"}, "check_needs_family", "family"),
        ("ablation", {"policy": POLICY, "family": "forest"}, "family_unknown", None),
        ("ablation", {"family": "tfidf-linear"}, "bad_augmentation", "policy"),
        ("ablation", {"family": "tfidf-linear", "policy": "steps: ["}, "bad_augmentation", "policy"),
        ("ablation", {"family": "tfidf-linear", "policy": RAIN}, "bad_augmentation", "policy"),
        ("ablation", {**COUNTED, "policy": POLICY, "params": {"epochs": 3}}, "param_unknown", None),
        ("ablation", {**COUNTED, "policy": POLICY, "seeds": 0}, "check_out_of_range", "seeds"),
        ("ablation", {**COUNTED, "policy": POLICY, "split": "train"}, "check_out_of_range", "split"),
        ("proposal", {**COUNTED, "least_safe": 90.0}, "check_out_of_range", "least_safe"),
        ("proposal", {**COUNTED, "uses": ["rain"]}, "check_out_of_range", "uses"),
    ],
)  # fmt: skip
def test_wrong_checks_are_refused(
    owner: Actor, version: Version, kind: str, more: dict[str, Any], code: str, field: str | None
) -> None:
    with pytest.raises(DomainError) as refusal:
        start_check(actor=owner, kind=kind, version_id=version.pk, **more)
    assert (refusal.value.code, refusal.value.extra.get("field")) == (code, field)
    assert not Check.objects.exists()


def test_only_trainings_that_are_done_and_ones_own_are_asked(owner: Actor, stranger: Actor, model: Model) -> None:
    with pytest.raises(NotFound):
        start_check(actor=stranger, kind="safety", training_id=model.training_id, policy="typing")
    going = start_training(actor=owner, version_id=model.training.version_id, family="tfidf-linear")
    with pytest.raises(DomainError) as refusal:
        start_check(actor=owner, kind="safety", training_id=going.pk, policy="typing")
    assert refusal.value.code == "training_not_done"
    taught = {"augment": {"version": 1, "steps": [{"use": "keyboard", "chance": 1.0}]}}
    Training.objects.filter(pk=model.training_id).update(params=taught)
    with pytest.raises(DomainError, match="was trained with augmentation") as refusal:
        start_check(actor=owner, kind="safety", training_id=model.training_id, policy="typing")
    assert refusal.value.extra["field"] == "training"
    check = start_check(actor=owner, kind="robustness", training_id=model.training_id, policy="typing")
    assert [step["use"] for step in check.policy["steps"]][:2] == ["keyboard", "letters"]
