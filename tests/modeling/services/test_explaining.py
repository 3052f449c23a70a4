"""Explanations by jobs: of typed texts and of items, found again, refused with the mend, and gone with the item."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User
from core.errors import Conflict, DomainError, NotFound
from curation.engine.erasure.finding import Sought
from modeling.models import Explanation, Model, Training
from modeling.services.explaining import (
    find_explanation,
    forget_explanations,
    run_explanation,
    start_explanation,
)
from tests.modeling.conftest import messages, running, taken
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
SPAM = "WINNER!! Claim your free prize now, call 09061701461"


def explained(actor: Actor, model: Model, **asked: Any) -> Explanation:
    """Ask, do the job as a worker does, and return the row."""
    row = taken(lambda: start_explanation(actor=actor, training_id=model.training_id, **asked))
    with running(row.job) as job:
        assert run_explanation(job=job, explanation_id=row.pk) == {"explanation": row.pk}
    row.refresh_from_db()
    return row


def test_a_typed_text_is_explained_once_and_found_again(owner: Actor, model: Model) -> None:
    row = explained(owner, model, text=SPAM, label="ham")
    found = row.result
    assert found["prediction"]["answer"] == "spam"
    assert found["probabilities"]["spam"] > 0.5 > found["probabilities"]["ham"]
    assert [part["label"] for part in found["parts"]] == ["spam", "ham"]
    spam, ham = found["parts"]
    assert [SPAM[start:end] for start, end, _weight in spam["weights"]] == [
        "WINNER", "Claim", "your", "free", "prize", "now", "call", "09061701461",
    ]  # fmt: skip
    total = sum(weight for _start, _end, weight in spam["weights"])
    assert spam["base"] + total == pytest.approx(spam["whole"], abs=0.001)
    # Of two labels what speaks for one speaks against the other.
    assert [weight for *_place, weight in ham["weights"]] == pytest.approx(
        [-weight for *_place, weight in spam["weights"]], abs=0.001
    )
    again = start_explanation(actor=owner, training_id=model.training_id, text=SPAM, label="ham")
    assert (again.pk, again.job_id, again.result) == (row.pk, row.job_id, found)
    job = Job.objects.get(pk=row.job_id)
    assert SPAM not in f"{job.title} {job.params} {job.result} {job.subject}"
    with running(job) as second:
        run_explanation(job=second, explanation_id=row.pk)


def test_an_item_is_explained_with_its_answer_and_goes_with_it(owner: Actor, model: Model) -> None:
    row = explained(owner, model, item_id=3)
    label = messages(240)[2][1]
    assert label in [part["label"] for part in row.result["parts"]]
    assert messages(240)[2][0] not in str(row.result)
    typed = Explanation.objects.create(
        organization_id=owner.organization_id, training=model.training, text="Call Bo Li now", key="1" * 64
    )
    other = Explanation.objects.create(
        organization_id=owner.organization_id, training=model.training, text="Call me now", key="2" * 64
    )
    dataset = model.training.version.dataset_id
    matcher = Sought(texts=("Bo Li",)).matcher()
    gone = forget_explanations(
        organization_id=owner.organization_id, items={dataset: np.array([3, 4])}, matcher=matcher
    )
    assert gone == 2
    assert list(Explanation.objects.values_list("pk", flat=True)) == [other.pk]
    assert typed.pk != other.pk


def test_a_row_that_was_erased_meanwhile_does_not_come_back(owner: Actor, model: Model) -> None:
    row = taken(lambda: start_explanation(actor=owner, training_id=model.training_id, item_id=5))
    Explanation.objects.all().delete()
    with running(row.job) as job:
        assert run_explanation(job=job, explanation_id=row.pk) == {"explanation": row.pk}
    assert not Explanation.objects.exists()


def test_what_failed_is_sent_again(owner: Actor, model: Model) -> None:
    row = start_explanation(actor=owner, training_id=model.training_id, text=SPAM)
    same = start_explanation(actor=owner, training_id=model.training_id, text=SPAM)
    assert (same.pk, same.job_id) == (row.pk, row.job_id)
    from django.utils import timezone

    Job.objects.filter(pk=row.job_id).update(state="failed", finished_at=timezone.now())
    again = start_explanation(actor=owner, training_id=model.training_id, text=SPAM)
    assert again.pk == row.pk
    assert again.job_id != row.job_id


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        ({}, "item_or_text", "Send either"),
        ({"text": "  "}, "item_or_text", "Send either"),
        ({"text": "a", "item_id": 1}, "item_or_text", "Send either"),
        ({"text": "a" * 20_001}, "text_too_long", "20001 characters"),
        ({"text": "a", "label": "eggs"}, "label_unknown", "It has: ham, spam."),
        ({"item_id": 999}, "not_found", "no such item"),
    ],
)
def test_wrong_questions_are_refused(
    owner: Actor, model: Model, asked: dict[str, Any], code: str, sentence: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        start_explanation(actor=owner, training_id=model.training_id, **asked)
    assert refusal.value.code == code
    assert sentence in refusal.value.detail
    assert not Explanation.objects.exists()


def test_tasks_without_reasons_and_trainings_without_a_model_say_so(owner: Actor, model: Model) -> None:
    Training.objects.filter(pk=model.training_id).update(task="detection")
    with pytest.raises(DomainError) as refusal:
        start_explanation(actor=owner, training_id=model.training_id, item_id=1)
    assert refusal.value.code == "not_explained"
    assert "boxes in a picture" in refusal.value.detail
    Training.objects.filter(pk=model.training_id).update(task="image-classification")
    with pytest.raises(DomainError) as refusal:
        start_explanation(actor=owner, training_id=model.training_id, text="a")
    assert "reads no texts" in refusal.value.detail
    number = model.training_id
    model.delete()
    with pytest.raises(Conflict) as conflict:
        start_explanation(actor=owner, training_id=number, item_id=1)
    assert conflict.value.code == "training_not_done"


def test_a_stranger_sees_and_asks_nothing(owner: Actor, stranger: Actor, model: Model) -> None:
    row = start_explanation(actor=owner, training_id=model.training_id, text=SPAM)
    with pytest.raises(NotFound):
        start_explanation(actor=stranger, training_id=model.training_id, text=SPAM)
    with pytest.raises(NotFound):
        find_explanation(actor=stranger, explanation_id=row.pk)


def test_the_pages_ask_and_show(owner: Actor, model: Model, member: Callable[[str], Actor]) -> None:
    browser = Client()
    browser.force_login(User.objects.get(pk=owner.user_id))
    address = f"/trainings/{model.training_id}/explain/"
    sent = browser.post(address, {"text": SPAM})
    row = Explanation.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"/explanations/{row.pk}/")
    assert f"/api/v1/jobs/{row.job_id}/" in browser.get(sent["Location"]).content.decode()
    row.result = {
        "task": "text-classification", "kind": "words", "left_out": 0,
        "prediction": {"answer": "spam", "confidence": 0.9}, "probabilities": {"spam": 0.9, "ham": 0.1},
        "parts": [
            {"label": "spam", "weights": [[0, 6, 2.0], [9, 14, -0.5]], "base": 0.0, "whole": 2.2, "fidelity": 0.4,
             "chance": 0.9},
        ],
    }  # fmt: skip
    row.save()
    shown = browser.get(sent["Location"]).content.decode()
    assert '<span class="why-word why-for-4" data-weight="+2.00" title="+2.00">WINNER</span>!! ' in shown
    assert '<span class="why-word why-against-1" data-weight="-0.50" title="-0.50">Claim</span> your' in shown
    assert "Words act together here: read this with care. The weights explain only 40 %" in shown
    assert "gives the text this label with 50.0 %, with all of them with 90.0 %" in shown
    wrong = browser.post(address, {"text": "x" * 20_001})
    assert wrong.status_code == 400
    assert "20000" in wrong.content.decode()
    assert "x" * 20_001 in wrong.content.decode()
    viewer = Client()
    viewer.force_login(User.objects.get(pk=member("client").user_id))
    assert viewer.get(sent["Location"]).status_code == 200
