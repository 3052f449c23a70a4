"""Erasures on pages: asked for, reviewed item by item, confirmed by typing, certified."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of, refused
from core.errors import NotFound
from curation.pages.explorer import whole_number
from curation.pages.review import spans_html
from modeling.models import Erasure, ErasureState
from modeling.services.erasure import (
    SCOPE,
    confirm_erasure,
    keep_hits,
    list_hits,
    request_erasure,
    visible_erasure,
    withdraw_erasure,
)
from modeling.services.erasure_places import OBJECTS, OTHERS, TABLES

HOW = {
    "identifier": gettext_lazy("identifier"),
    "text": gettext_lazy("text"),
    "picture": gettext_lazy("picture"),
    "near": gettext_lazy("nearly the same text"),
    "copy": gettext_lazy("changed copy of such an item"),
}
STATE_CHIPS = {"searching": "info", "review": "warn", "erasing": "info", "done": "good", "withdrawn": "info"}


class ErasureForm(forms.Form):
    """Whom to search; one value a line."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=200,
        help_text=gettext_lazy("Number of the case or letter. It stays on record, so never write the person here."),
    )
    texts = forms.CharField(
        label=gettext_lazy("Names, addresses, numbers"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line. Found anywhere in any text, in any spelling of blanks, case and width."),
    )
    column = forms.CharField(
        label=gettext_lazy("Column of an identifier"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Such as customer_id; any column when empty."),
    )
    identifiers = forms.CharField(
        label=gettext_lazy("Identifiers"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line. Rows with exactly this cell go, whatever else they hold."),
    )
    pseudonyms = forms.CharField(
        label=gettext_lazy("Pseudonyms"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line. They are opened with the sealed mappings, which the audit trail notes."),
    )
    near = forms.CharField(
        label=gettext_lazy("A whole text"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Items with nearly the same text are found too."),
    )
    pictures = forms.CharField(
        label=gettext_lazy("Pictures"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("SHA-256 of each picture, one a line. The page of an item shows it."),
    )
    alike_pictures = forms.BooleanField(
        label=gettext_lazy("Also pictures that look like these (whole pictures; faces are not recognized)"),
        required=False,
    )


class ErasuresPage(ScopedPage):
    scopes = {"GET": SCOPE}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = Erasure.objects.visible_to(request.actor).select_related("created_by").defer("certificate", "places")
        page = page_of(request, rows)
        for row in page.rows:
            row.chip = STATE_CHIPS[row.state]
        return render(request, "modeling/erasures.html", {"page": page})


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class NewErasurePage(ScopedPage):
    scopes = {"GET": SCOPE, "POST": SCOPE}

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "modeling/erasure_new.html", {"form": ErasureForm()})

    def post(self, request: PageRequest) -> HttpResponse:
        form = ErasureForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            lines = {name: data[name].splitlines() for name in ("texts", "pseudonyms", "pictures")}
            with form_errors(form):
                made = request_erasure(
                    actor=request.actor,
                    reference=data["reference"],
                    identifiers=[(data["column"], value) for value in data["identifiers"].splitlines()],
                    near=[data["near"]],
                    alike_pictures=data["alike_pictures"],
                    **lines,
                )
                return redirect("modeling:erasure", made.pk)
        return refused(request, "modeling/erasure_new.html", {"form": form})


@method_decorator(never_cache, name="dispatch")
class ErasurePage(ScopedPage):
    """What was found, to be reviewed; afterwards what was done."""

    scopes = {"GET": SCOPE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        erasure = visible_erasure(actor=request.actor, erasure_id=pk)
        return render(request, "modeling/erasure.html", _context(request, erasure))


def _context(request: PageRequest, erasure: Erasure, typed_error: str = "") -> dict[str, Any]:
    reviewing = erasure.state == ErasureState.REVIEW
    hits: dict[str, Any] = {"results": [], "next": None}
    if reviewing:
        hits = list_hits(actor=request.actor, erasure_id=erasure.pk, after=whole_number(request.GET.get("after")))
    for row in hits["results"]:
        row["how_title"] = HOW[row["how"]]
        for cell in row["cells"]:
            cell["html"] = spans_html(cell["text"], [(start, end, 0) for start, end in cell["spans"]])
    return {
        "erasure": erasure,
        "chip": STATE_CHIPS[erasure.state],
        "hits": hits,
        "after": request.GET.get("after", ""),
        "going": erasure.hits.filter(kept=False).count(),
        "kept": erasure.hits.filter(kept=True).count(),
        "places": places_of(erasure),
        "reviewing": reviewing,
        "typed_error": typed_error,
    }


def places_of(erasure: Erasure) -> list[dict[str, Any]]:
    """Return the rows outside of items in which values stand, with what becomes of them."""
    return [
        {
            "title": TABLES[name].title,
            "blanked": counts["blanked"],
            "reported": counts["reported"],
            "why": TABLES[name].reason,
        }
        for name, counts in sorted(erasure.places.items())
        if name in TABLES
    ]


class KeepPage(ScopedPage):
    scopes = {"POST": SCOPE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        hits = [int(value) for value in request.POST.getlist("hit") if value.isascii() and value.isdigit()][:1000]
        kept = request.POST.get("kept") == "1"
        changed = keep_hits(actor=request.actor, erasure_id=pk, hit_ids=hits, kept=kept)
        if kept:
            said = ngettext("%(count)s item stays.", "%(count)s items stay.", changed)
        else:
            said = ngettext("%(count)s item goes.", "%(count)s items go.", changed)
        messages.success(request, said % {"count": changed})
        after = whole_number(request.POST.get("after"))
        answer = redirect("modeling:erasure", pk)
        if after:
            answer["Location"] += f"?after={after}"
        return answer


class ConfirmPage(ScopedPage):
    scopes = {"POST": SCOPE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        erasure = visible_erasure(actor=request.actor, erasure_id=pk)
        typed = request.POST.get("typed", "")[:200]
        if erasure.state == ErasureState.REVIEW and typed.strip() != erasure.reference:
            said = _("That is not the reference. Type it exactly as it stands.")
            return refused(request, "modeling/erasure.html", _context(request, erasure, said))
        confirm_erasure(actor=request.actor, erasure_id=pk, typed=typed)
        return redirect("modeling:erasure", pk)


class WithdrawPage(ScopedPage):
    scopes = {"POST": SCOPE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        withdraw_erasure(actor=request.actor, erasure_id=pk)
        messages.success(request, _("Withdrawn. What was sought and found is forgotten."))
        return redirect("modeling:erasures")


class CertificatePage(ScopedPage):
    """The certificate as people read and print it."""

    scopes = {"GET": SCOPE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        erasure = visible_erasure(actor=request.actor, erasure_id=pk)
        body = _certificate(erasure)
        known: dict[str, Any] = {**TABLES, **OBJECTS, **OTHERS}
        removed = [
            {**row, "title": known[row["place"]].title if row["place"] in known else row["title"]}
            for row in body["removed"]
        ]
        rows = [
            {**row, "title": TABLES[row["place"]].title, "why": TABLES[row["place"]].reason}
            for row in body["reported"]["rows"]
        ]
        context = {
            "erasure": erasure,
            "body": body,
            "removed": removed,
            "reported_rows": rows,
            "always": [OTHERS[name] for name in ("backups", "taken", "disk", "logs")],
            "found": [{"title": HOW.get(how, how), "count": count} for how, count in body["found"].items()],
        }
        return render(request, "modeling/erasure_certificate.html", context)


class CertificateFilePage(ScopedPage):
    """The certificate as it was signed."""

    scopes = {"GET": SCOPE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        erasure = visible_erasure(actor=request.actor, erasure_id=pk)
        text = json.dumps(_certificate(erasure), ensure_ascii=False, indent=1, sort_keys=True)
        answer = HttpResponse(text, content_type="application/json; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="erasure-{erasure.uid}.json"'
        return answer


def _certificate(erasure: Erasure) -> dict[str, Any]:
    if erasure.certificate is None:
        raise NotFound(_("This erasure is not finished; it has no certificate yet."))
    return erasure.certificate  # type: ignore[no-any-return]
