"""What the grid finds: each filter, places to go on from, and how much one look may cost."""

import uuid
from typing import Any

import numpy as np
import pytest

from accounts.actor import Actor
from core.errors import DomainError
from curation.services.meaning import execute_meaning, open_meaning
from labeling.engine.schema import parse_schema
from labeling.models import Project, Task
from labeling.services import grid
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.grid import Look, Wish, count_matching, look, looker_of, wish_of
from labeling.services.grid_source import END
from labeling.services.queue import lease_tasks
from labeling.services.suggestion import store_suggestions
from tests import factories
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db

TEXTS = ["Free PRIZE", "see you", "ｆｒｅｅ  prize again", "免费大奖", "明天见", "free 😀 offer"]


def make(texts: list[str] | None = None, **fields: Any) -> tuple[Actor, Actor, Project]:
    ann = factories.owner()
    rows = texts or TEXTS
    made = version(ann, {"text": rows, "kind": ["a", None] * (len(rows) // 2) + ["a"] * (len(rows) % 2)})
    project = factories.project(ann, version=made, **fields)
    Task.objects.bulk_create(
        [
            Task(project=project, item_id=n, data={"text": text}, overlap=project.overlap, open_slots=project.overlap)
            for n, text in enumerate(rows, 1)
        ]
    )
    Project.objects.filter(pk=project.pk).update(task_count=len(rows))
    project.refresh_from_db()
    return ann, factories.member(ann, "annotator"), project


def wished(actor: Actor, project: Project, **values: Any) -> Wish:
    schema, looker = parse_schema(project.schema), looker_of(actor)
    return wish_of(values, project=project, schema=schema, looker=looker)


def seen(actor: Actor, project: Project, after: int = 0, limit: int = 50, **values: Any) -> Look:
    wish = wished(actor, project, **values)
    return look(project=project, wish=wish, looker=looker_of(actor), after=after, limit=limit)


def items(actor: Actor, project: Project, **values: Any) -> list[int]:
    return [item for _task, item in seen(actor, project, **values).tasks]


def give(actor: Actor, project: Project, label: str, *named: int) -> None:
    found = start_bulk(actor=actor, project_id=project.pk, order=Order({"label": [label]}, list(named)))
    assert found.counts == {"stored": len(named)}


def test_each_filter_finds_what_it_says() -> None:
    ann, bob, project = make(overlap=2)
    give(ann, project, "ham", 1)
    give(bob, project, "spam", 1, 2)
    rows = [(3, {"label": ["spam"]}, 0.95), (4, {"label": ["spam"]}, 0.6), (5, {"label": ["ham"]}, 0.99)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick", rows=rows)
    assert items(ann, project) == [1, 2, 3, 4, 5, 6]
    assert items(ann, project, q="free prize") == [1, 3]
    assert items(ann, project, q="大奖") == [4]
    assert items(ann, project, q="😀") == [6]
    assert items(ann, project, state="open") == [3, 4, 5, 6]
    assert items(ann, project, state="answered") == [1, 2]
    assert items(ann, project, state="todo") == [2, 3, 4, 5, 6]
    assert items(bob, project, state="todo") == [3, 4, 5, 6]
    assert items(ann, project, label="label=spam") == [1, 2]
    assert items(ann, project, label="label=ham") == [1]
    # Somebody who only labels finds what they said themselves.
    assert items(bob, project, label="label=ham") == []
    assert items(bob, project, label="label=spam") == [1, 2]
    assert items(ann, project, suggested="label=spam") == [3, 4]
    assert items(ann, project, suggested="label=spam", least="0.9") == [3]
    assert items(ann, project, column="kind", value="a") == [1, 3, 5]
    assert items(ann, project, column="kind") == [2, 4, 6]
    assert items(ann, project, q="free", state="open", column="kind", value="a") == [3]
    assert items(ann, project, items="2-4,9") == [2, 3, 4]


def test_what_somebody_has_taken_is_not_to_do_for_others() -> None:
    ann, bob, project = make()
    lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[])
    assert items(ann, project, state="todo") == [1, 2, 3, 4, 5, 6]
    assert items(bob, project, state="todo") == [3, 4, 5, 6]


def test_the_newest_suggestion_counts_and_no_older_one() -> None:
    ann, bob, project = make()
    store_suggestions(actor=ann, project_id=project.pk, source="one", rows=[(1, {"label": ["spam"]}, 0.9)])
    task = lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])["tasks"][0]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "suggestion": task["suggestion"]["id"]}
    assert save_answers(actor=bob, project_id=project.pk, answers=[{**row, "answer": {"label": ["ham"]}}])
    Task.objects.filter(item_id=1).update(overlap=2, open_slots=1)
    store_suggestions(actor=ann, project_id=project.pk, source="two", rows=[(1, {"label": ["ham"]}, 0.8)])
    assert items(ann, project, suggested="label=ham") == [1]
    assert items(ann, project, suggested="label=spam") == []


@pytest.mark.parametrize("asked", [{}, {"q": "text"}, {"column": "kind", "value": "a"}, {"items": "3-17"}])
@pytest.mark.parametrize("state", ["", "open"])
def test_pages_follow_one_another_without_gap_and_end(asked: dict[str, str], state: str) -> None:
    ann, _bob, project = make([f"text {n}" for n in range(1, 24)])
    give(ann, project, "ham", 4, 5, 6, 7, 23)
    whole = items(ann, project, **asked, state=state)
    found: list[int] = []
    after, pages = 0, 0
    while after != END:
        page = seen(ann, project, after=after, limit=4, **asked, state=state)
        found += [item for _task, item in page.tasks]
        after, pages = page.after, pages + 1
        assert pages < 12
    assert found == whole
    assert len(whole) > 4


def test_a_rare_item_costs_a_bounded_look_and_is_found_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _bob, project = make([f"text {n}" for n in range(1, 31)])
    give(ann, project, "spam", 29)
    monkeypatch.setattr(grid, "STRETCH", 2)
    wish, looker = wished(ann, project, label="label=spam"), looker_of(ann)
    found: list[int] = []
    after, looks = 0, 0
    while after != END:
        page = look(project=project, wish=wish, looker=looker, after=after, limit=1, seconds=1e-9)
        assert page.cut_short or page.tasks or page.after == END
        if page.cut_short and page.after == after:
            # No time at all: the next look is given some.
            page = look(project=project, wish=wish, looker=looker, after=after, limit=1)
        found += [item for _task, item in page.tasks]
        after, looks = page.after, looks + 1
    assert found == [29]


def test_counts_are_whole_until_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _bob, project = make()
    give(ann, project, "ham", 1, 2)
    looker = looker_of(ann)
    assert count_matching(project=project, wish=Wish(), looker=looker) == (6, True)
    assert count_matching(project=project, wish=Wish(state="open"), looker=looker) == (4, True)
    monkeypatch.setattr(grid, "COUNTED", 3)
    assert count_matching(project=project, wish=Wish(state="open"), looker=looker) == (3, False)
    assert count_matching(project=project, wish=Wish(), looker=looker) == (3, False)


def test_similar_items_and_clusters_come_from_the_meaning_of_the_version() -> None:
    texts = [f"win a free prize number {n}" for n in range(8)] + [
        f"the train to Berlin leaves at {n}" for n in range(8)
    ]
    ann, bob, project = make(texts)
    with pytest.raises(DomainError) as missing:
        items(ann, project, like=1)
    assert missing.value.code == "meaning_missing"
    execute_meaning(job=start(factories.job(ann)), version_id=project.version_id)
    near = items(ann, project, like=1)
    assert near[0] == 1
    assert set(near[:8]) == set(range(1, 9))
    assert set(items(ann, project, like=1, q="BERLIN")) <= set(range(9, 17))
    with open_meaning(project.version) as meaning:
        members = sorted(meaning.items[np.array(meaning.cluster) == 0].tolist())
    assert items(ann, project, cluster=0) == members
    assert items(ann, project, cluster=99) == []
    # Who only labels sees the texts that were compared.
    assert items(bob, project, cluster=0) == members


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"state": "half"}, "one of open, answered, todo"),
        ({"label": "label=gone"}, "no label label=gone"),
        ({"label": "spam"}, "Write control=label"),
        ({"suggested": "x=y"}, "no label"),
        ({"least": "2"}, "between 0 and 1"),
        ({"least": "nan"}, "between 0 and 1"),
        ({"like": "-1"}, "not a whole number"),
        ({"like": "9" * 40}, "not a whole number"),
        ({"cluster": "two"}, "not a whole number"),
        ({"q": "x" * 201}, "at most 200"),
        ({"column": "gone", "value": "1"}, "no column"),
        ({"items": "5-1"}, "item numbers and ranges"),
        ({"items": "1-99999999"}, "at most 1,000,000"),
        ({"items": "1," * 1_501}, "at most 3,000 characters"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_in_a_sentence(values: dict[str, str], sentence: str) -> None:
    ann, _bob, project = make()
    with pytest.raises(DomainError, match=sentence) as refused:
        items(ann, project, **values)
    assert refused.value.code == "filter_invalid"


def test_who_only_labels_cannot_probe_what_they_are_not_shown() -> None:
    ann, bob, project = make()
    schema = {
        "display": [{"type": "value", "field": "kind"}],
        "controls": [{"name": "label", "type": "choice", "labels": [{"value": "a"}, {"value": "b"}]}],
    }
    Project.objects.filter(pk=project.pk).update(schema=parse_schema(schema).to_json())
    project.refresh_from_db()
    assert items(ann, project, q="free prize") == [1, 3]
    with pytest.raises(DomainError, match="shows no text"):
        items(bob, project, q="free prize")
    with pytest.raises(DomainError, match="does not show the column text"):
        items(bob, project, column="text", value="see you")
    for asked in ({"cluster": 0}, {"like": 1}):
        with pytest.raises(DomainError, match="nothing that is alike"):
            items(bob, project, **asked)
    assert items(bob, project, column="kind", value="a") == [1, 3, 5]
