import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import NotFound
from curation.models import Version
from curation.services.lineage import dataset_lineage
from curation.services.tag import set_tag
from modeling.models import Bundle, Model, Training
from tests import factories
from tests.curation import history
from tests.curation.services.test_import import import_

pytestmark = pytest.mark.django_db
COLUMNS = {"item_id": [1], "text": ["a"]}


def test_the_graph_goes_from_files_to_what_was_made_of_them() -> None:
    actor = factories.owner()
    first = Version.objects.get(pk=import_(actor, "text\nhello\n").result["version"])
    second = history.version(actor, COLUMNS, parent=first)
    run = history.run(actor, first, second)
    project = factories.project(actor, version=second)
    made = {"version": second, "name": "my training", "family": "encoder-head"}
    training = Training.objects.create(organization_id=actor.organization_id, job=factories.job(actor), **made)
    model = Model.objects.create(
        organization_id=actor.organization_id, training=training, object_key="none", sha256="0" * 64, byte_count=1,
        fingerprint="0" * 64, labels=["a"], metrics={},
    )  # fmt: skip
    bundle = Bundle.objects.create(
        organization_id=actor.organization_id,
        model=model,
        state="accepted",
        object_key="none",
        sha256="0" * 64,
        byte_count=1,
    )
    set_tag(actor=actor, version_id=second.pk, name="gold")
    nodes, left_out = dataset_lineage(actor=actor, dataset_id=first.dataset_id)
    assert left_out == 0
    edges = {(node.model.partition(".")[2], node.key): node.parents for node in nodes}
    kinds = [node.model for node in nodes]
    assert kinds[:2] == ["curation.upload", "curation.version"]
    assert edges["version", f"curation.version:{first.pk}"] == [nodes[0].key]
    assert edges["run", f"curation.run:{run.pk}"] == [f"curation.version:{first.pk}"]
    assert edges["version", f"curation.version:{second.pk}"] == [f"curation.run:{run.pk}"]
    assert edges["project", f"labeling.project:{project.pk}"] == [f"curation.version:{second.pk}"]
    assert edges["training", f"modeling.training:{training.pk}"] == [f"curation.version:{second.pk}"]
    assert edges["bundle", f"modeling.bundle:{bundle.pk}"] == [f"modeling.training:{training.pk}"]
    assert all(node.url for node in nodes)
    assert [node.tags for node in nodes if node.tags] == [["gold"]]
    places = {node.key: place for place, node in enumerate(nodes)}
    assert all(places[parent] < places[node.key] for node in nodes for parent in node.parents)


def test_queries_do_not_grow_with_the_graph() -> None:
    actor = factories.owner()
    root = history.version(actor, COLUMNS)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            dataset_lineage(actor=actor, dataset_id=root.dataset_id)
        return len(found)

    factories.project(actor, version=root)
    before = queries()
    for _ in range(3):
        child = history.version(actor, COLUMNS, parent=root)
        history.run(actor, root, child)
        factories.project(actor, version=child)
    assert queries() == before


def test_strangers_and_annotators() -> None:
    actor = factories.owner()
    version = history.version(actor, COLUMNS)
    with pytest.raises(NotFound):
        dataset_lineage(actor=factories.owner("Others"), dataset_id=version.dataset_id)
