"""Personal data through the service: replaced, noted without values, sealed, asked about, given again, checked."""

import csv
import io
import logging
import uuid
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.test import Client

from accounts.actor import Actor
from accounts.models import AuditEntry
from core import objects
from core.errors import DomainError, NotAllowed
from curation.models import Finding, PrivacyCheck, Run
from curation.services.decision import start_apply
from curation.services.finding import decide_by_rule, decide_question, undo_decision
from curation.services.item import page_of_items
from curation.services.pseudonym import open_mapping, organization_key
from curation.services.question import find_question, list_questions
from curation.services.recall import find_check, recall_of, save_check
from curation.services.run import start_run
from curation.tasks import apply_decisions
from tests import factories
from tests.curation.services.test_import import import_, work

pytestmark = pytest.mark.django_db

ROWS = (
    "text,label\n"
    "Write to ann@corp.example or call 212-555-0134,a\n"
    "王先生：张明先生的电话是13812345678,b\n"
    "Nothing here,a\n"
    "Mail ann@corp.example again,a\n"
    "Robert Chen was here,a\n"
)
MASK = {"action": "mask", "actions": {"EMAIL": "pseudonym"}}
VALUES = ("ann@corp.example", "212-555-0134", "13812345678")


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Any) -> None:
    settings.ASSAY_KEYS = tmp_path / "keys"


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def run_pii(actor: Actor, params: dict[str, Any], version: int | None = None) -> Run:
    version = version or import_(actor, ROWS).result["version"]
    run, job = start_run(actor=actor, version_id=version, steps={"steps": [{"name": "pii", "params": params}]})
    assert work(job).error is None
    run.refresh_from_db()
    return run


def texts(actor: Actor, version: int | None) -> list[str]:
    assert version is not None
    return [row["text"] for row in page_of_items(actor=actor, version_id=version)["results"]]


def notes(run: Run) -> list[dict[str, str]]:
    with objects.open(run.replacements_key) as stream:
        return list(csv.DictReader(io.StringIO(stream.read().decode())))


def test_values_are_replaced_and_noted_without_the_values(actor: Actor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run = run_pii(actor, MASK)
    found = texts(actor, run.output_id)
    assert found[0].endswith("or call [PHONE]")
    assert found[2] == "Nothing here"
    stand_in = found[3].split()[1]
    assert stand_in.endswith("@example.com")
    assert stand_in in found[0]
    first = notes(run)[0]
    assert {name: first[name] for name in ("item_id", "column", "start", "end", "type", "action")} == {
        "item_id": "1",
        "column": "text",
        "start": "9",
        "end": "25",
        "type": "EMAIL",
        "action": "pseudonym",
    }
    with objects.local_path(run.mapping_key) as sealed:
        bodies = [Path(sealed).read_bytes().decode("latin-1")]
    bodies += [
        str(notes(run)),
        str(run.report["steps"]),
        str(list(Finding.objects.filter(run=run).values())),
        caplog.text,
    ]
    for body in bodies:
        assert not [value for value in VALUES if value in body]


def test_the_same_value_has_the_same_pseudonym_in_later_runs_of_the_organization_only(actor: Actor) -> None:
    version = import_(actor, ROWS).result["version"]
    one, two = (run_pii(actor, MASK, version) for _turn in range(2))
    stranger = factories.owner("Bob's")
    other = run_pii(stranger, MASK)
    assert texts(actor, one.output_id) == texts(actor, two.output_id)
    assert one.output.content_hash == two.output.content_hash
    assert texts(actor, one.output_id)[3] != texts(stranger, other.output_id)[3]


def test_a_mapping_is_opened_by_few_and_every_look_is_noted(actor: Actor) -> None:
    run = run_pii(actor, MASK)
    stand_in = texts(actor, run.output_id)[3].split()[1]
    wanted = [{"type": "EMAIL", "pseudonym": stand_in, "value": "ann@corp.example"}]
    assert open_mapping(actor=actor, run_id=run.pk, stand_in=stand_in) == wanted
    assert open_mapping(actor=actor, run_id=run.pk) == wanted
    assert open_mapping(actor=actor, run_id=run.pk, stand_in="nobody") == []
    looks = AuditEntry.objects.filter(action="mapping.open").order_by("pk").values_list("data", flat=True)
    assert list(looks) == [{"rows": 1, "pseudonym": stand_in}, {"rows": 1}, {"rows": 0, "pseudonym": "nobody"}]
    assert "ann@corp" not in str(list(looks))
    with pytest.raises(NotAllowed):
        open_mapping(actor=factories.member(actor, "engineer"), run_id=run.pk)


def test_a_mapping_without_its_key_stays_closed(actor: Actor) -> None:
    run = run_pii(actor, MASK)
    key = settings.ASSAY_KEYS / f"organization-{actor.organization_id}.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_bytes(b"x" * 32)
    with pytest.raises(DomainError, match="does not open"):
        open_mapping(actor=actor, run_id=run.pk)
    key.write_bytes(b"short")
    with pytest.raises(DomainError, match="damaged"):
        organization_key(actor.organization_id)


def test_no_key_is_made_without_need(actor: Actor) -> None:
    run = run_pii(actor, {"action": "mask"})
    assert run.replacements_key
    assert not run.mapping_key
    assert not settings.ASSAY_KEYS.exists()


def uncertain(run: Run) -> list[int]:
    return list(run.questions.filter(code="pii_uncertain").order_by("number").values_list("number", flat=True))


def test_uncertain_spans_are_asked_about_applied_and_given_again(actor: Actor) -> None:
    version = import_(actor, ROWS).result["version"]
    run = run_pii(actor, {"action": "mask"}, version)
    assert "Robert Chen was here" in texts(actor, run.output_id)
    numbers = uncertain(run)
    question = find_question(actor=actor, run_id=run.pk, number=numbers[-1])
    cell = question["items"][0]["cells"][0]
    marked = [cell["text"][one["start"] : one["end"]] for one in cell["spans"]]
    assert marked == ["Robert Chen"]
    decided = decide_question(actor=actor, run_id=run.pk, number=numbers[-1], action="personal")
    assert decided.decision is not None
    assert decided.decision.verdict == {"action": "personal", "spans": [[1, "PERSON"]]}
    applied, job = start_apply(actor=actor, run_id=run.pk)
    apply_decisions(job_id=job.pk)
    applied.refresh_from_db()
    assert texts(actor, applied.output_id)[-1] == "[PERSON] was here"
    assert [(row["type"], row["why"]) for row in notes(applied)] == [("PERSON", "person")]
    again = run_pii(actor, {"action": "mask"}, version)
    assert texts(actor, again.output_id)[-1] == "[PERSON] was here"
    assert again.report["decisions"]["replayed"] == 1
    assert len(notes(again)) == len(notes(run)) + 1
    undo_decision(actor=actor, run_id=run.pk, number=numbers[-1], decision_id=decided.decision_id or 0)
    assert texts(actor, run_pii(actor, {"action": "mask"}, version).output_id)[-1] == "Robert Chen was here"


def test_a_person_may_say_that_only_some_spans_are_personal(actor: Actor) -> None:
    rows = "text\nRobert Chen met Karen Smith\n"
    run = run_pii(actor, {"action": "mask"}, import_(actor, rows).result["version"])
    decide_question(actor=actor, run_id=run.pk, number=1, action="personal", items=[2])
    applied, job = start_apply(actor=actor, run_id=run.pk)
    apply_decisions(job_id=job.pk)
    applied.refresh_from_db()
    assert texts(actor, applied.output_id) == ["Robert Chen met [PERSON]"]
    with pytest.raises(DomainError, match="no span 3"):
        decide_question(
            actor=actor, run_id=run.pk, number=1, action="personal", items=[3], expected=run.questions.get().decision_id
        )


def test_a_person_confirms_a_pseudonym_that_can_be_opened(actor: Actor) -> None:
    run = run_pii(actor, {"action": "pseudonym"})
    decide_by_rule(actor=actor, run_id=run.pk, rule="all_personal", code="pii_uncertain", bulk=uuid.uuid4())
    applied, job = start_apply(actor=actor, run_id=run.pk)
    apply_decisions(job_id=job.pk)
    applied.refresh_from_db()
    values = {row["value"] for row in open_mapping(actor=actor, run_id=applied.pk)}
    assert "Robert Chen" in values


def test_bulk_by_type_leaves_other_types_open(actor: Actor) -> None:
    run = run_pii(actor, {"action": "mask"})
    total = len(uncertain(run))
    rule = {"actor": actor, "run_id": run.pk, "code": "pii_uncertain"}
    assert decide_by_rule(**rule, rule="personal:PASSWORD", bulk=uuid.uuid4())[0] == 0
    assert decide_by_rule(**rule, rule="personal:PERSON", bulk=uuid.uuid4())[0] == total
    counts = {
        row["code"]: (row["open"], row["decided"]) for row in list_questions(actor=actor, run_id=run.pk)["counts"]
    }
    assert counts == {"pii_uncertain": (0, total)}


def test_recall_is_estimated_from_checked_items(actor: Actor) -> None:
    run = run_pii(actor, {"action": "mask"})
    before = recall_of(run)
    assert before is not None
    assert (before.value, before.drawn) == (None, 5)
    found = before.found
    for _item in range(5):
        check = find_check(actor=actor, run_id=run.pk)
        missed = 1 if check["cells"][0][1] == "Nothing here" else 0
        save_check(actor=actor, run_id=run.pk, item_id=check["item_id"], missed=missed)
    assert find_check(actor=actor, run_id=run.pk)["item_id"] is None
    after = recall_of(run)
    assert after is not None
    assert after.value == after.low == after.high == pytest.approx(found / (found + 1))
    save_check(actor=actor, run_id=run.pk, item_id=3, missed=0)
    assert PrivacyCheck.objects.count() == 5
    assert recall_of(run).value == 1.0  # type: ignore[union-attr]
    with pytest.raises(DomainError):
        save_check(actor=actor, run_id=run.pk, item_id=3, missed=10)


def test_the_pages_show_the_count_and_take_answers(actor: Actor, client: Client) -> None:
    from accounts.models import User

    run = run_pii(actor, MASK)
    client.force_login(User.objects.get(pk=actor.user_id))
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "Recall is not known yet" in page
    assert f"/runs/{run.pk}/mapping/" in page
    shown = client.get(f"/runs/{run.pk}/recall/").content.decode()
    assert '<mark class="pii-span">' in shown
    item = find_check(actor=actor, run_id=run.pk)["item_id"]
    assert client.post(f"/runs/{run.pk}/recall/", {"item": item, "missed": "0"}).status_code == 302
    assert client.get(f"/runs/{run.pk}/recall/").content.decode().count("1 of 5 checked") == 1
    review = client.get(f"/runs/{run.pk}/review/").content.decode()
    assert 'value="personal"' in review
    assert "&quot;spans&quot;" not in review
    stand_in = texts(actor, run.output_id)[3].split()[1]
    opened = client.post(f"/runs/{run.pk}/mapping/", {"pseudonym": stand_in}).content.decode()
    assert "ann@corp.example" in opened
    whole = client.post(f"/runs/{run.pk}/mapping/", {"all": "1"})
    assert whole.content.decode().splitlines() == ["type,pseudonym,value", f"EMAIL,{stand_in},ann@corp.example"]
    assert client.get(f"/runs/{run.pk}/findings/").content.decode().count("Person&#x27;s name") >= 1


@pytest.mark.parametrize("path", ["", "recall/", "review/"])
def test_query_counts_do_not_grow(actor: Actor, client: Client, path: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User

    client.force_login(User.objects.get(pk=actor.user_id))
    counts = []
    for times in (1, 3):
        rows = "text\n" + "Robert Chen was here\nann@corp.example\nnothing\n" * times
        run = run_pii(actor, MASK, import_(actor, rows).result["version"])
        client.get(f"/runs/{run.pk}/{path}")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(f"/runs/{run.pk}/{path}")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_drops_and_flags(actor: Actor) -> None:
    run = run_pii(actor, {"action": "leave", "actions": {"EMAIL": "drop", "PHONE": "flag"}})
    with objects.local_path(run.drops_key) as path:
        dropped = pq.read_table(path).select(["item_id", "reason", "detail"]).to_pylist()
    assert dropped == [{"item_id": item, "reason": "pii_dropped", "detail": "EMAIL 1"} for item in (1, 4)]
    flagged = Finding.objects.filter(run=run).values_list("item_id", "code", "detail")
    assert list(flagged) == [(2, "pii_found", "PHONE 1")]
