from collections.abc import Callable

import pytest

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from modeling.models import Bundle, Deployment, PredictionUsage
from modeling.services import prediction
from modeling.services.deployment import deploy, rollback, stop_deployment, switch_bundle
from modeling.services.prediction import check_texts, predict
from modeling.services.usage import count_prediction, usage_by_day


def test_switch_and_rollback_leave_a_history(owner: Actor, make_bundle: Callable[[], Bundle]) -> None:
    first, second = make_bundle(), make_bundle()
    deployment = deploy(actor=owner, bundle_id=first.pk, name="Filter")
    with pytest.raises(Conflict) as refusal:
        deploy(actor=owner, bundle_id=second.pk, name="Filter")
    assert refusal.value.code == "deployment_exists"
    switch_bundle(actor=owner, deployment_id=deployment.pk, bundle_id=second.pk)
    assert rollback(actor=owner, deployment_id=deployment.pk).bundle_id == first.pk
    with pytest.raises(Conflict) as refusal:
        rollback(actor=owner, deployment_id=deployment.pk, revision=1)
    assert refusal.value.code == "nothing_to_roll_back"
    rows = deployment.revisions.order_by("number").values_list("number", "bundle_id", "reason")
    assert list(rows) == [(1, first.pk, "deploy"), (2, second.pk, "switch"), (3, first.pk, "rollback")]
    stop_deployment(actor=owner, deployment_id=deployment.pk)
    deployment.refresh_from_db()
    with pytest.raises(Conflict) as refusal:
        predict(actor=owner, deployment=deployment, texts=["a"])
    assert refusal.value.code == "deployment_stopped"
    assert deploy(actor=owner, bundle_id=second.pk, name="Filter").pk != deployment.pk


def test_limits_of_a_request_are_said(owner: Actor) -> None:
    codes = []
    for texts in ([], ["a"] * 257, ["a" * 20_001]):
        with pytest.raises(DomainError) as refusal:
            check_texts(texts)
        codes.append(refusal.value.code)
    assert codes == ["texts_missing", "texts_too_many", "text_too_long"]


def test_more_predictions_than_places_are_turned_away(owner: Actor, bundle: Bundle) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="busy")
    taken = [prediction._running.acquire(blocking=False) for _place in range(prediction.RUNNING_LIMIT)]
    try:
        assert all(taken)
        with pytest.raises(DomainError) as refusal:
            predict(actor=owner, deployment=deployment, texts=["a"])
    finally:
        for _place in taken:
            prediction._running.release()
    assert (refusal.value.code, refusal.value.status) == ("too_busy", 429)
    assert len(predict(actor=owner, deployment=deployment, texts=["a"]).predictions) == 1


def test_a_stranger_deploys_and_changes_nothing(owner: Actor, stranger: Actor, bundle: Bundle) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="ours")
    with pytest.raises(NotFound):
        deploy(actor=stranger, bundle_id=bundle.pk, name="theirs")
    for change in (rollback, stop_deployment):
        with pytest.raises(NotFound):
            change(actor=stranger, deployment_id=deployment.pk)
    assert Deployment.objects.get().state == "active"


def test_two_names_with_one_address_are_told_apart(owner: Actor, bundle: Bundle) -> None:
    deploy(actor=owner, bundle_id=bundle.pk, name="Spam Filter")
    with pytest.raises(Conflict):
        deploy(actor=owner, bundle_id=bundle.pk, name="spam filter!")
    assert deploy(actor=owner, bundle_id=bundle.pk, name="垃圾短信").slug == f"bundle-{bundle.pk}"


def test_usage_adds_up_in_one_row_for_each_token_and_day(owner: Actor, bundle: Bundle) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="counted")
    for seconds in (0.010, 0.020):
        count_prediction(actor=owner, deployment=deployment, texts=["ab", "c"], seconds=seconds)
    assert PredictionUsage.objects.count() == 1
    (day,) = usage_by_day(actor=owner, deployment=deployment)
    assert (day["requests"], day["texts"], day["characters"], day["milliseconds_per_text"]) == (2, 4, 6, 7.5)
