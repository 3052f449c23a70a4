from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from curation.models import Version
from curation.services.plan import checked, preview, visible_version


class CheckInput(serializers.Serializer[Any]):
    steps = serializers.JSONField(required=False, help_text='A plan: {"steps": [{"name": …, "params": {…}}]}.')
    yaml = serializers.CharField(required=False, max_length=200_000, allow_blank=True, help_text="Or the plan as YAML.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("steps" in attrs) == ("yaml" in attrs):
            raise serializers.ValidationError("Send either steps or yaml.")
        return attrs


class MistakeOutput(serializers.Serializer[Any]):
    step = serializers.IntegerField(allow_null=True, help_text="From 1; null when it is about the whole plan.")
    param = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class CheckOutput(serializers.Serializer[Any]):
    steps = serializers.JSONField()
    yaml = serializers.CharField()
    errors = MistakeOutput(many=True)


class PreviewInput(serializers.Serializer[Any]):
    steps = serializers.DictField()


class ExampleOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    text = serializers.CharField()
    after = serializers.CharField()
    column = serializers.CharField()
    label = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class CopySideOutput(serializers.Serializer[Any]):
    text = serializers.CharField()
    spans = serializers.ListField(child=serializers.ListField(), help_text="Start, end and label of each.")
    picture = serializers.CharField(help_text="A small copy as a data address, or empty.")
    size = serializers.ListField(child=serializers.IntegerField())
    shapes = serializers.ListField(child=serializers.DictField())


class CopyOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    by = serializers.CharField()
    before = CopySideOutput()
    after = CopySideOutput()
    lost = serializers.IntegerField()


class PreviewCountOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    rows = serializers.IntegerField()
    examples = ExampleOutput(many=True)


class StepPreviewOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    rows_in = serializers.IntegerField()
    rows_out = serializers.IntegerField()
    changed = serializers.IntegerField()
    changes = ExampleOutput(many=True)
    dropped = PreviewCountOutput(many=True)
    found = PreviewCountOutput(many=True)
    columns = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField()
    added = serializers.IntegerField()
    copies = CopyOutput(many=True)


class PreviewOutput(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    steps = StepPreviewOutput(many=True)


class CheckPlanView(ScopedAPIView):
    """Says all that is wrong with a plan, and gives it back as JSON and as YAML."""

    scopes = {"POST": "data.read"}

    @extend_schema(request=CheckInput, responses={200: CheckOutput})
    def post(self, request: Request) -> Response:
        found = checked(**valid(CheckInput, request.data))
        errors = [asdict(mistake) for mistake in found.mistakes]
        return Response({"steps": found.plan, "yaml": found.to_yaml(), "errors": errors})


class PreviewPlanView(ScopedAPIView):
    """Tries a plan on a sample of a version, within seconds."""

    model = Version
    scopes = {"POST": "data.read"}

    @extend_schema(request=PreviewInput, responses={200: PreviewOutput})
    def post(self, request: Request, pk: int) -> Response:
        version = visible_version(request.actor, pk)  # type: ignore[attr-defined]
        steps = valid(PreviewInput, request.data)["steps"]
        rows, found = preview(actor=request.actor, version_id=version.pk, steps=steps)  # type: ignore[attr-defined]
        body = [asdict(step) for step in found]
        for step in body:
            for name in ("dropped", "found"):
                step[name] = [
                    {"code": code, "rows": count, "examples": examples}
                    for code, (count, examples) in step[name].items()
                ]
        return Response({"rows": rows, "steps": body})
