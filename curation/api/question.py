from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from curation.api.run import StartedRunOutput
from curation.engine.decisions import ACTIONS, PERSONAL_RULE, RULES
from curation.models import QuestionState, Run
from curation.services.decision import start_apply
from curation.services.finding import decide_by_rule, decide_question, undo_decision, undo_rule
from curation.services.question import find_question, list_questions, question_json, visible_run
from workers.api.job import JobOutput

DECIDE = ("review", "data.write")
LARGEST = 2**62


class DecisionOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    action = serializers.ChoiceField(choices=ACTIONS)
    items = serializers.ListField(
        child=serializers.IntegerField(), help_text="What keep_only and merge keep; numbers of spans for personal."
    )
    label = serializers.CharField(allow_null=True)
    bulk = serializers.UUIDField(allow_null=True, help_text="Made together by one rule.")
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()


class QuestionOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    step = serializers.CharField()
    code = serializers.CharField()
    size = serializers.IntegerField(help_text="Items in the question.")
    state = serializers.ChoiceField(choices=QuestionState.choices)
    replayed = serializers.BooleanField(help_text="Decided on an earlier run and given again.")
    decision = DecisionOutput(allow_null=True)


class QuestionItemOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    text = serializers.CharField()
    cut = serializers.BooleanField(help_text="Only the first 20,000 code points are compared.")
    label = serializers.CharField(allow_null=True)
    detail = serializers.CharField()
    columns = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    segments = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text='[kind, text]: "=" in both, "-" only in the first item, "+" only here.',
    )
    cells = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Of pii_uncertain: column, text, and spans with number, start, end (code points), label, score.",
    )


class QuestionDetailOutput(QuestionOutput):
    items = QuestionItemOutput(many=True)
    more = serializers.IntegerField(help_text="Items that are not shown.")
    labels = serializers.ListField(child=serializers.CharField())
    same_text = serializers.BooleanField()


class CountOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    open = serializers.IntegerField()
    decided = serializers.IntegerField()


class QuestionsOutput(serializers.Serializer[Any]):
    results = QuestionOutput(many=True)
    next_after = serializers.IntegerField(allow_null=True)
    counts = CountOutput(many=True)


class QuestionsInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60, required=False, default="")
    state = serializers.ChoiceField(choices=QuestionState.choices, required=False, default="")
    after = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)


class DecideInput(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=ACTIONS)
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), required=False, max_length=10_000
    )
    label = serializers.CharField(max_length=500, required=False, allow_null=True)
    expected = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST,
        required=False,
        allow_null=True,
        help_text="The decision you saw; null for an open question.",
    )
    client_key = serializers.UUIDField(required=False, help_text="Sent again, it decides once.")


class UndoInput(serializers.Serializer[Any]):
    decision = serializers.IntegerField(min_value=1, max_value=LARGEST)


class RuleInput(serializers.Serializer[Any]):
    rule = serializers.RegexField(
        rf"^(?:{'|'.join(RULES)}|{PERSONAL_RULE}[A-Z][A-Z0-9_]{{1,39}})$",
        max_length=60,
        help_text=f"One of {', '.join(RULES)}, or {PERSONAL_RULE}TYPE such as {PERSONAL_RULE}PERSON.",
    )
    code = serializers.CharField(max_length=60)
    bulk = serializers.UUIDField(help_text="Your name for the whole, to undo it; sent again, it decides once.")


class UndoRuleInput(serializers.Serializer[Any]):
    bulk = serializers.UUIDField()


class RuleOutput(serializers.Serializer[Any]):
    decided = serializers.IntegerField(allow_null=True)
    bulk = serializers.UUIDField()
    job = JobOutput(allow_null=True, help_text="Decides when the questions are more than two thousand.")


class UndoneOutput(serializers.Serializer[Any]):
    undone = serializers.IntegerField(allow_null=True)
    job = JobOutput(allow_null=True)


class QuestionsView(ScopedAPIView):
    """What a run asks people."""

    model = Run
    scopes = {"GET": "data.read"}

    @extend_schema(operation_id="runs_questions_list", parameters=[QuestionsInput], responses=QuestionsOutput)
    def get(self, request: Request, pk: int) -> Response:
        run = visible_run(request.actor, pk)  # type: ignore[attr-defined]
        chosen = valid(QuestionsInput, request.query_params)
        return Response(list_questions(actor=request.actor, run_id=run.pk, **chosen))  # type: ignore[attr-defined]


class QuestionView(ScopedAPIView):
    model = Run
    scopes = {"GET": "data.read"}

    @extend_schema(responses=QuestionDetailOutput)
    def get(self, request: Request, pk: int, number: int) -> Response:
        """One question with its items, and where their texts differ."""
        return Response(find_question(actor=request.actor, run_id=pk, number=number))  # type: ignore[attr-defined]


class DecideView(ScopedAPIView):
    model = Run
    scopes = {"POST": DECIDE}

    @extend_schema(request=DecideInput, responses={200: QuestionOutput})
    def post(self, request: Request, pk: int, number: int) -> Response:
        """Answer a question. 409 question_decided names the decision of somebody who was first."""
        run = visible_run(request.actor, pk)  # type: ignore[attr-defined]
        question = decide_question(
            actor=request.actor,  # type: ignore[attr-defined]
            run_id=run.pk,
            number=number,
            **valid(DecideInput, request.data),
        )
        return Response(question_json(question))


class UndoView(ScopedAPIView):
    model = Run
    scopes = {"POST": DECIDE}

    @extend_schema(request=UndoInput, responses={200: QuestionOutput})
    def post(self, request: Request, pk: int, number: int) -> Response:
        """Open a question again."""
        run = visible_run(request.actor, pk)  # type: ignore[attr-defined]
        decision = valid(UndoInput, request.data)["decision"]
        question = undo_decision(actor=request.actor, run_id=run.pk, number=number, decision_id=decision)  # type: ignore[attr-defined]
        return Response(question_json(question))


class RuleView(ScopedAPIView):
    model = Run
    scopes = {"POST": DECIDE}

    @extend_schema(request=RuleInput, responses={200: RuleOutput, 202: RuleOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Answer every open question of a code by a rule; what it cannot decide stays open."""
        run = visible_run(request.actor, pk)  # type: ignore[attr-defined]
        chosen = valid(RuleInput, request.data)
        decided, job = decide_by_rule(actor=request.actor, run_id=run.pk, **chosen)  # type: ignore[attr-defined]
        body = {"decided": decided, "bulk": str(chosen["bulk"]), "job": JobOutput(job).data if job else None}
        return Response(body, status=202 if job else 200)


class UndoRuleView(ScopedAPIView):
    model = Run
    scopes = {"POST": DECIDE}

    @extend_schema(request=UndoRuleInput, responses={200: UndoneOutput, 202: UndoneOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Undo every decision of a rule that still stands."""
        run = visible_run(request.actor, pk)  # type: ignore[attr-defined]
        undone, job = undo_rule(actor=request.actor, run_id=run.pk, bulk=valid(UndoRuleInput, request.data)["bulk"])  # type: ignore[attr-defined]
        body = {"undone": undone, "job": JobOutput(job).data if job else None}
        return Response(body, status=202 if job else 200)


class ApplyDecisionsView(ScopedAPIView):
    model = Run
    scopes = {"POST": "data.write"}

    @extend_schema(request=None, responses={202: StartedRunOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Make the next version out of the run's version and what people decided."""
        run, job = start_apply(actor=request.actor, run_id=pk)  # type: ignore[attr-defined]
        return Response(StartedRunOutput({"run": run, "job": job}).data, status=202)
