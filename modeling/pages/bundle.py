from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, page_of
from modeling.models import Bundle
from modeling.pages.deployment import DeployForm
from modeling.pages.report import FIGURES
from modeling.services.bundle import download_url

# The rungs of modeling.engine.bundle in the reader's language; a bundle of a later version shows its own words.
RUNGS = {
    "int8 weights per channel, int8 word table": gettext_lazy("int8 weights per channel, int8 word table"),
    "int8 weights per channel, float word table and last two layers": gettext_lazy(
        "int8 weights per channel, float word table and last two layers"
    ),
    "int8 weights with a scale for each row": gettext_lazy("int8 weights with a scale for each row"),
    "int8 convolutions with fixed scales, float ends": gettext_lazy("int8 convolutions with fixed scales, float ends"),
    "int8 convolutions with fixed scales, more of both ends in float": gettext_lazy(
        "int8 convolutions with fixed scales, more of both ends in float"
    ),
    "int8 weights per channel, computed in float32": gettext_lazy("int8 weights per channel, computed in float32"),
    "float32 throughout": gettext_lazy("float32 throughout"),
    "float64 throughout": gettext_lazy("float64 throughout"),
}


class BundlesPage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = Bundle.objects.visible_to(request.actor).select_related("model__training")
        return render(request, "modeling/bundles.html", {"page": page_of(request, rows)})


class BundlePage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Bundle.objects.visible_to(request.actor)
        bundle = get_object_or_404(rows.select_related("model__training__version__dataset", "job"), pk=pk)
        return render(request, "modeling/bundle.html", bundle_context(request, bundle))


class BundleDownloadPage(ScopedPage):
    """Sends the browser to the signed address of the bundle's file."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return redirect(download_url(actor=request.actor, bundle_id=pk))


def bundle_context(request: PageRequest, bundle: Bundle) -> dict[str, Any]:
    """Return what the bundle page shows; shares of the gate in points."""
    gate = bundle.gate or {}
    training = bundle.model.training
    return {
        "bundle": bundle,
        "training": training,
        "gate": gate,
        "gate_sentence": _sentence(gate) if gate else "",
        "figure": _figure(gate),
        "float_points": gate.get("float_figure", 0) * 100,
        "bundle_points": gate.get("bundle_figure", 0) * 100,
        "same_percent": gate.get("same_answer", 0) * 100,
        "rung": RUNGS.get(gate.get("title", ""), gate.get("title", "")),
        "rungs": [
            {**rung, "title": RUNGS.get(rung["title"], rung["title"]), "points": rung["bundle_figure"] * 100}
            for rung in gate.get("rungs", [])
        ],
        "file_name": f"{slugify(training.name)[:60] or 'model'}-{bundle.sha256[:12]}.zip",
        "example": gate.get("example", '"a text"'),
        "needs": " ".join(gate.get("needs", ["onnxruntime", "numpy", "tokenizers"])),
        "deployments": bundle.deployments.order_by("-pk"),
        "form": DeployForm(initial={"name": training.version.dataset.name[:80]}),
        "can_write": request.actor.can("model.write"),
    }


def _sentence(gate: dict[str, Any]) -> str:
    """Say what the gate found, in the reader's language."""
    values = {
        "figure": _figure(gate),
        "loss": f"{max(0.0, gate['loss_points']):.2f}",
        "limit": f"{gate['limit_points']:g}",
    }
    return _("The bundle loses %(loss)s points of %(figure)s against the float model; %(limit)s are allowed.") % values


def _figure(gate: dict[str, Any]) -> str:
    name = gate.get("figure", "")
    return str(FIGURES[name].title) if name in FIGURES else name
