from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from curation.models import Version
from modeling.models import Bundle, Compression, Deployment, Model, Training
from modeling.services.deployment import deploy
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import running, taken


@pytest.fixture
def browser(client: Client, owner: Actor) -> Client:
    client.force_login(User.objects.get(pk=owner.user_id))
    return client


def page(browser: Client, path: str, status: int = 200) -> str:
    response = browser.get(path)
    assert response.status_code == status, response.content[:500]
    return response.content.decode()


def test_empty_lists_say_what_to_do(browser: Client) -> None:
    assert "No trainings yet" in page(browser, "/models/")
    assert "No bundles yet" in page(browser, "/bundles/")
    assert "Nothing is deployed yet" in page(browser, "/deployments/")
    assert "No version can be trained on yet" in page(browser, "/trainings/new/")


def test_a_training_starts_from_the_form(browser: Client, version: Version) -> None:
    shown = page(browser, f"/trainings/new/?version={version.pk}")
    assert "Messages v1, 240 items" in shown
    assert "TF-IDF with logistic regression" in shown
    wrong = browser.post("/trainings/new/", {"version": version.pk, "family": "none", "seed": "x"})
    assert wrong.status_code == 400
    right = browser.post("/trainings/new/", {"version": version.pk, "family": "tfidf-linear", "seed": "7"})
    training = Training.objects.get()
    assert (right.status_code, right["Location"]) == (302, f"/trainings/{training.pk}/")
    assert (training.seed, training.family) == (7, "tfidf-linear")
    assert f"/api/v1/jobs/{training.job_id}/" in page(browser, right["Location"])


def test_a_report_is_shown_with_its_figures(browser: Client, model: Model) -> None:
    shown = page(browser, f"/trainings/{model.training_id}/")
    report = model.training.report
    assert f"<b>{report['macro_f1'] * 100:.1f}</b>" in shown
    assert "On the locked test split, 48 items" in shown
    assert "baseline" in shown
    assert 'id="confusion"' in shown
    assert "Messages v1" in page(browser, "/models/")


def test_a_bundle_is_exported_and_deployed_from_its_pages(browser: Client, bundle: Bundle) -> None:
    sent = browser.post(f"/trainings/{bundle.model.training_id}/export/", {"limit_points": "0.5"})
    made = Bundle.objects.exclude(pk=bundle.pk).get()
    assert (sent.status_code, sent["Location"], made.limit_points) == (302, f"/bundles/{made.pk}/", 0.5)
    assert "job-progress" in page(browser, sent["Location"])
    shown = page(browser, f"/bundles/{bundle.pk}/")
    assert bundle.sha256 in shown
    assert "predict.py" in shown
    assert browser.get(f"/bundles/{bundle.pk}/download/")["Location"].startswith("/objects/")
    gone = browser.post(f"/bundles/{bundle.pk}/deploy/", {"name": "Spam filter"})
    deployment = Deployment.objects.get()
    assert gone["Location"] == f"/deployments/{deployment.pk}/"
    again = browser.post(f"/bundles/{bundle.pk}/deploy/", {"name": "Spam filter"})
    assert again.status_code == 400
    assert "A live deployment is called Spam filter already" in again.content.decode()


def test_a_refused_bundle_shows_both_figures(browser: Client, bundle: Bundle) -> None:
    gate = {**bundle.gate, "passed": False, "float_figure": 0.9876, "bundle_figure": 0.9011, "loss_points": 8.65}
    Bundle.objects.filter(pk=bundle.pk).update(state="refused", object_key="", sha256="", gate=gate)
    shown = page(browser, f"/bundles/{bundle.pk}/")
    assert "98.76" in shown
    assert "90.11" in shown
    assert "Refused" in shown
    assert "/download/" not in shown
    page(browser, f"/bundles/{bundle.pk}/download/", status=409)


def test_a_deployment_goes_back_with_one_click(
    browser: Client, owner: Actor, make_bundle: Callable[[], Bundle]
) -> None:
    first, second = make_bundle(), make_bundle()
    deployment = deploy(actor=owner, bundle_id=first.pk, name="Spam filter")
    browser.post(f"/deployments/{deployment.pk}/switch/", {"bundle": second.pk})
    shown = page(browser, f"/deployments/{deployment.pk}/")
    assert "curl http://127.0.0.1:8000/api/v1/deployments/spam-filter/predict/" in shown
    assert "Go back to this" in shown
    browser.post(f"/deployments/{deployment.pk}/rollback/", {"revision": "1"})
    deployment.refresh_from_db()
    assert deployment.bundle_id == first.pk
    browser.post(f"/deployments/{deployment.pk}/stop/")
    shown = page(browser, f"/deployments/{deployment.pk}/")
    assert "Stopped" in shown
    assert "Try it" not in shown


def test_an_items_lineage_reaches_the_deployment(browser: Client, owner: Actor, bundle: Bundle) -> None:
    deploy(actor=owner, bundle_id=bundle.pk, name="Spam filter")
    dataset = bundle.model.training.version.dataset_id
    shown = page(browser, f"/datasets/{dataset}/items/1/lineage/")
    for wanted in ("Item 1", "Messages v1", bundle.sha256[:20], "Spam filter", "used this item to decide when to stop"):
        assert wanted in shown
    page(browser, f"/datasets/{dataset}/items/999999/lineage/", status=404)


def test_a_stranger_finds_no_page(client: Client, stranger: Actor, owner: Actor, bundle: Bundle) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="ours")
    client.force_login(User.objects.get(pk=stranger.user_id))
    training = bundle.model.training
    for path in (
        f"/trainings/{training.pk}/",
        f"/bundles/{bundle.pk}/",
        f"/bundles/{bundle.pk}/download/",
        f"/deployments/{deployment.pk}/",
        f"/datasets/{training.version.dataset_id}/items/1/lineage/",
    ):
        assert client.get(path).status_code == 404, path
    assert "Messages v1" not in client.get("/models/").content.decode()


@pytest.mark.parametrize("role", ["annotator", "reviewer"])
def test_who_may_not_see_models_is_told(client: Client, member: Callable[[str], Actor], role: str) -> None:
    client.force_login(User.objects.get(pk=member(role).user_id))
    assert client.get("/models/").status_code == 403


def test_lists_cost_the_same_for_one_row_and_three(
    browser: Client, make_bundle: Callable[[], Bundle], owner: Actor
) -> None:

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page(browser, path)
        return len(queries)

    deploy(actor=owner, bundle_id=make_bundle().pk, name="one")
    paths = ("/models/", "/bundles/", "/deployments/", f"/datasets/{Version.objects.get().dataset_id}/items/1/lineage/")
    before = [cost(path) for path in paths]
    for name in ("two", "three"):
        deploy(actor=owner, bundle_id=make_bundle().pk, name=name)
    assert [cost(path) for path in paths] == before


def test_the_form_shows_what_a_version_teaches_and_takes_settings(browser: Client, version: Version) -> None:
    shown = page(browser, f"/trainings/new/?version={version.pk}&goal=text-classification:label")
    assert "one label a text – column label" in shown
    assert "Let the data decide" in shown
    assert "Detector of things" not in shown
    sent = {"version": version.pk, "goal": "text-classification:label", "seed": "1", "name": "Tuned"}
    wrong = browser.post("/trainings/new/", {**sent, "family": "fine-tuning", "fine-tuning.epochs": "many"})
    assert wrong.status_code == 400
    assert "epochs: a number from 1 to 1000" in wrong.content.decode()
    assert 'value="many"' in wrong.content.decode()
    assert not Training.objects.exists()
    settings = {"fine-tuning.epochs": "3", "fine-tuning.focal": "1.5", "fine-tuning.class_weights": "True"}
    browser.post("/trainings/new/", {**sent, "family": "fine-tuning", **settings, "few-shot.epochs": "9"})
    training = Training.objects.get()
    assert training.params == {"epochs": 3, "focal": 1.5, "class_weights": True}
    assert (training.task, training.answer, training.name) == ("text-classification", "label", "Tuned")


@pytest.fixture
def judged(owner: Actor, version: Version) -> tuple[Training, Training]:
    """Two trainings of the cheapest family whose jobs are done."""
    made = []
    for seed in (0, 1):
        training = taken(
            lambda seed=seed: start_training(actor=owner, version_id=version.pk, family="tfidf-linear", seed=seed)
        )
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        training.refresh_from_db()
        made.append(training)
    return made[0], made[1]


@pytest.mark.django_db(transaction=True)
def test_mistakes_slices_and_two_models_have_pages(browser: Client, judged: tuple[Training, Training]) -> None:
    first, second = judged
    shown = page(browser, f"/trainings/{first.pk}/")
    assert "Look at the mistakes" in shown
    assert f"/trainings/{first.pk}/beside/?other={second.pk}" in shown
    every = page(browser, f"/trainings/{first.pk}/mistakes/?show=all")
    assert "1 to 25 of 48" in every
    assert f'href="/versions/{first.version_id}/items/' in every
    rest = page(browser, f"/trainings/{first.pk}/mistakes/?show=all&offset=25")
    assert "26 to 48 of 48" in rest
    assert "No item has this answer" in page(browser, f"/trainings/{first.pk}/mistakes/?answer=nothing")
    beside = page(browser, f"/trainings/{first.pk}/beside/?other={second.pk}")
    assert "On 48 test items that both judged" in beside
    assert "No clear difference" in beside
    assert "Accuracy" in beside
    assert "label" in page(browser, f"/trainings/{first.pk}/slices/?column=label")
    page(browser, f"/trainings/{first.pk}/slices/?column=text", status=404)
    page(browser, f"/trainings/{first.pk}/beside/?other=999999", status=404)


@pytest.mark.django_db(transaction=True)
def test_pages_of_judged_items_ask_the_database_little(browser: Client, judged: tuple[Training, Training]) -> None:
    first, second = judged
    for path in ("mistakes/?show=all", "slices/?column=label", f"beside/?other={second.pk}"):
        with CaptureQueriesContext(connection) as queries:
            page(browser, f"/trainings/{first.pk}/{path}")
        assert len(queries) <= 12, path


def test_a_search_for_a_smaller_model_starts_from_its_training(browser: Client, model: Model) -> None:
    path = f"/trainings/{model.training_id}/"
    assert "Make it smaller" in page(browser, path)
    answer = browser.post(f"{path}compress/", {"limit_drop": "1.5", "limit_megabytes": "12.5", "limit_ms": ""})
    search = Compression.objects.get()
    assert answer.headers["Location"] == f"/compressions/{search.pk}/"
    assert (search.limit_drop, search.limit_bytes, search.limit_ms) == (1.5, 12_500_000, None)
    waiting = page(browser, f"/compressions/{search.pk}/")
    assert "at most 1.5 points lost" in waiting
    assert "at most 12.5 MB" in waiting
    assert "job-progress" in waiting
    assert f"/compressions/{search.pk}/" in page(browser, path)
    wrong = browser.post(f"{path}compress/", {"limit_drop": "", "limit_ms": "-1"})
    assert wrong.status_code == 400
    assert Compression.objects.count() == 1


def test_the_front_is_shown_and_one_press_exports(
    browser: Client, compression: Compression, client: Client, stranger: Actor
) -> None:
    path = f"/compressions/{compression.pk}/"
    for view in ("", "?view=ms", "?view=nonsense"):
        shown = page(browser, path + view)
        assert shown.count('<a class="candidate') == 2
        assert "Take static-64" in shown
    with CaptureQueriesContext(connection) as queries:
        page(browser, path)
    assert len(queries) < 20
    answer = browser.post(f"{path}export/", {"candidate": "static-64"})
    student = Training.objects.get(compression=compression)
    assert answer.headers["Location"] == f"/trainings/{student.pk}/"
    own = browser.post(f"{path}export/", {"candidate": "int8"})
    assert own.headers["Location"] == f"/bundles/{Bundle.objects.get().pk}/"
    assert browser.post(f"{path}export/", {"candidate": "nonsense"}).status_code == 400
    client.force_login(User.objects.get(pk=stranger.user_id))
    assert client.get(path).status_code == 404
    assert client.post(f"{path}export/").status_code == 404


def test_without_a_fitting_candidate_the_page_says_so(browser: Client, compression: Compression) -> None:
    compression.report["proposed"] = None
    compression.limit_ms = 0.001
    compression.save()
    shown = page(browser, f"/compressions/{compression.pk}/")
    assert "No candidate is within the limits" in shown
    assert "Export the proposed model" not in shown


def test_a_policy_is_chosen_tried_and_kept_when_it_is_wrong(browser: Client, version: Version) -> None:
    form = {"version": version.pk, "goal": "", "family": "tfidf-linear", "seed": "0", "augmentation": "own"}
    wrong = browser.post("/trainings/new/", {**form, "augment": "version: 1\nsteps:\n- use: keybord\n"})
    assert wrong.status_code == 400
    shown = wrong.content.decode()
    assert "Line 3: Step 1 uses &#x27;keybord&#x27;, which there is not." in shown
    assert "- use: keybord\n</textarea>" in shown
    assert "Write the policy" in browser.post("/trainings/new/", {**form, "augment": " "}).content.decode()
    policy = "version: 1\nsteps:\n- use: keyboard\n  share: 0.5\n"
    tried = browser.post("/trainings/new/", {**form, "augment": policy, "preview": "1"})
    assert tried.status_code == 200
    assert "Some copies" in tried.content.decode()
    assert tried.content.decode().count('class="copy-sides"') == 3
    assert not Training.objects.exists()
    none = browser.post("/trainings/new/", {**form, "augmentation": "none", "preview": "1"})
    assert "without augmentation there are no copies" in none.content.decode()
    ready = browser.post("/trainings/new/", {**form, "augmentation": "ready"})
    training = Training.objects.get()
    assert (ready.status_code, ready["Location"]) == (302, f"/trainings/{training.pk}/")
    assert [step["use"] for step in training.params["augment"]["steps"]][-1] == "tfidf"
