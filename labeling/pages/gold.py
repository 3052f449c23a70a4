"""The items of a project whose right answer is known, and what comes of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from core.number import whole_number
from labeling.engine.schema import parse_schema, said_in
from labeling.models import GoldUse, Project
from labeling.pages.project import rights_of
from labeling.querysets.gold import MANAGERS
from labeling.services.gold import find_gold, gold_page, mark_gold, start_import, unmark_gold
from labeling.services.gold_use import LONGEST_EXPLANATION, change_use, explain_gold, uses_of
from labeling.services.project import change_project, find_project, text_of
from workers.models import Job

PAGE = 50


class GoldForm(forms.Form):
    gold_share = forms.IntegerField(
        label=gettext_lazy("Share of each person's work, in per cent"),
        min_value=0,
        max_value=50,
        help_text=gettext_lazy("As long as there are such items that the person has not had."),
    )
    gold_least = forms.IntegerField(
        label=gettext_lazy("Pause a person below, in per cent right"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("0 pauses nobody."),
    )
    gold_from = forms.IntegerField(label=gettext_lazy("Not before so many answers"), min_value=1, max_value=1_000)


class ImportForm(forms.Form):
    column = forms.ChoiceField(
        label=gettext_lazy("Column with the right label"),
        help_text=gettext_lazy("Every item with a label in this column gets a known answer."),
    )
    use = forms.ChoiceField(label=gettext_lazy("Use them for"), choices=GoldUse.choices, required=False)
    use_column = forms.ChoiceField(
        label=gettext_lazy("Or a column says it"),
        required=False,
        help_text=gettext_lazy("Its values: hidden, training or test."),
    )
    explanation_column = forms.ChoiceField(
        label=gettext_lazy("Column with the explanation"),
        required=False,
        help_text=gettext_lazy("Why the label is right: people read it in training."),
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        columns = [name for name, _kind in project.version.manifest.get("columns", []) if name != "item_id"]
        named = [(name, name) for name in columns]
        self.fields["column"].choices = named  # type: ignore[attr-defined]
        for name in ("use_column", "explanation_column"):
            self.fields[name].choices = [("", gettext_lazy("none")), *named]  # type: ignore[attr-defined]

    def options(self) -> dict[str, str]:
        """Return what was filled in as `start_import` takes it."""
        return {**self.cleaned_data, "use": self.cleaned_data["use"] or GoldUse.HIDDEN}


class GoldPage(ScopedPage):
    scopes = {"GET": MANAGERS, "POST": MANAGERS}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        steps = {"settings": self._settings, "import": self._import, "mark": self._mark, "unmark": self._unmark}
        steps |= {"use": self._use, "explain": self._explain}
        carry_out = steps.get(request.POST.get("step", ""))
        refused = None if carry_out is None else carry_out(request, project)
        if refused is not None:
            return self._show(request, project, **refused)
        # Back to where the answer was marked.
        back = request.POST.get("back", "")
        query = f"?{back}" if back else ""
        if request.POST.get("step") == "mark":
            return redirect(f"{reverse('labeling:results', args=[pk])}{query}")
        return redirect(f"{reverse('labeling:gold', args=[pk])}{query}")

    def _settings(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = GoldForm(request.POST)
        if not request.actor.can("project.write"):
            messages.error(request, _("Only people who manage the project change this."))
            return None
        if form.is_valid():
            change_project(actor=request.actor, project_id=project.pk, **form.cleaned_data)
            messages.success(request, _("Noted."))
            return None
        return {"settings": form}

    def _import(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = ImportForm(project, request.POST)
        if form.is_valid():
            with form_errors(form):
                start_import(actor=request.actor, project_id=project.pk, **form.options())
                return None
        return {"importing": form}

    def _mark(self, request: PageRequest, project: Project) -> None:
        number = whole_number(request.POST.get("annotation", "")) or 0
        try:
            made = mark_gold(actor=request.actor, project_id=project.pk, annotation=number)
        except DomainError as error:
            messages.error(request, str(error.detail))
        else:
            text = _("The answer to item %(item)s is a known answer now.")
            messages.success(request, text % {"item": made.task.item_id})

    def _unmark(self, request: PageRequest, project: Project) -> None:
        gold = find_gold(actor=request.actor, gold_id=whole_number(request.POST.get("gold", "")) or 0)
        unmark_gold(actor=request.actor, gold_id=gold.pk)
        messages.success(request, _("Item %(item)s is one like all others again.") % {"item": gold.task.item_id})

    def _use(self, request: PageRequest, project: Project) -> None:
        chosen = [whole_number(text) or 0 for text in request.POST.getlist("gold")[:PAGE]]
        if not chosen:
            messages.error(request, _("Tick the items whose use you want to change."))
            return
        use = request.POST.get("use", "")
        try:
            changed = change_use(actor=request.actor, project_id=project.pk, golds=chosen, use=use)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return
        text = ngettext(
            "%(count)s known answer is used for something else now.",
            "%(count)s known answers are used for something else now.",
            changed,
        )
        messages.success(request, text % {"count": changed})

    def _explain(self, request: PageRequest, project: Project) -> None:
        gold = find_gold(actor=request.actor, gold_id=whole_number(request.POST.get("gold", "")) or 0)
        explain_gold(actor=request.actor, gold_id=gold.pk, explanation=request.POST.get("explanation", ""))
        messages.success(request, _("Noted."))

    def _show(self, request: PageRequest, project: Project, **refused: Any) -> HttpResponse:
        schema = parse_schema(project.schema)
        before = whole_number(request.GET.get("cursor", ""))
        use = request.GET.get("use", "")
        use = use if use in GoldUse.values else ""
        rows, older = gold_page(actor=request.actor, project=project, use=use, before=before, size=PAGE)
        counts = uses_of(project)
        for row in rows:
            row["text"] = text_of(schema, row["task"]["data"])
            row["said"] = said_in(schema, row["answer"])
            row["use_title"] = GoldUse(row["use"]).label
        jobs = Job.objects.visible_to(request.actor).filter(
            subject=f"project:{project.pk}", kind="labeling.import_gold", finished_at=None
        )
        context = {
            "project": project,
            "rows": rows,
            "older": older,
            "is_deep": before is not None,
            "use": use,
            "uses": [(value, title, counts[value]) for value, title in GoldUse.choices],
            "all_golds": sum(counts.values()),
            "longest": LONGEST_EXPLANATION,
            "settings": GoldForm(initial={name: getattr(project, name) for name in GoldForm.base_fields}),
            "importing": ImportForm(project) if schema.classifier is not None else None,
            "open_job": jobs.first(),
            **rights_of(request),
            **refused,
        }
        return render(request, "labeling/gold.html", context, status=400 if refused else 200)
