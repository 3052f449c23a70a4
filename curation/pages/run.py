from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage
from curation.engine.pii.recall import Recall
from curation.engine.pii.uncertain import CODE, Doubts
from curation.models import Finding, Run
from curation.pages.explorer import paging, whole_number
from curation.pages.run_notes import worded_notes
from curation.pages.version import as_table
from curation.sentences import in_words
from curation.services.decision import decisions_to_apply
from curation.services.item import page_of_drops
from curation.services.question_count import question_counts
from curation.services.recall import recall_of
from curation.wording import DECISION_REASONS, DECISIONS, PII_TEXTS, REASONS, STEP_TEXTS
from workers.models import JobState

PAGE_ROWS = 50
# Errors that a second attempt at the same plan on the same version meets again.
FINAL = {"step_cannot_run", "plan_dropped_everything", "version_purged", "version_trashed", "benchmark_missing"}
# Rows before a page are passed over one by one: a tenth of a second here. The review shows the others.
DEEPEST_PAGE = 2_000
# Columns of a run's drops that say why an item went.
NOTES = {"item_id", "step", "reason", "detail"}


class RunPage(ScopedPage):
    """A run while it works, and its report."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        report = run.report
        recall = recall_of(run) if report else None
        steps = [worded(step, f"note-{place}") for place, step in enumerate(report["steps"])] if report else []
        context = {
            "recall": recall,
            "recall_said": said_recall(recall) if recall else "",
            "may_open": bool(run.mapping_key) and request.actor.can("privacy.open"),
            "run": run,
            "job": run.job,
            "dataset": run.input.dataset,
            "report": report,
            "steps": steps,
            "noted": sum(bool(step["notes"]) for step in steps),
            "charts": any(note.histogram for step in steps for note in step["notes"]),
            "bars": label_bars(report) if report else [],
            "findings": run.findings.exists() if report else False,
            "review": review_figures(run) if report else None,
            "may_write": request.actor.can("data.write"),
            "may_go_on": request.actor.can("data.write") and may_go_on(run),
            "emptied_by": emptied_step(report) if report else None,
            "may_apply": request.actor.can("data.write") and decisions_to_apply(run),
        }
        return render(request, "curation/run.html", context)


def may_go_on(run: Run) -> bool:
    """Tell whether sending the job again can help: it was cut off, and not refused because of plan or input."""
    job = run.job
    if job is None or run.output_id is not None or job.state not in {JobState.FAILED, JobState.CANCELLED}:
        return False
    return (job.error or {}).get("code") not in FINAL


def emptied_step(report: dict[str, Any]) -> dict[str, Any] | None:
    """Return the step that dropped the last items, with its number and title; None when items are left."""
    for number, step in enumerate(report["steps"], 1):
        if step["rows_in"] and not step["rows_out"]:
            return {"number": number, **worded(step)}
    return None


def run_of(request: PageRequest, pk: int) -> Run:
    rows = Run.objects.visible_to(request.actor).filter(input__dataset__deleted_at=None)
    rows = rows.select_related("input__dataset", "output", "job", "created_by")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def worded(step: dict[str, Any], name: str = "note") -> dict[str, Any]:
    """Add titles in the reader's language to a step of a report; `name` begins the ids of its charts."""
    title, what = {**STEP_TEXTS, "decisions": DECISIONS}.get(step["name"], (step["title"], ""))
    words = {**REASONS, **DECISION_REASONS}
    return {
        **step,
        "title": title,
        "what": what,
        "remark": search_remark(step.get("notes", {}).get("search")),
        "dropped_rows": [(code, words.get(code, code), rows) for code, rows in step["dropped"].items()],
        "notes": worded_notes(step.get("notes") or {}, name),
        "finding_rows": [(code, words.get(code, code), rows) for code, rows in step["findings"].items()],
    }


def said_recall(recall: Recall) -> str:
    """Say how much personal data was found: the count, and the recall that people's checks give."""
    if recall.value is None or recall.low is None or recall.high is None:
        return _("Recall is not known yet: nobody has checked the sample.")
    return _("Estimated recall %(value)s %% (%(low)s–%(high)s), from %(count)s items reviewed.") % {
        "value": f"{100 * recall.value:.1f}",
        "low": f"{100 * recall.low:.1f}",
        "high": f"{100 * recall.high:.1f}",
        "count": recall.reviewed,
    }


def worded_detail(code: str, detail: str) -> str:
    """Return the detail of a finding for people; that of uncertain spans is written for the program."""
    if code != CODE:
        return in_words(detail)
    spans = Doubts.of_detail(detail).spans
    return ", ".join(f"{PII_TEXTS.get(one.label, one.label)} ({round(100 * one.score)} %)" for one in spans)


def step_title(name: str) -> str:
    """Return what people call a step."""
    return str({**STEP_TEXTS, "decisions": DECISIONS}.get(name, (name,))[0])


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
        rows = [
            {
                "item_id": row["item_id"],
                _("Step"): step_title(row["step"]),
                _("Reason"): words.get(row["reason"], row["reason"]),
                _("Detail"): in_words(row["detail"] or ""),
                **{name: value for name, value in row.items() if name not in NOTES},
            }
            for row in page["results"]
        ]
        context = {
            "run": run,
            "dataset": run.input.dataset,
            "step": STEP_TEXTS[step][0] if step in STEP_TEXTS else "",
            "reason": words.get(reason or "", ""),
            "table": as_table(rows, run.input.manifest.get("roles", {})),
            "paging": paging(offset, PAGE_ROWS, page["total"], len(rows)),
        }
        return render(request, "curation/drops.html", context)


class FindingsPage(ScopedPage):
    """What a run found for people to look at, question by question."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        rows = Finding.objects.visible_to(request.actor).filter(run=run).order_by("code", "group", "item_id")
        number = max(1, min(whole_number(request.GET.get("page")), DEEPEST_PAGE))
        first = (number - 1) * PAGE_ROWS
        # One row more says whether there is a next page, without counting them all.
        found = list(rows[first : first + PAGE_ROWS + 1])
        context = {
            "run": run,
            "dataset": run.input.dataset,
            "findings": [
                (finding, REASONS.get(finding.code, finding.code), worded_detail(finding.code, finding.detail))
                for finding in found[:PAGE_ROWS]
            ],
            "number": number,
            "previous": number - 1,
            "next": number + 1 if len(found) > PAGE_ROWS and number < DEEPEST_PAGE else 0,
        }
        return render(request, "curation/findings.html", context)
