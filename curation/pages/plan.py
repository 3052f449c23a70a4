"""The plan editor: steps as cards, the same plan as YAML, a preview on a sample; and the list of kept plans."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of
from curation.engine.plan_check import check_plan, parameters
from curation.engine.presets import PRESETS
from curation.engine.preview import Example, StepPreview
from curation.engine.steps.table import STEPS
from curation.engine.text_diff import around_changes, diff_texts
from curation.models import Plan, Version
from curation.pages.copies import worded_copies
from curation.pages.explorer import whole_number
from curation.pages.review import marked
from curation.pages.run import worded_detail
from curation.pages.version import version_of
from curation.parameter_words import choice_words, parameter_words
from curation.services.plan import checked, copy_plan, delete_plan, preview, rename_plan
from curation.services.run import save_plan, start_run, suggest_plan
from curation.wording import PRESET_TEXTS, REASONS, STEP_GROUPS, STEP_TEXTS

VERSIONS_OFFERED = 8
# Code points of an unchanged text that a preview shows beside a change.
CONTEXT = 60
# The texts of plan-editor.js.
WORDS = [
    *(gettext_noop("Steps"), gettext_noop("Move up"), gettext_noop("Move down"), gettext_noop("Remove")),
    *(gettext_noop("In use"), gettext_noop("one on each line"), gettext_noop("one “key: value” on each line")),
    *(gettext_noop("What it notes"), gettext_noop("No step yet. Add the first one.")),
    *(gettext_noop("Trying the plan on a sample…"), gettext_noop("This step is not known here.")),
    *(gettext_noop("The step {title} was removed."), gettext_noop("{title}, step {number} of {total}")),
]


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
        found = checked(yaml=self.cleaned_data["plan"])
        if found.mistakes:
            raise forms.ValidationError([said(row.step, row.param, row.message) for row in found.mistakes])
        return found.plan


def said(step: int | None, param: str | None, message: str) -> str:
    """Return a mistake as a sentence that says where it is."""
    if step is None:
        return message
    where = _("Step %(number)s") % {"number": step}
    return f"{where}, {param}: {message}" if param else f"{where}: {message}"


@method_decorator(ensure_csrf_cookie, name="dispatch")
class CuratePage(ScopedPage):
    """Where a plan is looked at, changed, tried and started."""

    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        steps = suggest_plan(actor=request.actor, version_id=pk)
        chosen = Plan.objects.visible_to(request.actor).filter(pk=whole_number(request.GET.get("plan"))).first()
        if chosen is not None:
            steps = chosen.steps
        elif request.GET.get("preset") in PRESETS:
            steps = PRESETS[request.GET["preset"]]
        initial = {"plan": check_plan(steps).to_yaml(), "name": chosen.name if chosen else ""}
        return self._show(request, pk, PlanForm(initial=initial))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        form = PlanForm(request.POST)
        if "preview" in request.POST:
            return self._preview(request, pk, form)
        if form.is_valid():
            with form_errors(form):
                steps, name = form.cleaned_data["plan"], form.cleaned_data["name"]
                plan = save_plan(actor=request.actor, name=name, steps=steps) if name else None
                if "keep" in request.POST and plan is not None:
                    messages.success(request, _("The plan is kept as “%(name)s”.") % {"name": plan.name})
                    return redirect(f"{request.path}?plan={plan.pk}")
                if "keep" in request.POST:
                    form.add_error("name", _("Give the plan a name to keep it."))
                    return self._show(request, pk, form, status=400)
                run, _job = start_run(
                    actor=request.actor, version_id=pk, steps=steps, plan_id=plan.pk if plan else None
                )
                return redirect("curation:run", run.pk)
        return self._show(request, pk, form, status=400)

    def _preview(self, request: PageRequest, pk: int, form: PlanForm) -> HttpResponse:
        if not form.is_valid():
            return self._show(request, pk, form, status=400)
        with form_errors(form):
            rows, steps = preview(actor=request.actor, version_id=pk, steps=form.cleaned_data["plan"])
        if form.errors:
            return self._show(request, pk, form, status=400)
        return self._show(request, pk, form, tried={"rows": rows, "steps": [worded_preview(step) for step in steps]})

    def _show(
        self, request: PageRequest, pk: int, form: PlanForm, status: int = 200, tried: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = version_of(request, pk)
        context = {
            "version": version,
            "dataset": version.dataset,
            "form": form,
            "catalogue": catalogue(),
            "plans": Plan.objects.visible_to(request.actor).order_by("name")[:50],
            "presets": PRESET_TEXTS,
            "tried": tried,
            "page_words": {text: _(text) for text in WORDS},
        }
        return render(request, "curation/curate.html", context, status=status)


def catalogue() -> list[dict[str, Any]]:
    """Describe every step with its group, its parameters and what it notes."""
    rows = []
    for group, names in STEP_GROUPS:
        for name in names:
            step, (title, what) = STEPS[name], STEP_TEXTS[name]
            rows.append(
                {
                    "name": name,
                    "title": str(title),
                    "what": str(what),
                    "group": str(group),
                    "params": worded_parameters(name),
                    "reasons": [[code, str(REASONS.get(code, code))] for code in step.reasons],
                }
            )
    return rows


def worded_parameters(name: str) -> list[dict[str, Any]]:
    """Describe the parameters of a step with title, help and the titles of their choices."""
    rows = parameters(STEPS[name])
    for row in rows:
        row["title"], row["help"] = parameter_words(name, row["name"])
        row["titles"] = [choice_words(value) for value in row["choices"]]
    return rows


def worded_preview(step: StepPreview) -> dict[str, Any]:
    """Return what a step did to the sample in the reader's words, with changes marked."""
    title, what = STEP_TEXTS.get(step.name, (step.name, ""))
    changes = [{"item_id": row.item_id, "column": row.column, "html": change(row)} for row in step.changes]
    notes = [
        {
            "kind": kind,
            "code": code,
            "title": REASONS.get(code, code),
            "rows": count,
            "examples": worded_examples(code, examples),
        }
        for kind, found in (("dropped", step.dropped), ("found", step.found))
        for code, (count, examples) in found.items()
    ]
    return {
        "title": title,
        "what": what,
        "rows_in": step.rows_in,
        "rows_out": step.rows_out,
        "changed": step.changed,
        "changes": changes,
        "notes": notes,
        "columns": step.columns,
        "error": step.error,
        "added": step.added,
        "copies": worded_copies(step.copies),
    }


def worded_examples(code: str, examples: list[Example]) -> list[Example]:
    """Return examples with details that people can read."""
    return [replace(one, detail=worded_detail(code, one.detail)) for one in examples]


def change(row: Example) -> SafeString:
    """Return what a step made of a value, in one line of reading."""
    return marked(around_changes(diff_texts(row.text, row.after), CONTEXT), removed=_("removed"), added=_("added"))


class PlansPage(ScopedPage):
    """All kept plans."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        page = page_of(request, Plan.objects.visible_to(request.actor).select_related("created_by"))
        for plan in page.rows:
            plan.titles = [STEP_TEXTS.get(step["name"], (step["name"],))[0] for step in plan.steps.get("steps", [])]
        may_write = request.actor.can("data.write")
        return render(request, "curation/plans.html", {"page": page, "may_write": may_write})


class PlanNameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)


class PlanPage(ScopedPage):
    """One kept plan: read, renamed, and opened on a version."""

    scopes = {"GET": "data.read", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        plan = plan_of(request, pk)
        return self._show(request, plan, PlanNameForm(initial={"name": plan.name}))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        plan = plan_of(request, pk)
        form = PlanNameForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                rename_plan(actor=request.actor, plan_id=plan.pk, name=form.cleaned_data["name"])
                messages.success(request, _("The plan has its new name."))
                return redirect("curation:plans")
        return self._show(request, plan, form, status=400)

    def _show(self, request: PageRequest, plan: Plan, form: PlanNameForm, status: int = 200) -> HttpResponse:
        newest = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None, trashed_at=None)
        context = {
            "plan": plan,
            "form": form,
            "yaml": check_plan(plan.steps).to_yaml(),
            "versions": newest.select_related("dataset").order_by("-pk")[:VERSIONS_OFFERED],
            "may_write": request.actor.can("data.write"),
        }
        return render(request, "curation/plan.html", context, status=status)


def plan_of(request: PageRequest, pk: int) -> Plan:
    return get_object_or_404(Plan.objects.visible_to(request.actor), pk=pk)  # type: ignore[no-any-return]


class CopyPlanPage(ScopedPage):
    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        copy = copy_plan(actor=request.actor, plan_id=plan_of(request, pk).pk)
        messages.success(request, _("The copy is called “%(name)s”.") % {"name": copy.name})
        return redirect("curation:plans")


class DeletePlanPage(ScopedPage):
    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        plan = plan_of(request, pk)
        delete_plan(actor=request.actor, plan_id=plan.pk)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": plan.name})
        return redirect("curation:plans")
