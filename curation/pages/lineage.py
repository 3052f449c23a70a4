from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from accounts.pages.view import PageRequest, ScopedPage
from curation.models import Dataset
from curation.pages.graph import layout
from curation.services.lineage import dataset_lineage

# What kinds of things are called; one of a later app goes by its model's own name.
KINDS = {
    "curation.upload": _("File"),
    "curation.version": _("Version"),
    "curation.run": _("Curation run"),
    "labeling.project": _("Labeling project"),
    "modeling.training": _("Training"),
    "modeling.bundle": _("Bundle"),
    "modeling.deployment": _("Deployment"),
}


class DatasetLineagePage(ScopedPage):
    """The graph of a dataset: files, versions, runs, and what other apps made of them."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.actor).filter(deleted_at=None), pk=pk)
        nodes, left_out = dataset_lineage(actor=request.actor, dataset_id=pk)
        graph = layout(nodes)
        titles = {node.key: node.title or str(KINDS.get(node.model, node.model)) for node in nodes}
        rows = [
            {
                "place": place,
                "node": place.node,
                "kind": KINDS.get(place.node.model, place.node.model.partition(".")[2]),
                "short": place.node.model.partition(".")[2],
                "from": [titles[key] for key in place.node.parents if key in titles],
            }
            for place in graph["nodes"]
        ]
        context = {"dataset": dataset, "graph": graph, "rows": rows, "left_out": left_out}
        return render(request, "curation/dataset_lineage.html", context)
