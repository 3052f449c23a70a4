"""A server that suggests, spoken to over a real socket, and predictions that are sent or stand in a column."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotFound
from labeling.models import Backend, Project, Suggestion
from labeling.services.answer import save_answers
from labeling.services.backend import find_backend, password_of, remove_backend, save_backend, start_ask
from labeling.services.backend_run import BATCH, run_ask
from labeling.services.gold import mark_gold
from labeling.services.prediction_import import run_import, start_import, store_predictions
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks
from tests import factories
from tests.labeling.suggesting import Answer, Model, by_length
from tests.labeling.versions import numbered, start, version
from workers.models import Job
from workers.services import job as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def serve(settings: Any) -> Iterator[Callable[[Answer], Model]]:
    models: list[Model] = []

    def served(answer: Answer) -> Model:
        model = Model(answer)
        models.append(model)
        settings.ASSAY_FETCH_ALLOWED_HOSTS = [f"127.0.0.1:{each.server.server_port}" for each in models]
        return model

    yield served
    for model in models:
        model.server.shutdown()
        model.server.server_close()


def ask(actor: Actor, project: Project, **how: Any) -> dict[str, Any]:
    job = start_ask(actor=actor, project_id=project.pk, **how)
    context = start(job)
    try:
        return run_ask(job=context, **job.params)
    finally:
        jobs.succeed(job_id=job.pk, attempt=context.attempt, result={})


def said(project: Project) -> dict[int, tuple[str, float | None, str]]:
    rows = Suggestion.objects.filter(project=project).select_related("task").order_by("pk")
    return {row.task.item_id: (row.answer["label"][0], row.confidence, row.source) for row in rows}


def test_a_server_suggests_for_every_task_and_is_told_what_is_asked(
    ann: Actor, serve: Callable[[Answer], Model]
) -> None:
    project, model = numbered(ann, BATCH + 5), serve(by_length)
    save_backend(actor=ann, project_id=project.pk, url=f" {model.url}/ ", user="bob", password="päss:wörd")
    result = ask(ann, project)
    assert (result["asked"], result["suggestions"], result["misfits"], result["model_version"]) == (30, 30, 0, "v3")
    host = f"127.0.0.1:{model.server.server_port} v3"
    assert said(project) == {n: (["ham", "spam"][n % 2], 0.75, host) for n in range(1, 31)}
    assert [path for path, _said, _headers in model.asked] == ["health", "setup", "predict", "predict"]
    assert {headers["Authorization"] for _path, _said, headers in model.asked} == {
        "Basic " + base64.b64encode("bob:päss:wörd".encode()).decode()
    }
    found = find_backend(actor=ann, project=project)
    assert found is not None
    assert (found.state, found.model_version, found.problem) == ("up", "v3", "")
    # A second run asks only for what has nothing of this model yet.
    assert ask(ann, project)["asked"] == 0


def test_known_answers_get_suggestions_like_all_others(ann: Actor, serve: Callable[[Answer], Model]) -> None:
    project, model = numbered(ann, 3), serve(by_length)
    mark_gold(actor=ann, project_id=project.pk, item=2, answer={"label": ["spam"]})
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    ask(ann, project)
    assert sorted(said(project)) == [1, 2, 3]


def test_only_so_many_of_the_next_tasks_are_asked_for(ann: Actor, serve: Callable[[Answer], Model]) -> None:
    project, model = numbered(ann, 9), serve(by_length)
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    assert ask(ann, project, only_check=True)["asked"] == 1
    assert ask(ann, project, tasks=3)["suggestions"] == 3
    assert sorted(said(project)) == [1, 2, 3, 4]


def test_answers_that_fit_no_question_are_named_and_the_others_kept(
    ann: Actor, serve: Callable[[Answer], Model]
) -> None:
    def odd(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        status, answer = by_length(path, asked)
        if path == "predict":
            rows = answer["results"]
            rows[0]["result"][0]["value"]["choices"] = ["eggs"]
            rows[1] = {}
            rows[2]["result"][0]["from_name"] = "other"
            # Several predictions to one task: the surest one counts.
            rows[3] = [{**rows[3], "score": 0.2}, {**rows[4], "score": 0.9}]
        return status, answer

    project, model = numbered(ann, 6), serve(odd)
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    result = ask(ann, project)
    assert (result["suggestions"], result["nothing"], result["misfits"]) == (3, 1, 2)
    assert [(row["item"], row["reason"].split(". ")[0]) for row in result["named"]] == [
        (1, "label.0: This label is not in the project"),
        (3, "Part 0 answers “other”, which is not asked."),
    ]
    assert {item: row[:2] for item, row in said(project).items()} == {
        4: ("spam", 0.9),
        5: ("spam", 0.75),
        6: ("ham", 0.75),
    }


@pytest.mark.parametrize(
    ("path", "answer", "problem"),
    [
        ("health", (500, {"detail": "no GPU"}), 'answered health with status 500. {"detail": "no GPU"}'),
        ("setup", (200, b"<html>"), "answer to setup is not JSON"),
        ("predict", (200, {"results": []}), "5 tasks were sent and 0 results came"),
        ("predict", (200, {"error": "x"}), "5 tasks were sent and 0 results came"),
        ("predict", (302, {}), "answered predict with status 302"),
    ],
)
def test_a_server_that_cannot_be_used_says_why(
    path: str, answer: tuple[int, Any], problem: str, ann: Actor, serve: Callable[[Answer], Model]
) -> None:
    project, model = numbered(ann, 5), serve(lambda asked, body: answer if asked == path else by_length(asked, body))
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    with pytest.raises(DomainError) as caught:
        ask(ann, project)
    assert (caught.value.code, caught.value.status) == ("backend_down", 502)
    assert problem in str(caught.value.detail)
    found = Backend.objects.get(project=project)
    assert found.state == "down"
    assert problem in found.problem


def test_what_came_before_a_failure_stays_and_the_next_run_goes_on(
    ann: Actor, serve: Callable[[Answer], Model]
) -> None:
    calls = []

    def dies(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        calls.append(path)
        return (404, {}) if calls.count("predict") == 2 and path == "predict" else by_length(path, asked)

    project, model = numbered(ann, BATCH + 1), serve(dies)
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    with pytest.raises(DomainError):
        ask(ann, project)
    assert len(said(project)) == BATCH
    assert ask(ann, project)["suggestions"] == 1


def test_a_server_that_is_gone_is_asked_three_times(ann: Actor, serve: Callable[[Answer], Model]) -> None:
    answers = iter([(503, {}), (503, {})])

    def wakes(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        return next(answers, by_length(path, asked)) if path == "health" else by_length(path, asked)

    project, model = numbered(ann, 1), serve(wakes)
    save_backend(actor=ann, project_id=project.pk, url=model.url)
    assert ask(ann, project)["suggestions"] == 1
    assert len(model.of("health")) == 3


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://models.example.org", "url_scheme"),
        ("http://127.0.0.1:9090", "host_not_public"),
        ("http://169.254.169.254/latest", "host_not_public"),
        ("http://[::1]:9090", "host_not_public"),
        ("https://bob:secret@models.example.org", "url_credentials"),
        ("https://models.example.org/?a=1", "url_invalid"),
        ("models.example.org", "url_scheme"),
    ],
)
def test_addresses_that_are_not_public_are_refused(ann: Actor, url: str, code: str) -> None:
    project = factories.project(ann)
    with pytest.raises(DomainError) as caught:
        save_backend(actor=ann, project_id=project.pk, url=url)
    assert (caught.value.code, caught.value.extra.get("field")) == (code, "url")
    assert not Backend.objects.exists()


def test_a_name_that_leads_inside_is_refused_when_it_is_asked(ann: Actor) -> None:
    project = numbered(ann, 1)
    save_backend(actor=ann, project_id=project.pk, url="http://localhost:9090")
    with pytest.raises(DomainError, match="not on the public internet"):
        ask(ann, project)


def test_a_password_is_sealed_and_goes_to_no_other_server(ann: Actor) -> None:
    project = factories.project(ann)
    first = save_backend(actor=ann, project_id=project.pk, url="https://a.example.org", user="bob", password="secret")
    assert b"secret" not in bytes(first.sealed_password)
    assert password_of(Backend.objects.get(), ann.organization_id) == "secret"
    save_backend(actor=ann, project_id=project.pk, url="https://a.example.org", user="bob", live=True)
    assert password_of(Backend.objects.get(), ann.organization_id) == "secret"
    save_backend(actor=ann, project_id=project.pk, url="https://b.example.org", user="bob")
    assert password_of(Backend.objects.get(), ann.organization_id) == ""
    said = [json.dumps(row.data) for row in AuditEntry.objects.filter(action="backend.save")]
    assert len(said) == 3
    assert "secret" not in "".join(said)


def test_nobody_names_a_server_for_others_projects(ann: Actor) -> None:
    project, stranger = factories.project(ann), factories.owner()
    save_backend(actor=ann, project_id=project.pk, url="https://a.example.org")
    for act in (
        lambda: save_backend(actor=stranger, project_id=project.pk, url="https://b.example.org"),
        lambda: start_ask(actor=stranger, project_id=project.pk),
        lambda: remove_backend(actor=stranger, project_id=project.pk),
    ):
        with pytest.raises(NotFound):
            act()
    assert find_backend(actor=stranger, project=project) is None
    remove_backend(actor=ann, project_id=project.pk)
    with pytest.raises(Conflict, match="No server"):
        start_ask(actor=ann, project_id=project.pk)


def test_a_live_server_is_asked_when_suggestions_are_due(ann: Actor) -> None:
    project = numbered(ann, 4, suggest_every=2, suggest_at=2)
    save_backend(actor=ann, project_id=project.pk, url="https://a.example.org", live=True)
    tasks = lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[])["tasks"]
    rows = [
        {"client_key": f"00000000-0000-0000-0000-00000000000{n}", "task": t["id"], "answer": {"label": ["ham"]}}
        for n, t in enumerate(tasks)
    ]
    save_answers(actor=ann, project_id=project.pk, answers=rows)
    (job,) = Job.objects.filter(kind="labeling.ask_backend")
    assert job.params["tasks"] == 500


def test_predictions_that_fit_are_kept_and_the_others_named(ann: Actor) -> None:
    project = numbered(ann, 4)
    rows = [
        {"item": 1, "answer": {"label": ["spam"]}, "confidence": 0.9},
        {"item": 2, "answer": {"label": ["eggs"]}},
        {"item": 3, "answer": {"label": ["ham"]}},
        {"item": 3, "answer": {"label": ["spam"]}, "confidence": None},
        {"item": 99, "answer": {"label": ["ham"]}},
        {"item": 4, "answer": {}},
    ]
    kept = store_predictions(actor=ann, project_id=project.pk, source=" gpt \0 4 ", rows=rows)
    assert (kept.stored, kept.passed) == (2, 2)
    assert [(row["row"], row["item"], row["where"]) for row in kept.refused] == [(1, 2, "label.0"), (5, 4, "")]
    assert said(project) == {1: ("spam", 0.9, "gpt 4"), 3: ("spam", None, "gpt 4")}
    again = store_predictions(actor=ann, project_id=project.pk, source="gpt 4", rows=rows[:1])
    assert (again.stored, Suggestion.objects.count()) == (1, 2)
    (task,) = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    assert orjson.loads(orjson.dumps(task["suggestion"])) | {"id": 0} == {
        "id": 0,
        "answer": {"label": ["spam"]},
        "confidence": 0.9,
        "model": "gpt 4",
        "reason": "",
    }


def test_a_column_of_predictions_becomes_suggestions(ann: Actor) -> None:
    columns = {"text": list("abcde"), "guess": ["spam", "ham", None, "eggs", ""], "p": ["0.9", "2", "0.1", None, None]}
    project = factories.project(ann, version=version(ann, columns))
    factories.tasks(project, 5)
    job = start_import(actor=ann, project_id=project.pk, column="guess", confidence="p")
    with pytest.raises(Conflict):
        start_import(actor=ann, project_id=project.pk, column="guess")
    context = start(job)
    result = run_import(job=context, **job.params)
    assert {name: result[name] for name in ("suggestions", "empty", "passed", "misfits")} == {
        "suggestions": 2, "empty": 2, "passed": 0, "misfits": 1,
    }  # fmt: skip
    assert result["named"][0]["value"] == "eggs"
    assert said(project) == {1: ("spam", 0.9, "guess"), 2: ("ham", None, "guess")}
    assert run_import(job=context, **job.params) == result
    assert Suggestion.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"column": "nope"}, "column_unknown"),
        ({"confidence": "nope"}, "column_unknown"),
        ({"control": "nope"}, "control_unknown"),
        ({"source": "x" * 121}, "source_missing"),
    ],
)
def test_an_import_that_cannot_be_is_refused_at_once(ann: Actor, given: dict[str, str], code: str) -> None:
    project = numbered(ann, 1)
    with pytest.raises(DomainError) as caught:
        start_import(actor=ann, project_id=project.pk, **{"column": "text", **given})
    assert caught.value.code == code


def test_the_projects_own_model_can_be_silenced(ann: Actor) -> None:
    project = factories.project(ann)
    assert project.own_suggestions
    changed = change_project(actor=ann, project_id=project.pk, own_suggestions=False)
    assert changed.own_suggestions is False
