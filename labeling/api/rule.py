"""Labeling rules over REST: written, tried, applied."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.models import LabelingRule, Project, RuleKind
from labeling.services.project import find_project
from labeling.services.rule import add_rule, change_rule, delete_rule, find_rule, list_rules, try_rule
from labeling.services.rule_run import last_run, start_rules
from workers.api.job import JobOutput

SEEN = ("review", "project.write", "data.read")
WRITE = "project.write"


class LabelingRuleOutput(serializers.ModelSerializer[LabelingRule]):
    figures = serializers.DictField(
        allow_null=True,
        help_text="Of the last run: hits, coverage, overlap and conflict as shares of the items, judged items whose "
        "label people know, accuracy on these, and believed, what the label model thinks of its accuracy.",
    )
    params = serializers.DictField(
        help_text='keyword: {"terms": [], "every": false}; regex: {"pattern": "", "ignore_case": true}; '
        'dictionary: {"terms": [], "least": 1}.'
    )

    class Meta:
        model = LabelingRule
        fields = [
            "id", "project", "name", "label", "kind", "params", "enabled", "figures", "stopped", "created_at",
            "updated_at",
        ]  # fmt: skip


class LabelingRulesOutput(serializers.Serializer[Any]):
    results = LabelingRuleOutput(many=True)
    run = JobOutput(allow_null=True, help_text="The newest job that applied the rules.")


class LabelingRuleInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    label = serializers.CharField(max_length=200, help_text="A value of the project's first choice.")
    kind = serializers.ChoiceField(choices=RuleKind.choices)
    params = serializers.DictField(help_text="As the rule's kind takes them.")


class LabelingRuleTry(serializers.Serializer[Any]):
    label = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=RuleKind.choices)
    params = serializers.DictField()


class LabelingRuleChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    label = serializers.CharField(max_length=200, required=False)
    kind = serializers.ChoiceField(choices=RuleKind.choices, required=False)
    params = serializers.DictField(required=False)
    enabled = serializers.BooleanField(required=False)


class RuleHitOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    text = serializers.CharField()
    label = serializers.CharField(help_text="What people said; empty when nobody did.")


class TriedRuleOutput(serializers.Serializer[Any]):
    sample = serializers.IntegerField(help_text="Items looked at, 500 at most.")
    hits = serializers.IntegerField()
    judged = serializers.IntegerField(help_text="Hit items whose answers agree on a label.")
    right = serializers.IntegerField(help_text="How many of these have the rule's label.")
    examples = RuleHitOutput(many=True)
    stopped = serializers.IntegerField(allow_null=True, help_text="The item that the rule hung on.")


class RulesView(ScopedAPIView):
    """Labeling rules of a project."""

    model = Project
    scopes = {"GET": SEEN, "POST": WRITE}

    @extend_schema(responses=LabelingRulesOutput)
    def get(self, request: Request, pk: int) -> Response:
        """List the rules, with what each did when they were last applied."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        body = {
            "results": list_rules(actor=actor, project=project),
            "run": last_run(actor=actor, project=project),
        }
        return Response(LabelingRulesOutput(body).data)

    @extend_schema(request=LabelingRuleInput, responses={201: LabelingRuleOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Write a rule; it votes from the next time on that the rules are applied."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        rule = add_rule(actor=actor, project_id=pk, **valid(LabelingRuleInput, request.data))
        return Response(LabelingRuleOutput(rule).data, status=201)


class RuleTryView(ScopedAPIView):
    """What a rule would do."""

    model = Project
    scopes = {"POST": WRITE}

    @extend_schema(request=LabelingRuleTry, responses=TriedRuleOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Try a rule on a sample of the items; nothing is saved."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        tried = try_rule(actor=actor, project_id=pk, **valid(LabelingRuleTry, request.data))
        examples = [{"item_id": item, "text": text, "label": label} for item, text, label in tried.examples]
        body = {name: getattr(tried, name) for name in ("sample", "hits", "judged", "right", "stopped")}
        return Response(TriedRuleOutput({**body, "examples": examples}).data)


class ApplyRulesView(ScopedAPIView):
    """Suggestions out of the rules."""

    model = Project
    scopes = {"POST": WRITE}

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Let the rules vote on every item, weigh their votes, and store the labels as suggestions."""
        job = start_rules(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)


class RuleView(ScopedAPIView):
    """One labeling rule."""

    model = LabelingRule
    scopes = {"GET": SEEN, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(responses=LabelingRuleOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show one rule."""
        return Response(LabelingRuleOutput(find_rule(actor=request.actor, rule_id=pk)).data)  # type: ignore[attr-defined]

    @extend_schema(request=LabelingRuleChange, responses=LabelingRuleOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a rule, or whether it is in use."""
        actor = request.actor  # type: ignore[attr-defined]
        find_rule(actor=actor, rule_id=pk)
        return Response(
            LabelingRuleOutput(change_rule(actor=actor, rule_id=pk, **valid(LabelingRuleChange, request.data))).data
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a rule; suggestions that it took part in stay until the rules are applied again."""
        delete_rule(actor=request.actor, rule_id=pk)  # type: ignore[attr-defined]
        return Response(status=204)
