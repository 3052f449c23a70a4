"""The review of a run's findings, one question at a time; every button works without the script too."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import Conflict
from curation.engine.decisions import ACTIONS, CHOOSING, PERSONAL_RULE, RULES
from curation.engine.pii.uncertain import CODE, Doubts
from curation.engine.text_diff import marked_html
from curation.models import Finding, Question, QuestionState, Run
from curation.pages.explorer import whole_number
from curation.pages.picture import compared_facts, view
from curation.pages.run import run_of
from curation.services.decision import decisions_to_apply, start_apply
from curation.services.finding import decide_by_rule, decide_question, undo_decision, undo_rule
from curation.services.question import find_question, first_question, neighbours
from curation.services.question_count import question_counts, recent_bulks
from curation.wording import PII_TEXTS, REASONS, RULE_TEXTS, STEP_TEXTS

DECIDE = ("review", "data.write")
LABELS_OFFERED = 30
LABEL_BUTTONS = 6
RULES_SHOWN = 5
# The texts of review.js.
WORDS = [
    *(gettext_noop("Saving…"), gettext_noop("Saved"), gettext_noop("Not saved yet. Trying again…")),
    gettext_noop("There is nothing to undo."),
    *(gettext_noop("Choose what to keep first: its number, or a click."), gettext_noop("Undone")),
    gettext_noop("Items are merged into one: choose a single item."),
    gettext_noop("An answer from before was not saved. It has been sent again."),
    gettext_noop("The server did not take an answer from before: {reason}"),
]


class DecideForm(forms.Form):
    """One answer, as the buttons of the page send it."""

    number = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    expected = forms.IntegerField(required=False, min_value=1)
    action = forms.ChoiceField(choices=[(name, name) for name in (*ACTIONS, "drop_one", "undo")])
    label = forms.CharField(required=False, max_length=500)
    client_key = forms.UUIDField(required=False)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class ReviewPage(ScopedPage):
    """One question with its items side by side."""

    scopes = {"GET": "data.read", "POST": DECIDE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        chosen = chosen_filter(request)
        number = whole_number(request.GET.get("n")) or first_question(run, **chosen)
        known = number is not None and Question.objects.filter(run=run, number=number).exists()
        context = {
            **frame(request, run, chosen),
            "question": worded_question(request, run, number) if known and number else None,
            "page_words": {text: _(text) for text in WORDS},
        }
        if known and number:
            around = neighbours(run, number, **chosen)
            context |= {name: address(run, chosen, around[name]) for name in ("previous", "next")}
        return render(request, "curation/review.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        chosen = chosen_filter(request)
        data = request.POST.copy()
        if "set" in data:
            data["action"], data["label"] = "label", request.POST["set"]
        form = DecideForm(data)
        if not form.is_valid():
            messages.error(request, _("This answer could not be read. Choose again."))
            return redirect(address(run, chosen, None))
        number = form.cleaned_data["number"]
        try:
            decide(request, run, form.cleaned_data)
        except Conflict as error:
            messages.error(request, str(error.detail))
            return redirect(address(run, chosen, number))
        stay = form.cleaned_data["action"] == "undo"
        return redirect(address(run, chosen, number if stay else neighbours(run, number, **chosen)["next"]))


def decide(request: PageRequest, run: Run, data: dict[str, Any]) -> None:
    """Carry out what a button says."""
    where = {"actor": request.actor, "run_id": run.pk, "number": data["number"]}
    if data["action"] == "undo":
        undo_decision(**where, decision_id=data["expected"] or 0)
        return
    items = [whole_number(item) for item in request.POST.getlist("item")]
    if data["action"] == "drop_one":
        question = find_question(**where)
        rest = [item["item_id"] for item in question["items"] if item["item_id"] not in items]
        data["action"], items = ("keep_only", rest) if rest else ("drop", [])
    decide_question(
        **where,
        action=data["action"],
        items=items,
        label=data["label"],
        expected=data["expected"],
        client_key=data["client_key"],
    )


def chosen_filter(request: PageRequest) -> dict[str, str]:
    """Read code and state out of the address; to decide is what people come for."""
    state = request.GET.get("state", QuestionState.OPEN)
    return {"code": request.GET.get("code", "")[:60], "state": state if state in QuestionState.values else ""}


def address(run: Run, chosen: dict[str, str], number: int | None) -> str:
    """Return the address of a question under a filter, of the next to decide without a number."""
    query = {"code": chosen["code"], "state": chosen["state"] or "all", "n": number}
    kept = {name: value for name, value in query.items() if value and (name, value) != ("state", "open")}
    return reverse("curation:review", args=[run.pk]) + (f"?{urlencode(kept)}" if kept else "")


def frame(request: PageRequest, run: Run, chosen: dict[str, str]) -> dict[str, Any]:
    """Return what stands around the question: progress, filters, rules."""
    counts = question_counts(run)
    for row in counts:
        row |= {"title": REASONS.get(row["code"], row["code"]), "total": row["open"] + row["decided"]}
        row |= {"url": address(run, {**chosen, "code": row["code"]}, None), "chosen": row["code"] == chosen["code"]}
    shown = [row for row in counts if not chosen["code"] or row["chosen"]]
    decided, total = sum(row["decided"] for row in shown), sum(row["total"] for row in shown)
    by_state = {"open": total - decided, "": total, "decided": decided}
    titles = {"open": _("To decide"), "": _("All"), "decided": _("Decided")}
    return {
        "run": run,
        "dataset": run.input.dataset,
        "counts": counts,
        "every_code": address(run, {**chosen, "code": ""}, None),
        "states": [
            {
                "title": titles[name],
                "rows": rows,
                "url": address(run, {**chosen, "state": name}, None),
                "chosen": name == chosen["state"],
            }
            for name, rows in by_state.items()
        ],
        "decided": decided,
        "total": total,
        "open_codes": [{**row, "rules": rules_for(run, row["code"])} for row in shown if row["open"]],
        "bulks": recent_rules(run),
        "may_decide": any(request.actor.can(scope) for scope in DECIDE),
        "may_apply": request.actor.can("data.write") and decisions_to_apply(run),
        "here": address(run, chosen, None),
    }


def recent_rules(run: Run) -> list[dict[str, Any]]:
    """Return the last rules whose decisions still stand."""
    return [
        {
            "bulk": row.bulk,
            "code": row.code,
            "rows": row.standing,
            "at": row.made_at,
            "title": REASONS.get(row.code, row.code),
            "who": str(row.made_by) if row.made_by else "",
        }
        for row in recent_bulks(run, RULES_SHOWN)
    ]


def worded_question(request: PageRequest, run: Run, number: int) -> dict[str, Any]:
    """Return a question in the reader's words, with safe HTML of its differences."""
    question = find_question(actor=request.actor, run_id=run.pk, number=number)
    dropped = set(dropped_items(question))
    facts = compared_facts([item["image_facts"] for item in question["items"]])
    for place, item in enumerate(question["items"], 1):
        item["html"] = marked(item["segments"])
        item["place"] = place
        item["picture"] = view(item["image"] or "")
        item["facts"] = facts[place - 1]
        item["fate"] = "dropped" if item["item_id"] in dropped else "kept" if question["decision"] else ""
    if question["code"] == CODE:
        word_doubts(question)
    known = [str(name) for name, _rows in run.input.manifest.get("stats", {}).get("labels", [])]
    title, what = STEP_TEXTS.get(question["step"], (question["step"], ""))
    others = [name for name in known if name not in question["labels"]]
    return {
        **question,
        "title": REASONS.get(question["code"], question["code"]),
        "step_title": title,
        "what": what,
        "offered": [*question["labels"], *others][:LABELS_OFFERED] if "label" in run.input.manifest["roles"] else [],
        "buttons": question["labels"][:LABEL_BUTTONS] if "label" in run.input.manifest["roles"] else [],
        "marked": any(kind != "=" for item in question["items"] for kind, _text in item["segments"]),
        "client_key": uuid.uuid4(),
    }


def word_doubts(question: dict[str, Any]) -> None:
    """Add what shows uncertain spans: texts with marks, and a choice for each span."""
    chosen = set(question["decision"]["items"]) if question["decision"] else set()
    question["personal"] = True
    for item in question["items"]:
        item["detail"] = ""
        for cell in item["cells"]:
            cell["html"] = spans_html(
                cell["text"], [(one["start"], one["end"], one["number"]) for one in cell["spans"]]
            )
            for one in cell["spans"]:
                one["title"] = PII_TEXTS.get(one["label"], one["label"])
                one["percent"] = round(100 * one["score"])
                one["value"] = cell["text"][one["start"] : one["end"]]
                one["chosen"] = one["number"] in chosen


def spans_html(text: str, spans: list[tuple[int, int, int]]) -> SafeString:
    """Return a text with its spans marked and numbered; 0 marks without a number."""
    pieces, done = [], 0
    for start, end, number in sorted(spans):
        if start < done or end <= start:
            continue
        sign = format_html("<sup>{}</sup>", number) if number else ""
        pieces.append(format_html('{}<mark class="pii-span">{}</mark>{}', text[done:start], text[start:end], sign))
        done = end
    return format_html("{}{}", mark_safe("".join(pieces)), text[done:])  # noqa: S308  (every piece is escaped)


def doubted_types(run: Run) -> list[str]:
    """Return the types of the spans that open questions ask about; those of the first two thousand."""
    rows = Finding.objects.filter(run=run, code=CODE, question__state=QuestionState.OPEN).order_by("pk")
    details = rows.values_list("detail", flat=True)[:2_000]
    return sorted({one.label for detail in details for one in Doubts.of_detail(detail).spans})


def rules_for(run: Run, code: str) -> list[tuple[str, str]]:
    """Return the rules that can answer questions of a code."""
    if code != CODE:
        return [(name, str(RULE_TEXTS[name])) for name in RULES if name != "all_personal"]
    types = doubted_types(run)
    by_type = [
        (
            PERSONAL_RULE + name,
            _("personal data where all is of the type “%(type)s”") % {"type": PII_TEXTS.get(name, name)},
        )
        for name in (types if len(types) > 1 else [])
    ]
    return [("all_personal", str(RULE_TEXTS["all_personal"])), *by_type, ("keep_all", _("nothing is personal data"))]


def dropped_items(question: dict[str, Any]) -> list[int]:
    """Return the items that the standing decision drops."""
    decision = question["decision"]
    if decision is None or decision["action"] not in {"drop", *CHOOSING}:
        return []
    kept = decision["items"] if decision["action"] in CHOOSING else []
    return [item["item_id"] for item in question["items"] if item["item_id"] not in kept]


def marked(segments: list[tuple[str, str]], *, removed: str = "", added: str = "") -> SafeString:
    """Return the parts of a text with what differs marked, for eyes and for screen readers."""
    html = marked_html(segments, removed=removed or _("only in the first"), added=added or _("only here"))
    return mark_safe(html)  # noqa: S308  (marked_html escapes every text)


class RulePage(ScopedPage):
    """Answers all open questions of a code by a rule."""

    scopes = {"POST": DECIDE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        count, job = decide_by_rule(
            actor=request.actor,
            run_id=run.pk,
            rule=request.POST.get("rule", ""),
            code=request.POST.get("code", "")[:60],
            bulk=uuid.uuid4(),
        )
        if job is not None:
            return redirect("workers:job", job.pk)
        said = ngettext("The rule decided %(count)s question.", "The rule decided %(count)s questions.", count or 0)
        messages.success(request, said % {"count": count})
        return redirect("curation:review", run.pk)


class UndoRulePage(ScopedPage):
    """Undoes all that a rule decided."""

    scopes = {"POST": DECIDE}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        try:
            bulk = uuid.UUID(request.POST.get("bulk", ""))
        except ValueError:
            messages.error(request, _("This answer could not be read. Choose again."))
            return redirect("curation:review", run.pk)
        count, job = undo_rule(actor=request.actor, run_id=run.pk, bulk=bulk)
        if job is not None:
            return redirect("workers:job", job.pk)
        said = ngettext("%(count)s question is open again.", "%(count)s questions are open again.", count or 0)
        messages.success(request, said % {"count": count})
        return redirect("curation:review", run.pk)


class ApplyPage(ScopedPage):
    """Makes the next version out of what was decided."""

    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run, _job = start_apply(actor=request.actor, run_id=run_of(request, pk).pk)
        return redirect("curation:run", run.pk)
