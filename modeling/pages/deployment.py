from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of
from modeling.models import Bundle, BundleState, Deployment
from modeling.services.deployment import deploy, rollback, stop_deployment, switch_bundle
from modeling.services.prediction import CHARACTER_LIMIT, TEXT_LIMIT
from modeling.services.usage import usage_by_day


class DeployForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The address is made from it and stays the same when you switch bundles later."),
    )


class DeploymentsPage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = Deployment.objects.visible_to(request.actor).select_related("bundle__model__training")
        return render(request, "modeling/deployments.html", {"page": page_of(request, rows)})


class DeployPage(ScopedPage):
    """Makes a deployment of the bundle in the address."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        bundle = get_object_or_404(Bundle.objects.visible_to(request.actor), pk=pk)
        form = DeployForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                made = deploy(actor=request.actor, bundle_id=bundle.pk, name=form.cleaned_data["name"])
                return redirect("modeling:deployment", made.pk)
        from modeling.pages.bundle import bundle_context

        context = bundle_context(request, bundle) | {"form": form}
        return render(request, "modeling/bundle.html", context, status=400)


class DeploymentPage(ScopedPage):
    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Deployment.objects.visible_to(request.actor).select_related("bundle__model__training", "created_by")
        deployment = get_object_or_404(rows, pk=pk)
        usage = usage_by_day(actor=request.actor, deployment=deployment)
        revisions = deployment.revisions.select_related("bundle__model__training", "created_by").order_by("-number")
        context = {
            "deployment": deployment,
            "revisions": revisions,
            "usage": usage,
            "texts_total": sum(row["texts"] for row in usage),
            "requests_total": sum(row["requests"] for row in usage),
            "others": _other_bundles(request, deployment),
            "curl": _curl(deployment),
            "text_limit": TEXT_LIMIT,
            "character_limit": CHARACTER_LIMIT,
            "can_write": request.actor.can("model.write"),
            "can_predict": request.actor.can("predict"),
            "words": {"{time} ms in the model": _("{time} ms in the model")},
        }
        return render(request, "modeling/deployment.html", context)


class SwitchPage(ScopedPage):
    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        chosen = request.POST.get("bundle", "")
        bundle = get_object_or_404(Bundle.objects.visible_to(request.actor), pk=_number(chosen))
        switch_bundle(actor=request.actor, deployment_id=pk, bundle_id=bundle.pk)
        messages.success(request, _("The deployment serves bundle %(id)s now.") % {"id": bundle.pk})
        return redirect("modeling:deployment", pk)


class RollbackPage(ScopedPage):
    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        chosen = request.POST.get("revision", "")
        changed = rollback(actor=request.actor, deployment_id=pk, revision=_number(chosen) if chosen else None)
        messages.success(request, _("The deployment serves bundle %(id)s again.") % {"id": changed.bundle_id})
        return redirect("modeling:deployment", pk)


class StopPage(ScopedPage):
    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        stopped = stop_deployment(actor=request.actor, deployment_id=pk)
        messages.success(request, _("%(name)s is stopped and answers no more.") % {"name": stopped.name})
        return redirect("modeling:deployment", pk)


def _number(text: str) -> int:
    """Return a row's number out of a form; 0, which nobody has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _other_bundles(request: PageRequest, deployment: Deployment) -> list[Any]:
    rows = Bundle.objects.visible_to(request.actor).filter(state=BundleState.ACCEPTED)
    return list(rows.exclude(pk=deployment.bundle_id).select_related("model__training").order_by("-pk")[:50])


def _curl(deployment: Deployment) -> str:
    address = settings.ASSAY_BASE_URL + reverse("deployment-predict-slug", args=[deployment.slug])
    return (
        f"curl {address} \\\n"
        '  -H "Authorization: Bearer $ASSAY_TOKEN" -H "Content-Type: application/json" \\\n'
        """  -d '{"texts": ["first text", "second text"]}'"""
    )
