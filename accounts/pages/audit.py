from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import AuditEntry
from accounts.pages.view import ScopedPage, page_of


class AuditPage(ScopedPage):
    """Who did what, newest first."""

    scopes = {"GET": "member.read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = AuditEntry.objects.visible_to(request.actor).select_related("user", "token")  # type: ignore[attr-defined]
        action, subject = request.GET.get("action", "")[:60], request.GET.get("subject", "")[:80]
        if action:
            rows = rows.filter(action__startswith=action)
        if subject:
            rows = rows.filter(subject=subject)
        page = page_of(request, rows)
        for row in page.rows:
            row.details = [(key, _text(value)) for key, value in row.data.items()]
        context = {"page": page, "action": action, "subject": subject}
        return render(request, "accounts/audit.html", context)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
