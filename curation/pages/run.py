from dataclasses import fields
from typing import Any

import yaml
from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from curation.engine.plan import Plan as EnginePlan
from curation.engine.steps.table import STEPS
from curation.models import Finding, Plan, Run
from curation.pages.version import as_table, paging, version_of, whole_number
from curation.services.decision import decisions_to_apply
from curation.services.item import page_of_drops
from curation.services.question import question_counts
from curation.services.run import save_plan, start_run, suggest_plan
from curation.wording import DECISION_REASONS, DECISIONS, REASONS, STEP_TEXTS

PAGE_ROWS = 50


class PlanForm(forms.Form):
    """A plan as YAML, with the default one to start from."""

    plan = forms.CharField(
        label=gettext_lazy("Plan"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "code-input"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Keep the plan as"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("A name to use it again; leave it empty to run it once."),
    )

    def clean_plan(self) -> dict[str, Any]:
        try:
            data = yaml.safe_load(self.cleaned_data["plan"])
        except (yaml.YAMLError, RecursionError) as error:
            raise forms.ValidationError(_("This is no YAML: %(error)s") % {"error": str(error)[:300]}) from None
        try:
            return EnginePlan.from_json(data).to_json()
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class CuratePage(ScopedPage):
    """Where a plan is looked at, changed and started."""

    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        steps = suggest_plan(actor=request.actor, version_id=pk)
        chosen = Plan.objects.visible_to(request.actor).filter(pk=whole_number(request.GET.get("plan"))).first()
        if chosen is not None:
            steps = chosen.steps
        initial = {"plan": EnginePlan.from_json(steps).to_yaml(), "name": chosen.name if chosen else ""}
        return self._show(request, pk, PlanForm(initial=initial))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        form = PlanForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                steps, name = form.cleaned_data["plan"], form.cleaned_data["name"]
                plan = save_plan(actor=request.actor, name=name, steps=steps) if name else None
                run, _job = start_run(
                    actor=request.actor, version_id=pk, steps=steps, plan_id=plan.pk if plan else None
                )
                return redirect("curation:run", run.pk)
        return self._show(request, pk, form, status=400)

    def _show(self, request: PageRequest, pk: int, form: PlanForm, status: int = 200) -> HttpResponse:
        version = version_of(request, pk)
        context = {
            "version": version,
            "dataset": version.dataset,
            "form": form,
            "catalogue": catalogue(),
            "plans": Plan.objects.visible_to(request.actor).order_by("name")[:50],
        }
        return render(request, "curation/curate.html", context, status=status)


def catalogue() -> list[dict[str, Any]]:
    """Describe every step with its parameters and their defaults."""
    rows = []
    for name, step in STEPS.items():
        title, what = STEP_TEXTS[name]
        params = EnginePlan((step(),)).to_json()["steps"][0]["params"]
        rows.append({"name": name, "title": title, "what": what, "params": params, "count": len(fields(step))})
    return rows


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
        "dropped_rows": [(code, words.get(code, code), rows) for code, rows in step["dropped"].items()],
        "finding_rows": [(code, words.get(code, code), rows) for code, rows in step["findings"].items()],
    }


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
