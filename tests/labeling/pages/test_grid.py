"""The grid and the list of bulk answers as people of different roles see them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from curation.services.meaning import execute_meaning
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Bulk, Project, Task
from labeling.services.bulk import Order, start_bulk
from labeling.services.gold import mark_gold
from labeling.services.project import change_project
from labeling.services.suggestion import store_suggestions
from tests import factories
from tests.labeling.pages.test_project import browser
from tests.labeling.versions import numbered, start

pytestmark = pytest.mark.django_db


def make(count: int = 5, **fields: Any) -> tuple[Actor, Project, str]:
    ann = factories.owner()
    project = numbered(ann, count, **fields)
    return ann, project, reverse("labeling:grid", args=[project.pk])


def give(actor: Actor, project: Project, label: str, *items: int) -> Bulk:
    return start_bulk(actor=actor, project_id=project.pk, order=Order({"label": [label]}, list(items)))


def test_cards_say_what_was_answered_suggested_and_taken() -> None:
    ann, project, address = make(4, overlap=2)
    bob = factories.member(ann, "annotator")
    give(ann, project, "ham", 1, 2)
    give(bob, project, "spam", 2)
    store_suggestions(actor=ann, project_id=project.pk, source="quick", rows=[(3, {"label": ["spam"]}, 0.874)])
    cards = [card for card, _picture in browser(ann).get(address).context["cards"]]
    assert [(card.item, card.said, card.own, card.answers, card.taken) for card in cards] == [
        (1, [("ham", 1)], True, 1, False),
        (2, [("ham", 1), ("spam", 1)], True, 2, False),
        (3, [], False, 0, False),
        (4, [], False, 0, False),
    ]
    assert (cards[2].suggested, round(cards[2].confidence, 3)) == (["spam"], 0.874)
    # People who only label are shown what they said, and that others were there.
    theirs = [card for card, _picture in browser(bob).get(address).context["cards"]]
    assert [(card.said, card.own, card.answers) for card in theirs[:2]] == [([], False, 1), ([("spam", 1)], True, 2)]
    eve = factories.member(ann, "annotator")
    assert [card.taken for card, _picture in browser(eve).get(address).context["cards"]] == [False, True, False, False]


def test_items_of_training_and_test_look_full_to_who_labels_and_are_named_to_who_manages() -> None:
    ann, project, address = make(5, overlap=2)
    bob = factories.member(ann, "annotator")
    for item, use in ((1, "training"), (2, "test"), (3, "hidden")):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer={"label": ["ham"]}, use=use)

    def seen(actor: Actor, query: str = "") -> list[tuple[Any, ...]]:
        cards = browser(actor).get(address + query).context["cards"]
        return [(card.item, card.answers, card.taken, card.known) for card, _picture in cards]

    full, free = [(1, 2, True, ""), (2, 2, True, "")], [(item, 0, False, "") for item in (3, 4, 5)]
    assert seen(bob) == full + free
    assert (seen(bob, "?state=todo"), seen(bob, "?state=open"), seen(bob, "?state=answered")) == (free, free, full)
    assert [row[3] for row in seen(ann)] == ["training", "test", "hidden", "", ""]
    assert [row[0] for row in seen(ann, "?state=todo")] == [3, 4, 5]
    # A client may look at everything but not know what is known.
    assert [row[3] for row in seen(factories.member(ann, "client"))] == [""] * 5
    assert ">test</span>" in browser(ann).get(address).content.decode()
    assert ">test</span>" not in browser(bob).get(address).content.decode()


def test_a_newcomer_reads_what_comes_first_and_gives_no_answers_here() -> None:
    ann, project, address = make(3)
    bob = factories.member(ann, "annotator")
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"label": ["ham"]}, use="test")
    change_project(actor=ann, project_id=project.pk, onboarding=True)
    shown = browser(bob).get(address)
    assert (shown.context["may_give"], shown.context["setup"]["may_give"]) == (False, False)
    assert "Training and a test come first" in shown.content.decode()
    assert browser(ann).get(address).context["may_give"]


def test_a_long_text_and_hostile_html_stay_an_excerpt() -> None:
    ann, _project, address = make(1)
    Task.objects.update(data={"text": "<script>alert(1)</script>" + "💥" * 1_000_000})
    page = browser(ann).get(address).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    assert len(page) < 30_000


def test_the_page_costs_the_same_for_one_item_and_for_many() -> None:
    counts = []
    for count in (1, 55):
        ann, project, address = make(count)
        give(ann, project, "ham", *range(1, count + 1))
        client = browser(ann)
        for values in ({}, {"q": "text", "state": "answered", "label": "label=ham"}):
            with CaptureQueriesContext(connection) as seen:
                assert len(client.get(address, values).context["cards"]) == count
            counts.append(len(seen))
    assert counts[:2] == counts[2:]


def test_the_list_costs_the_same_for_one_and_for_many_and_says_what_became_of_them() -> None:
    ann, project, _address = make(30)
    client, counts = browser(ann), []
    for items in (range(1, 2), range(2, 25)):
        for item in items:
            give(ann, project, "ham", item, item + 1)
        with CaptureQueriesContext(connection) as seen:
            page = client.get(reverse("labeling:bulk", args=[project.pk]))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert len(page.context["rows"]) == 24
    assert page.context["rows"][0]["sentences"] == ["1 item answered", "1 had this answer already"]
    assert page.context["rows"][0]["chosen"] == ["2 items: 24-25"]
    assert "24-25</a>" not in page.content.decode()
    # A filter has an address, and leads to the grid as it was.
    start_bulk(
        actor=ann, project_id=project.pk, order=Order({"label": ["ham"]}, wanted={"q": "text 3", "items": "3-9"})
    )
    shown = client.get(reverse("labeling:bulk", args=[project.pk])).content.decode()
    assert "?q=text+3&amp;items=3-9" in shown
    assert "7 items: 3-9" in shown


def test_pages_follow_by_their_address() -> None:
    ann, _project, address = make(70)
    first = browser(ann).get(address)
    assert (len(first.context["cards"]), first.context["after"]) == (60, 60)
    second = browser(ann).get(address, {"after": "60"})
    assert ([card.item for card, _picture in second.context["cards"]], second.context["after"]) == (
        list(range(61, 71)),
        None,
    )


def test_a_full_last_page_leads_nowhere() -> None:
    ann, _project, address = make(60)
    for values in ({}, {"q": "text"}, {"state": "open"}):
        page = browser(ann).get(address, values)
        assert (len(page.context["cards"]), page.context["after"]) == (60, None)


@pytest.mark.parametrize("values", [{"label": "x=y"}, {"like": "1"}, {"cluster": "0"}, {"least": "7"}])
def test_a_filter_that_does_not_fit_is_told_beside_the_filters(values: dict[str, str]) -> None:
    ann, _project, address = make()
    page = browser(ann).get(address, values)
    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    assert page.context["cards"] == []


def test_questions_without_a_grid_say_why_and_lead_to_the_labeling_page() -> None:
    ann, project, address = make()
    schema = {"display": [{"type": "text", "field": "text"}], "controls": [{"name": "said", "type": "text"}]}
    Project.objects.filter(pk=project.pk).update(schema=parse_schema(schema).to_json())
    page = browser(ann).get(address).content.decode()
    assert "No grid for these questions" in page
    assert "item by item: said" in page
    assert reverse("labeling:label", args=[project.pk]) in page


def test_clusters_and_similar_items_are_offered_once_the_version_has_a_meaning() -> None:
    ann, project, address = make(6)
    bob = factories.member(ann, "annotator")
    page = browser(ann).get(address).content.decode()
    assert reverse("curation:map", args=[project.version_id]) in page
    assert "data-similar" not in page
    execute_meaning(job=start(factories.job(ann)), version_id=project.version_id)
    found = browser(ann).get(address, {"like": "3", "cluster": "0"})
    assert {card.item for card, _picture in found.context["cards"]} <= set(range(1, 7))
    assert found.context["clusters"][0][0] == "0"
    assert "Like item 3" in found.content.decode()
    # Who only labels sees the texts that were compared; where a project shows others, neither is offered.
    assert "data-similar" in browser(bob).get(address).content.decode()
    schema = {**project.schema, "display": [{"type": "value", "field": "kind"}]}
    Project.objects.filter(pk=project.pk).update(schema=parse_schema(schema).to_json())
    theirs = browser(bob).get(address).content.decode()
    assert "data-similar" not in theirs
    assert 'name="cluster"' not in theirs
    assert browser(bob).get(address, {"like": "3"}).status_code == 400


def test_who_may_only_look_gives_nothing() -> None:
    ann, project, address = make()
    page = browser(factories.member(ann, "client")).get(address)
    assert page.status_code == 200
    assert not page.context["may_give"]
    assert "data-labels" not in page.content.decode()
    project.state = "paused"
    project.save()
    assert "takes no answers now" in browser(ann).get(address).content.decode()


def test_undoing_from_the_list_needs_no_script_and_is_for_those_who_may() -> None:
    ann, project, _address = make()
    bob = factories.member(ann, "annotator")
    done = give(bob, project, "ham", 1, 2)
    address = reverse("labeling:bulk", args=[project.pk])
    ray = factories.member(ann, "reviewer")
    assert [row["may_undo"] for row in browser(ray).get(address).context["rows"]] == [False]
    assert browser(ray).post(address, {"bulk": done.pk}).status_code == 403
    assert [row["may_undo"] for row in browser(bob).get(address).context["rows"]] == [True]
    assert browser(bob).post(address, {"bulk": done.pk}).status_code == 302
    assert not Annotation.objects.exists()
    other = factories.bulk(ann)
    assert browser(ann).post(address, {"bulk": other.pk}).status_code == 404
    assert browser(ann).post(address, {"bulk": "x"}).status_code == 404
