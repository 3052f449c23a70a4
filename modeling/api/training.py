from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from modeling.families import FAMILIES
from modeling.models import Training
from modeling.services.training import start_training
from workers.api.job import JobOutput
from workers.models import JobState

SEED_LIMIT = 2**31 - 1


class FamilyOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    what = serializers.CharField(help_text="What it does, in one sentence.")
    when = serializers.CharField(help_text="When to choose it.")
    cost = serializers.CharField(help_text="What it costs in time, as measured.")
    exportable = serializers.BooleanField(help_text="Whether a bundle can be made of its models.")
    params = serializers.ListField(child=serializers.DictField())


class FamilyListOutput(serializers.Serializer[Any]):
    results = FamilyOutput(many=True)


class FamilyView(ScopedAPIView):
    """The families of models there are to train."""

    scopes = {"GET": "model.read"}

    @extend_schema(responses=FamilyListOutput)
    def get(self, request: Request) -> Response:
        return Response({"results": [family.as_json() for family in FAMILIES.values()]})


class TrainingInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**62)
    family = serializers.ChoiceField(choices=sorted(FAMILIES))
    params = serializers.DictField(required=False)
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class TrainingOutput(serializers.ModelSerializer[Training]):
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)
    model = serializers.IntegerField(source="model.pk", default=None, allow_null=True)

    class Meta:
        model = Training
        fields = [
            "id", "version", "name", "family", "params", "seed", "job", "state", "encoder", "device", "fingerprint",
            "model", "created_by", "created_at",
        ]  # fmt: skip


class TrainingDetailOutput(TrainingOutput):
    class Meta(TrainingOutput.Meta):
        fields = [*TrainingOutput.Meta.fields, "environment", "report"]


class StartedTrainingOutput(serializers.Serializer[Any]):
    training = TrainingOutput()
    job = JobOutput()


class TrainingFilter(filters.FilterSet):
    version = filters.NumberFilter(min_value=1, max_value=2**62)
    family = filters.ChoiceFilter(choices=[(name, name) for name in FAMILIES])

    class Meta:
        model = Training
        fields = ["version", "family"]


class TrainingViewSet(ScopedViewSet):
    """Fits of model families on versions, with their reports. The job's metrics are the live curves."""

    queryset = Training.objects.select_related("job", "model")
    serializer_class = TrainingDetailOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = TrainingFilter
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=TrainingOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().defer("report", "environment")))
        return self.get_paginated_response(TrainingOutput(page, many=True).data)

    @extend_schema(request=TrainingInput, responses={202: StartedTrainingOutput})
    def create(self, request: Request) -> Response:
        """Train a family on a version that has labels and a split."""
        chosen = valid(TrainingInput, request.data)
        training = start_training(
            actor=request.actor,  # type: ignore[attr-defined]
            version_id=chosen.pop("version"),
            **chosen,
        )
        body = {"training": TrainingOutput(training).data, "job": JobOutput(training.job).data}
        return Response(body, status=202)

    @extend_schema(responses=TrainingDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(TrainingDetailOutput(self.get_object()).data)
