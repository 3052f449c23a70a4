from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from curation.api.version import ItemPageOutput, PageInput
from curation.models import Finding, Plan, Run
from curation.services.item import page_of_drops
from curation.services.plan import copy_plan, delete_plan, rename_plan
from curation.services.run import save_plan, start_run, suggest_plan
from workers.api.job import JobOutput


class StepsField(serializers.JSONField):
    """A plan as JSON: {"steps": [{"name": "normalize_text", "params": {}}]}."""


class PlanInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    steps = serializers.DictField()


class PlanNameInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)


class PlanOutput(serializers.ModelSerializer[Plan]):
    class Meta:
        model = Plan
        fields = ["id", "name", "steps", "created_at", "updated_at"]


class RunInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**62)
    plan = serializers.IntegerField(min_value=1, max_value=2**62, required=False)
    steps = serializers.DictField(required=False)


class RunOutput(serializers.ModelSerializer[Run]):
    class Meta:
        model = Run
        fields = ["id", "input", "output", "plan", "steps", "fingerprint", "job", "report", "created_at"]


class StartedRunOutput(serializers.Serializer[Any]):
    run = RunOutput()
    job = JobOutput()


class DefaultPlanInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**62)


class DropsInput(PageInput):
    step = serializers.CharField(max_length=60, required=False)
    reason = serializers.CharField(max_length=60, required=False)


class FindingsInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60, required=False)


class FindingOutput(serializers.ModelSerializer[Finding]):
    class Meta:
        model = Finding
        fields = ["id", "step", "code", "item_id", "group", "detail", "state"]


class DefaultPlanView(ScopedAPIView):
    """The plan that Assay would run on a version."""

    scopes = {"GET": "data.read"}

    @extend_schema(parameters=[DefaultPlanInput], responses=dict[str, Any])
    def get(self, request: Request) -> Response:
        version_id = valid(DefaultPlanInput, request.query_params)["version"]
        return Response(suggest_plan(actor=request.actor, version_id=version_id))  # type: ignore[attr-defined]


class PlanViewSet(ScopedViewSet):
    """Saved plans."""

    queryset = Plan.objects.all()
    serializer_class = PlanOutput
    scopes = {"GET": "data.read", "POST": "data.write", "PATCH": "data.write", "DELETE": "data.write"}

    @extend_schema(responses=PlanOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(PlanOutput(page, many=True).data)

    @extend_schema(request=PlanInput, responses={201: PlanOutput})
    def create(self, request: Request) -> Response:
        """Keep a plan under its name; the same name is written over."""
        plan = save_plan(actor=request.actor, **valid(PlanInput, request.data))  # type: ignore[attr-defined]
        return Response(PlanOutput(plan).data, status=201)

    @extend_schema(responses=PlanOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(PlanOutput(self.get_object()).data)

    @extend_schema(request=PlanNameInput, responses=PlanOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Give a plan another name."""
        found = self.get_object().pk
        plan = rename_plan(actor=request.actor, plan_id=found, **valid(PlanNameInput, request.data))  # type: ignore[attr-defined]
        return Response(PlanOutput(plan).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a plan; the runs that used it keep its steps."""
        delete_plan(actor=request.actor, plan_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=None, responses={201: PlanOutput})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: int) -> Response:
        """Make a second plan of the same steps."""
        return Response(PlanOutput(copy_plan(actor=request.actor, plan_id=self.get_object().pk)).data, status=201)  # type: ignore[attr-defined]


class RunViewSet(ScopedViewSet):
    """Plans applied to versions, with their reports."""

    queryset = Run.objects.all()
    serializer_class = RunOutput
    scopes = {"GET": "data.read", "POST": "data.write"}

    @extend_schema(responses=RunOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(RunOutput(page, many=True).data)

    @extend_schema(request=RunInput, responses={202: StartedRunOutput})
    def create(self, request: Request) -> Response:
        """Apply a plan to a version; without plan and steps, the default plan."""
        chosen = valid(RunInput, request.data)
        run, job = start_run(
            actor=request.actor,  # type: ignore[attr-defined]
            version_id=chosen["version"],
            steps=chosen.get("steps"),
            plan_id=chosen.get("plan"),
        )
        return Response({"run": RunOutput(run).data, "job": JobOutput(job).data}, status=202)

    @extend_schema(responses=RunOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(RunOutput(self.get_object()).data)

    @extend_schema(parameters=[DropsInput], responses=ItemPageOutput)
    @action(detail=True, methods=["get"])
    def drops(self, request: Request, pk: int) -> Response:
        """The items that the run dropped, with step, reason and detail."""
        chosen = valid(DropsInput, request.query_params)
        return Response(page_of_drops(actor=request.actor, run_id=self.get_object().pk, **chosen))  # type: ignore[attr-defined]

    @extend_schema(parameters=[FindingsInput], responses=FindingOutput(many=True))
    @action(detail=True, methods=["get"])
    def findings(self, request: Request, pk: int) -> Response:
        """What a person should look at."""
        chosen = valid(FindingsInput, request.query_params)
        page = self.paginate_queryset(self.get_object().findings.filter(**chosen))
        return self.get_paginated_response(FindingOutput(page, many=True).data)
