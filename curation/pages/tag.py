from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from curation.pages.version import version_of
from curation.services.tag import find_tagged, remove_tag, set_tag


class TagsPage(ScopedPage):
    """Gives a version a tag, or takes one away with `remove`."""

    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version_of(request, pk)
        name = request.POST.get("remove") or ""
        try:
            if name:
                remove_tag(actor=request.actor, version_id=pk, name=name)
                messages.success(request, _("The tag %(name)s is gone.") % {"name": name})
            else:
                tag = set_tag(actor=request.actor, version_id=pk, name=request.POST.get("name", ""))
                messages.success(request, _("%(name)s points here now.") % {"name": tag.name})
        except DomainError as error:
            messages.error(request, str(error.detail))
        return redirect("curation:version", pk)


class TaggedPage(ScopedPage):
    """The address of a tag; it leads to the version that has it today."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int, tag: str) -> HttpResponse:
        return redirect("curation:version", find_tagged(actor=request.actor, dataset_id=pk, name=tag).pk)
