"""Labeling rules of a project: the list with what each does, and one rule with a try on a sample."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from labeling.engine.schema import parse_schema
from labeling.models import LabelingRule, Project, RuleKind
from labeling.pages.project import rights_of
from labeling.rule_words import KIND_HINTS
from labeling.services.project import find_project
from labeling.services.rule import Tried, add_rule, change_rule, delete_rule, find_rule, list_rules, try_rule
from labeling.services.rule_run import last_run, start_rules

SEEN = ("review", "project.write", "data.read")
WRITE = "project.write"
TERMS_SHOWN = 6


class RuleForm(forms.Form):
    # A field of another kind is hidden, and a browser would refuse to send what it cannot point at.
    use_required_attribute = False
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    label = forms.ChoiceField(label=gettext_lazy("Label that it votes for"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=RuleKind.choices)
    terms = forms.CharField(
        label=gettext_lazy("Words or phrases, one a line"), strip=False, max_length=12_000_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    every = forms.BooleanField(label=gettext_lazy("All of them must be there"), required=False)
    least = forms.IntegerField(
        label=gettext_lazy("Different entries that must be there"), required=False, min_value=1, max_value=20, initial=1
    )
    pattern = forms.CharField(
        label=gettext_lazy("Search pattern"), strip=False, max_length=2_000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    ignore_case = forms.BooleanField(
        label=gettext_lazy("Small and capital letters are the same"), required=False, initial=True
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = parse_schema(project.schema).choice
        labels = [(label.value, label.title or label.value) for label in choice.labels] if choice else []
        self.fields["label"].choices = labels  # type: ignore[attr-defined]
        if self.is_bound:
            is_pattern = self.data.get("kind") == RuleKind.REGEX
            self.fields["pattern"].required, self.fields["terms"].required = is_pattern, not is_pattern

    def rule(self) -> dict[str, Any]:
        """Return what the services take: label, kind and params."""
        given = self.cleaned_data
        params = {
            "keyword": {"terms": given["terms"], "every": given["every"]},
            "regex": {"pattern": given["pattern"], "ignore_case": given["ignore_case"]},
            "dictionary": {"terms": given["terms"], "least": given["least"] or 1},
        }
        return {"label": given["label"], "kind": given["kind"], "params": params[given["kind"]]}


class RulesPage(ScopedPage):
    scopes = {"GET": SEEN, "POST": WRITE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        titles = {label.value: label.title for label in schema.choice.labels} if schema.choice else {}
        rows = [_shown(rule, titles) for rule in list_rules(actor=request.actor, project=project)]
        job = last_run(actor=request.actor, project=project)
        open_job = job if job is not None and job.finished_at is None else None
        result = (job.result or {}) if job is not None and job.state == "succeeded" else {}
        context = {
            "project": project,
            "rows": rows,
            "job": job,
            "open_job": open_job,
            "result": result,
            "coverage": _percent(result.get("coverage")),
            "conflict": _percent(result.get("conflict")),
            "possible": schema.choice is not None and bool(schema.texts),
            "any_in_use": any(row["rule"].enabled for row in rows),
            **rights_of(request),
        }
        return render(request, "labeling/rules.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        try:
            start_rules(actor=request.actor, project_id=pk)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, str(error.detail))
        return redirect("labeling:rules", pk)


def _shown(rule: LabelingRule, titles: dict[str, str]) -> dict[str, Any]:
    """Return a rule in short words, with the figures of its last run in per cent."""
    figures = rule.figures or {}
    shares = {name: _percent(figures.get(name)) for name in ("coverage", "overlap", "conflict", "accuracy", "believed")}
    return {
        "rule": rule,
        "label": titles.get(rule.label) or rule.label,
        "is_gone": rule.label not in titles,
        "says": _says(rule),
        "hits": figures.get("hits"),
        "judged": figures.get("judged"),
        "hung_on": rule.stopped.removeprefix("text:") if rule.stopped.startswith("text:") else "",
        **shares,
    }


def _says(rule: LabelingRule) -> str:
    if rule.kind == RuleKind.REGEX:
        return str(rule.params["pattern"])
    terms = rule.params["terms"]
    more = len(terms) - TERMS_SHOWN
    words = ", ".join(terms[:TERMS_SHOWN])
    return _("%(words)s and %(count)s more") % {"words": words, "count": more} if more > 0 else words


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


class NewRulePage(ScopedPage):
    scopes = {"GET": WRITE, "POST": WRITE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        return _form(request, project, RuleForm(project))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        form = RuleForm(project, _given(request))
        return _answer(request, project, form, None)


class RulePage(ScopedPage):
    scopes = {"GET": WRITE, "POST": WRITE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rule = find_rule(actor=request.actor, rule_id=pk)
        initial = {"name": rule.name, "label": rule.label, "kind": rule.kind, **rule.params}
        initial["terms"] = "\n".join(rule.params.get("terms", []))
        return _form(request, rule.project, RuleForm(rule.project, initial=initial), rule)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        rule = find_rule(actor=request.actor, rule_id=pk)
        form = RuleForm(rule.project, _given(request))
        return _answer(request, rule.project, form, rule)


def _given(request: PageRequest) -> Any:
    """Return what was sent; a rule that is only tried needs no name yet."""
    data = request.POST.copy()
    if "try" in data and not data.get("name", "").strip():
        data["name"] = "-"
    return data


def _answer(request: PageRequest, project: Project, form: RuleForm, rule: LabelingRule | None) -> HttpResponse:
    """Try the rule of the form, or save it; what is wrong with it stands at its field."""
    tried: Tried | None = None
    if form.is_valid():
        with form_errors(form):
            said = form.rule()
            if "try" in request.POST:
                tried = try_rule(actor=request.actor, project_id=project.pk, **said)
            elif rule is None:
                add_rule(actor=request.actor, project_id=project.pk, name=form.cleaned_data["name"], **said)
                return redirect("labeling:rules", project.pk)
            else:
                change_rule(actor=request.actor, rule_id=rule.pk, name=form.cleaned_data["name"], **said)
                return redirect("labeling:rules", project.pk)
    if "try" in request.POST:
        # What was put in for the missing name is not shown.
        form.data = request.POST
    return _form(request, project, form, rule, tried, status=200 if tried is not None else 400)


def _form(
    request: PageRequest,
    project: Project,
    form: RuleForm,
    rule: LabelingRule | None = None,
    tried: Tried | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "project": project,
        "form": form,
        "rule": rule,
        "tried": tried,
        "hints": [{"kind": kind, "hint": hint} for kind, hint in KIND_HINTS.items()],
        "share": _percent(tried.hits / tried.sample if tried.sample else None) if tried is not None else "",
        "right": _percent(tried.right / tried.judged if tried.judged else None) if tried is not None else "",
    }
    return render(request, "labeling/rule.html", context, status=status)


class UseRulePage(ScopedPage):
    scopes = {"POST": WRITE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        rule = change_rule(actor=request.actor, rule_id=pk, enabled=request.POST.get("enabled") == "1")
        return redirect("labeling:rules", rule.project_id)


class DeleteRulePage(ScopedPage):
    scopes = {"POST": WRITE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project_id = find_rule(actor=request.actor, rule_id=pk).project_id
        delete_rule(actor=request.actor, rule_id=pk)
        messages.success(request, _("The rule is deleted."))
        return redirect("labeling:rules", project_id)
