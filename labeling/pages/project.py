from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of
from core.errors import NotFound
from core.number import whole_number
from labeling.models import Annotation, Project, ProjectState, TaskOrder
from labeling.pages.learning import curve_rows, learning_sentence
from labeling.querysets.gold import may_know_gold
from labeling.services.project import (
    change_project,
    figures_for,
    find_project,
    start_publish,
)
from workers.models import Job

DECIDES = (
    ("majority", gettext_lazy("the majority decides")),
    ("auto", gettext_lazy("a model of the people decides")),
)


class PublishForm(forms.Form):
    only_labeled = forms.BooleanField(label=gettext_lazy("Leave out items without a label"), required=False)
    only_reviewed = forms.BooleanField(
        label=gettext_lazy("Only answers that a reviewer accepted or fixed"), required=False
    )
    with_gold = forms.BooleanField(
        label=gettext_lazy("Also answers to items whose right answer was known"), required=False
    )
    with_model = forms.BooleanField(
        label=gettext_lazy("Also labels of a model that were accepted automatically"), required=False, initial=True
    )
    keep_labels = forms.BooleanField(
        label=gettext_lazy("Items that nobody answered keep the label they came with"), required=False, initial=True
    )
    consensus = forms.ChoiceField(
        label=gettext_lazy("When people differ"), choices=DECIDES, initial="majority",
        help_text=gettext_lazy("A model learns how well each person answers; it adds how sure it is of each label."),
    )  # fmt: skip
    validation = forms.FloatField(label=gettext_lazy("Share for validation"), min_value=0, max_value=0.9, initial=0.1)
    test = forms.FloatField(label=gettext_lazy("Share for the test"), min_value=0, max_value=0.9, initial=0.2)
    seed = forms.IntegerField(label=gettext_lazy("Seed of the split"), min_value=0, max_value=2**31 - 1, initial=0)


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=ProjectState.choices)


class OrderForm(forms.Form):
    order = forms.ChoiceField(label=gettext_lazy("Order of the tasks"), choices=TaskOrder.choices)


class ProjectsPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest) -> HttpResponse:
        page = page_of(request, Project.objects.visible_to(request.actor).select_related("version__dataset"))
        return render(request, "labeling/projects.html", {"page": page, **rights_of(request)})


class ProjectPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        rights = rights_of(request)
        figures = figures_for(actor=request.actor, project=project)
        figures["judged"] = sum(row["judged"] for row in figures["people"])
        most = max([row["count"] for row in figures["labels"]], default=0)
        jobs = Job.objects.visible_to(request.actor).filter(subject=f"project:{project.pk}").order_by("-pk")
        context = {
            "project": project,
            "figures": figures,
            "label_rows": [{"label": row["title"], "value": row["count"]} for row in figures["labels"]],
            "most": most,
            "jobs": list(jobs[:5]) if rights["may_see"] else [],
            "open_job": jobs.filter(finished_at=None).first(),
            "publish": PublishForm(),
            "published": list(project.version.children.filter(kind="publish").order_by("-number")[:5]),
            "states": ProjectState.choices,
            "order": OrderForm(initial={"order": project.order}),
            "curve": curve_rows(project.learning),
            "learning": learning_sentence(project.learning),
            **rights,
        }
        return render(request, "labeling/project.html", context)


class PublishPage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        # With one person for each item nobody differs, and the page does not ask.
        form = PublishForm({"consensus": "majority", **request.POST.dict()})
        if form.is_valid():
            with form_errors(form):
                start_publish(actor=request.actor, project_id=pk, options=form.cleaned_data)
                return redirect("labeling:project", pk)
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect("labeling:project", pk)


class StatePage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = StateForm(request.POST)
        if form.is_valid():
            change_project(actor=request.actor, project_id=pk, state=form.cleaned_data["state"])
        else:
            messages.error(request, _("There is no such state."))
        return redirect("labeling:project", pk)


class OrderPage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = OrderForm(request.POST)
        if form.is_valid():
            change_project(actor=request.actor, project_id=pk, order=form.cleaned_data["order"])
        else:
            messages.error(request, _("There is no such order."))
        return redirect("labeling:project", pk)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class LabelPage(ScopedPage):
    scopes = {"GET": "label"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        context = {"project": project, "annotation": _own_answer(request, project)}
        return render(request, "labeling/page.html", context)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class ReviewPage(ScopedPage):
    """The labeling page, opened on others' answers; which ones stands in the address as on the page of answers."""

    scopes = {"GET": "review"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        return render(request, "labeling/page.html", {"project": project, "review": request.GET.urlencode() or "all=1"})


def _own_answer(request: PageRequest, project: Project) -> int | None:
    """Return the answer of this person that the address names, by its own number or by its item's."""
    rows = Annotation.objects.filter(project=project, annotator_id=request.actor.user_id)
    for name, field in (("annotation", "pk"), ("item", "task__item_id")):
        given = request.GET.get(name, "")
        if given:
            found: int | None = rows.filter(**{field: whole_number(given) or 0}).values_list("pk", flat=True).first()
            if found is None:
                raise NotFound(_("There is no such answer of yours."))
            return found
    return None


def rights_of(request: HttpRequest) -> dict[str, bool]:
    actor = request.actor  # type: ignore[attr-defined]
    return {
        "may_write": actor.can("project.write"),
        "may_label": actor.can("label"),
        "may_review": actor.can("review"),
        "may_know_gold": may_know_gold(actor),
        "may_see": actor.can("data.read") or actor.can("review") or actor.can("project.write"),
    }
