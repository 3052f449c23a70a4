"""Policies of augmentation in trainings: chosen, refused with the mend, kept, and part of the fingerprint."""

from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import DomainError
from curation.engine.augment.policy import read_policy
from curation.models import Version
from modeling.engine.augmentation.ready import READY, ready_policy
from modeling.families import AUTO, FAMILIES, augments_of
from modeling.models import Training
from modeling.services.augmenting import check_augmentation
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import running, taken

KEYS = "version: 1\ncopies: 2\nsteps:\n- use: keyboard\n  share: 0.3\n"


@pytest.mark.django_db(transaction=True)
def test_a_training_learns_from_copies_and_its_report_names_the_policy(owner: Actor, version: Version) -> None:
    made = []
    for params in ({}, {"augment": KEYS}):
        training = taken(
            lambda params=params: start_training(
                actor=owner, version_id=version.pk, family="tfidf-linear", params=params
            )
        )
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        training.refresh_from_db()
        made.append(training)
    plain, changed = made
    assert changed.params["augment"] == read_policy(KEYS).to_json()
    told = changed.report["augmentation"]
    assert told["steps"] == "keyboard (share 0.3)"
    assert told["fingerprint"] == read_policy(KEYS).fingerprint()
    assert 200 < told["copies"] <= 336
    assert "augmentation" not in plain.report
    assert plain.fingerprint != changed.fingerprint


@pytest.mark.parametrize(
    ("given", "family", "task", "sentence", "where"),
    [
        (
            "version: 1\nsteps:\n- use: keybord\n",
            "auto",
            "ner",
            "Line 3: Step 1 uses 'keybord', which there is not.",
            (3, 1),
        ),
        ({"version": 1, "steps": [{"use": "x"}]}, "auto", "ner", "Step 1 uses 'x', which there is not.", (None, 1)),
        ("version: 1\nsteps:\n- use: mirror\n", "tagger", "ner", "This policy changes pictures", (None, None)),
        (KEYS, "detector", "detection", "This policy changes texts", (None, None)),
        ("ready", "table-trees", "table", "Nothing of this task can be augmented", (None, None)),
        (
            "version: 1\nsteps:\n- use: mixup\n",
            "picture-head",
            "image-classification",
            "learns from copies",
            (None, None),
        ),
        ("version: 1\nsteps:\n- use: mixup\n", "auto", "image-classification", "picture-fine-tune", (None, None)),
        ("version: 1\nsteps:\n- use: mixup\n", "detector", "detection", "mixup, is for labels", (None, None)),
        (7, "auto", "ner", "A policy is YAML", (None, None)),
        ("[", "auto", "ner", "This is no YAML", (None, None)),
    ],
)
def test_what_does_not_fit_is_refused_with_the_mend(
    given: Any, family: str, task: str, sentence: str, where: tuple[int | None, int | None]
) -> None:
    with pytest.raises(DomainError) as refusal:
        check_augmentation(given=given, family=family, task=task)
    assert refusal.value.code == "bad_augmentation"
    assert sentence in refusal.value.detail
    assert refusal.value.extra["field"] == "augment"
    assert (refusal.value.extra.get("line"), refusal.value.extra.get("step")) == where


@pytest.mark.parametrize("task", READY)
def test_ready_policies_suit_every_family_that_takes_one(task: str) -> None:
    families = [name for name, family in FAMILIES.items() if task in family.tasks and augments_of(name, task)]
    assert AUTO in families
    policy = ready_policy(task)
    assert policy is not None
    for family in families:
        assert check_augmentation(given="ready", family=family, task=task) == policy.to_json()


@pytest.mark.django_db
def test_a_training_with_a_policy_that_does_not_fit_is_not_started(owner: Actor, version: Version) -> None:
    with pytest.raises(DomainError):
        start_training(
            actor=owner, version_id=version.pk, family="tfidf-linear", params={"augment": "version: 1\nsteps: []\n"}
        )
    assert not Training.objects.exists()


def test_families_say_of_augmentation_what_the_engine_does() -> None:
    from modeling.engine.training import FAMILIES as ENGINE_FAMILIES

    assert {name: family.augments for name, family in FAMILIES.items() if name != AUTO} == {
        name: family.augments for name, family in ENGINE_FAMILIES.items()
    }
