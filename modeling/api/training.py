from typing import Any

from django.db.models import Prefetch
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from modeling.families import FAMILIES, MADE, NAMES, TASK_TITLES
from modeling.models import Training
from modeling.services.ensemble import start_ensemble
from modeling.services.judged import PAGE_LIMIT, compare_trainings, judged_page, slice_figures, training_with_rows
from modeling.services.trainable import find_goal
from modeling.services.training import start_training
from workers.api.job import JobOutput
from workers.models import JobState

SEED_LIMIT = 2**31 - 1
AUGMENT_HELP = (
    "How training rows are changed: a policy of augmentation as YAML or as JSON, or `ready` for the one that suits "
    "the task. The same as `params.augment`."
)


class FamilyOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    what = serializers.CharField(help_text="What it does, in one sentence.")
    when = serializers.CharField(help_text="When to choose it.")
    cost = serializers.CharField(help_text="What it costs in time, as measured.")
    exportable = serializers.BooleanField(help_text="Whether a bundle can be made of its models.")
    augments = serializers.BooleanField(help_text="Whether it can use a policy of augmentation.")
    tasks = serializers.ListField(child=serializers.CharField(), help_text="What it learns.")
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
    family = serializers.ChoiceField(choices=NAMES)
    task = serializers.ChoiceField(
        choices=list(TASK_TITLES), required=False, help_text="What to learn; the likeliest when left out."
    )
    answer = serializers.CharField(
        max_length=200, required=False, help_text="The column of answers; the first of the task when left out."
    )
    params = serializers.DictField(required=False)
    augment = serializers.JSONField(required=False, allow_null=True, help_text=AUGMENT_HELP)
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


def with_augment(chosen: dict[str, Any]) -> dict[str, Any]:
    """Return an input with its policy among the parameters, which is where a training keeps it."""
    given = chosen.pop("augment", None)
    return chosen if given is None else {**chosen, "params": {**chosen.get("params", {}), "augment": given}}


class TrainingOutput(serializers.ModelSerializer[Training]):
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)
    model = serializers.IntegerField(source="model.pk", default=None, allow_null=True)
    members: Any = serializers.PrimaryKeyRelatedField(
        many=True, read_only=True, help_text="Of an ensemble: the trainings that it joins."
    )

    class Meta:
        model = Training
        fields = [
            "id", "version", "name", "task", "answer", "family", "params", "seed", "job", "state", "encoder", "device",
            "fingerprint", "model", "members", "compression", "created_by", "created_at",
        ]  # fmt: skip


class TrainingDetailOutput(TrainingOutput):
    class Meta(TrainingOutput.Meta):
        fields = [*TrainingOutput.Meta.fields, "environment", "report"]


class CombineInput(serializers.Serializer[Any]):
    trainings = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62),
        min_length=1,
        max_length=100,
        help_text="Two to eight that are done, of one version and goal.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class StartedTrainingOutput(serializers.Serializer[Any]):
    training = TrainingOutput()
    job = JobOutput()


class JudgedQuery(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=2**62, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_LIMIT, default=50)
    answer = serializers.CharField(max_length=2_000, required=False)
    prediction = serializers.CharField(max_length=2_000, required=False)
    wrong = serializers.BooleanField(default=True, help_text="Leave out items that are right.")


class JudgedItemOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    answer = serializers.CharField(help_text="A label as it is; labels, spans and shapes as JSON.")
    prediction = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    loss = serializers.FloatField(help_text="How far the prediction is from the answer; higher is worse.")
    right = serializers.BooleanField(allow_null=True)


class JudgedOutput(serializers.Serializer[Any]):
    results = JudgedItemOutput(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class SliceQuery(serializers.Serializer[Any]):
    column = serializers.CharField(max_length=200)


class SliceOutput(serializers.Serializer[Any]):
    value = serializers.CharField(allow_null=True, help_text="Null: no value, or one of the rarer ones.")
    items = serializers.IntegerField()
    loss = serializers.FloatField()
    right = serializers.FloatField(allow_null=True, help_text="Share right, 0 to 1, with its 95 % Wilson interval.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class SlicesOutput(serializers.Serializer[Any]):
    column = serializers.CharField()
    results = SliceOutput(many=True)


class OtherQuery(serializers.Serializer[Any]):
    other = serializers.IntegerField(min_value=1, max_value=2**62)


class ComparisonOutput(serializers.Serializer[Any]):
    items = serializers.IntegerField(help_text="Test items that both judged.")
    mcnemar = serializers.DictField(allow_null=True)
    right = serializers.ListField(child=serializers.FloatField(), required=False)
    loss_difference = serializers.DictField(allow_null=True, help_text="First - second, with its 95 % interval.")
    changed = serializers.ListField(child=serializers.DictField(), help_text="Items that they see differently.")


class TrainingFilter(filters.FilterSet):
    version = filters.NumberFilter(min_value=1, max_value=2**62)
    family = filters.ChoiceFilter(choices=[(name, name) for name in (*FAMILIES, *MADE)])

    class Meta:
        model = Training
        fields = ["version", "family"]


class TrainingViewSet(ScopedViewSet):
    """Fits of model families on versions, with their reports. The job's metrics are the live curves."""

    queryset = Training.objects.select_related("job", "model").prefetch_related(
        Prefetch("members", Training.objects.only("pk").order_by("pk"))
    )
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
        chosen = with_augment(valid(TrainingInput, request.data))
        actor = request.actor  # type: ignore[attr-defined]
        number, task, answer = chosen.pop("version"), chosen.pop("task", ""), chosen.pop("answer", "")
        goal = find_goal(actor=actor, version_id=number, task=task, answer=answer) if task or answer else None
        training = start_training(actor=actor, version_id=number, goal=goal, **chosen)
        body = {"training": TrainingOutput(training).data, "job": JobOutput(training.job).data}
        return Response(body, status=202)

    @extend_schema(request=CombineInput, responses={202: StartedTrainingOutput})
    @action(detail=False, methods=["post"], filter_backends=[])
    def combine(self, request: Request) -> Response:
        """Combine trainings into one; it is kept only where it leads its best member on the validation split."""
        chosen = valid(CombineInput, request.data)
        training = start_ensemble(actor=request.actor, training_ids=chosen.pop("trainings"), **chosen)  # type: ignore[attr-defined]
        body = {"training": TrainingOutput(training).data, "job": JobOutput(training.job).data}
        return Response(body, status=202)

    @extend_schema(responses=TrainingDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(TrainingDetailOutput(self.get_object()).data)

    @extend_schema(parameters=[JudgedQuery], responses=JudgedOutput)
    @action(detail=True, methods=["get"], filter_backends=[])
    def items(self, request: Request, pk: int) -> Response:
        """Judged items of the test split, those first that the model is most wrong about."""
        training = training_with_rows(actor=request.actor, training_id=self.get_object().pk)  # type: ignore[attr-defined]
        chosen = valid(JudgedQuery, request.query_params)
        rows, total = judged_page(training, **chosen)
        return Response({"results": rows, "total": total, "offset": chosen["offset"], "limit": chosen["limit"]})

    @extend_schema(parameters=[SliceQuery], responses=SlicesOutput)
    @action(detail=True, methods=["get"], filter_backends=[])
    def slices(self, request: Request, pk: int) -> Response:
        """Figures of the test split for each value of a column, the worst first."""
        training = training_with_rows(actor=request.actor, training_id=self.get_object().pk)  # type: ignore[attr-defined]
        column = valid(SliceQuery, request.query_params)["column"]
        return Response({"column": column, "results": slice_figures(training, column)})

    @extend_schema(parameters=[OtherQuery], responses=ComparisonOutput)
    @action(detail=True, methods=["get"], filter_backends=[])
    def beside(self, request: Request, pk: int) -> Response:
        """This training beside another on the test items that both judged."""
        actor = request.actor  # type: ignore[attr-defined]
        first = training_with_rows(actor=actor, training_id=self.get_object().pk)
        second = training_with_rows(actor=actor, training_id=valid(OtherQuery, request.query_params)["other"])
        return Response(compare_trainings(first, second))
