from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage
from curation.models import Finding, Run
from curation.pages.explorer import paging, whole_number
from curation.pages.version import as_table
from curation.services.decision import decisions_to_apply
from curation.services.item import page_of_drops
from curation.services.question import question_counts
from curation.wording import DECISION_REASONS, DECISIONS, REASONS, STEP_TEXTS

PAGE_ROWS = 50


class RunPage(ScopedPage):
    """A run while it works, and its report."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        report = run.report
        context = {
            "run": run,
            "job": run.job,
            "dataset": run.input.dataset,
            "report": report,
            "steps": [worded(step) for step in report["steps"]] if report else [],
            "bars": label_bars(report) if report else [],
            "findings": run.findings.exists() if report else False,
            "review": review_figures(run) if report else None,
            "may_write": request.actor.can("data.write"),
            "may_apply": request.actor.can("data.write") and decisions_to_apply(run),
        }
        return render(request, "curation/run.html", context)


def run_of(request: PageRequest, pk: int) -> Run:
    rows = Run.objects.visible_to(request.actor).filter(input__dataset__deleted_at=None)
    rows = rows.select_related("input__dataset", "output", "job", "created_by")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def worded(step: dict[str, Any]) -> dict[str, Any]:
    """Add titles in the reader's language to a step of a report."""
    title, what = {**STEP_TEXTS, "decisions": DECISIONS}.get(step["name"], (step["title"], ""))
    words = {**REASONS, **DECISION_REASONS}
    return {
        **step,
        "title": title,
        "what": what,
        "remark": search_remark(step.get("notes", {}).get("search")),
        "dropped_rows": [(code, words.get(code, code), rows) for code, rows in step["dropped"].items()],
        "finding_rows": [(code, words.get(code, code), rows) for code, rows in step["findings"].items()],
    }


def search_remark(search: dict[str, Any] | None) -> str:
    """Say how near-duplicates were found, and how sure it is that they are all."""
    if search is None:
        return ""
    if search["method"] == "exact":
        return _("Exact: every pair at the threshold was found and counted in full (%(shingles)s).") % search
    if search["recall"] is None:
        words = _("MinHash, every pair counted in full (%(shingles)s); a sample held no pair to measure the recall by.")
    else:
        words = _("MinHash, every pair counted in full (%(shingles)s). By a sample it found %(recall)s of all pairs.")
    return words % {"shingles": search["shingles"], "recall": f"{search['recall'] or 0:.1%}"}


def review_figures(run: Run) -> dict[str, int] | None:
    """Say how many questions the run asks, how many are decided and how many of these were decided before."""
    counts = question_counts(run)
    total = sum(row["open"] + row["decided"] for row in counts)
    decided = sum(row["decided"] for row in counts)
    replayed = (run.report or {}).get("decisions", {}).get("replayed", 0)
    return {"total": total, "decided": decided, "replayed": replayed} if total else None


def label_bars(report: dict[str, Any]) -> list[dict[str, Any]]:
    before, after = dict(report["before"]["labels"]), dict(report["after"]["labels"])
    names = list(before) + [name for name in after if name not in before]
    return [{"label": name, "before": before.get(name, 0), "after": after.get(name, 0)} for name in names[:40]]


class DropsPage(ScopedPage):
    """The items that a run dropped, filtered by step and reason."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        step, reason = request.GET.get("step") or None, request.GET.get("reason") or None
        offset = whole_number(request.GET.get("offset"))
        page = page_of_drops(actor=request.actor, run_id=pk, step=step, reason=reason, offset=offset, limit=PAGE_ROWS)
        words = {**REASONS, **DECISION_REASONS}
        rows = [{**row, "reason": words.get(row["reason"], row["reason"])} for row in page["results"]]
        context = {
            "run": run,
            "dataset": run.input.dataset,
            "step": STEP_TEXTS[step][0] if step in STEP_TEXTS else "",
            "reason": words.get(reason or "", ""),
            "table": as_table(rows),
            "paging": paging(offset, PAGE_ROWS, page["total"], len(rows)),
        }
        return render(request, "curation/drops.html", context)


class FindingsPage(ScopedPage):
    """What a run found for people to look at, question by question."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        rows = Finding.objects.visible_to(request.actor).filter(run=run).order_by("code", "group", "item_id")
        # Findings are questions for people, thousands at most, and counted through the index of their run.
        page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
        context = {"run": run, "dataset": run.input.dataset, "page": page, "reasons": REASONS}
        return render(request, "curation/findings.html", context)
