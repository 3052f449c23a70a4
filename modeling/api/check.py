from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from modeling.api.training import SEED_LIMIT, StartedTrainingOutput, TrainingOutput
from modeling.families import NAMES, TASK_TITLES
from modeling.models import Check, CheckKind
from modeling.services.check import DEFAULT_SEEDS, MOST_SEEDS, start_check, train_with
from modeling.services.disagreement import disagreements_of
from modeling.services.trainable import find_goal
from workers.api.job import JobOutput
from workers.models import JobState


class ModelCheckInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=CheckKind.values,
        help_text="`robustness` and `safety` ask the model of a training; `ablation` and `proposal` train.",
    )
    training = serializers.IntegerField(
        min_value=1, max_value=2**62, required=False, help_text="A training that is done."
    )
    version = serializers.IntegerField(
        min_value=1, max_value=2**62, required=False, help_text="In place of a training, with `family`."
    )
    family = serializers.ChoiceField(choices=NAMES, required=False)
    task = serializers.ChoiceField(
        choices=list(TASK_TITLES), required=False, help_text="What to learn; the likeliest when left out."
    )
    answer = serializers.CharField(max_length=200, required=False, help_text="The column of answers.")
    params = serializers.DictField(required=False, help_text="Settings that are the same in all trainings.")
    budget = serializers.IntegerField(
        min_value=1,
        max_value=604_800,
        required=False,
        allow_null=True,
        help_text="Seconds that each training may take.",
    )
    policy = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text="YAML, the same as JSON, or one of `ready`, `typing`, `words` (texts), `camera`, `place`, `weather` "
        "(pictures). Not for `proposal`.",
    )
    seeds = serializers.IntegerField(
        min_value=1, max_value=MOST_SEEDS, default=DEFAULT_SEEDS, help_text="Trainings of each kind."
    )
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)
    split = serializers.ChoiceField(
        choices=["validation", "test"], required=False, help_text="Whose rows judge an ablation; `validation` at first."
    )
    least_safe = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        allow_null=True,
        help_text="A search tries no step whose share of kept answers has a lower bound below this.",
    )
    uses = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=50, required=False, help_text="What a search tries."
    )
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class ModelCheckOutput(serializers.ModelSerializer[Check]):
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)

    class Meta:
        model = Check
        fields = [
            "id", "kind", "version", "training", "name", "task", "answer", "family", "params", "policy", "seed",
            "seeds", "split", "least_safe", "uses", "job", "state", "created_by", "created_at",
        ]  # fmt: skip


class CheckDetailOutput(ModelCheckOutput):
    report = serializers.SerializerMethodField(
        help_text="The figures; copies on which a model changed its mind are read from `disagreements`."
    )

    class Meta(ModelCheckOutput.Meta):
        fields = [*ModelCheckOutput.Meta.fields, "report"]

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_report(self, check: Check) -> dict[str, Any] | None:
        if check.report is None or check.kind != CheckKind.SAFETY:
            return check.report
        steps = [
            {name: value for name, value in step.items() if name != "disagreements"} for step in check.report["steps"]
        ]
        return {**check.report, "steps": steps}


class StartedCheckOutput(serializers.Serializer[Any]):
    check = ModelCheckOutput()
    job = JobOutput()


class StepQuery(serializers.Serializer[Any]):
    step = serializers.IntegerField(min_value=1, max_value=1000, default=1, help_text="Number of the step.")


class DisagreementOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    before = serializers.CharField(
        allow_null=True, help_text="The item's text or its picture's SHA-256; null when the item is gone."
    )
    after = serializers.CharField(help_text="The copy: its text, or a small picture as a data address.")
    expected = serializers.CharField(help_text="What the model says of the item.")
    found = serializers.CharField(help_text="What it says of the copy.")


class DisagreementsOutput(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    results = DisagreementOutput(many=True)


class TrainWithInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class CheckFilter(filters.FilterSet):
    version = filters.NumberFilter(min_value=1, max_value=2**62)
    training = filters.NumberFilter(min_value=1, max_value=2**62)
    kind = filters.ChoiceFilter(choices=CheckKind.choices)

    class Meta:
        model = Check
        fields = ["version", "training", "kind"]


class CheckViewSet(ScopedViewSet):
    """Questions about augmentation: how a trained model stands changed rows, and what a policy gains in trainings."""

    queryset = Check.objects.select_related("job", "version")
    serializer_class = CheckDetailOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = CheckFilter
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=ModelCheckOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().defer("report", "version__manifest")))
        return self.get_paginated_response(ModelCheckOutput(page, many=True).data)

    @extend_schema(request=ModelCheckInput, responses={202: StartedCheckOutput})
    def create(self, request: Request) -> Response:
        """Ask a question about augmentation."""
        chosen = valid(ModelCheckInput, request.data)
        actor = request.actor  # type: ignore[attr-defined]
        training, number = chosen.pop("training", None), chosen.pop("version", None)
        task, answer = chosen.pop("task", ""), chosen.pop("answer", "")
        goal = None
        if training is None and number is not None and (task or answer):
            goal = find_goal(actor=actor, version_id=number, task=task, answer=answer)
        check = start_check(actor=actor, training_id=training, version_id=number, goal=goal, **chosen)
        return Response({"check": ModelCheckOutput(check).data, "job": JobOutput(check.job).data}, status=202)

    @extend_schema(responses=CheckDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(CheckDetailOutput(self.get_object()).data)

    @extend_schema(parameters=[StepQuery], responses=DisagreementsOutput)
    @action(detail=True, methods=["get"], filter_backends=[])
    def disagreements(self, request: Request, pk: int) -> Response:
        """Copies of items on which the model changed its mind, of one step of a check of label safety."""
        step = valid(StepQuery, request.query_params)["step"]
        return Response({"step": step, "results": disagreements_of(check=self.get_object(), step=step)})

    @extend_schema(request=TrainWithInput, responses={202: StartedTrainingOutput})
    @action(detail=True, methods=["post"], filter_backends=[])
    def train(self, request: Request, pk: int) -> Response:
        """Train with the policy of an ablation, or with the one that a search proposed."""
        name = valid(TrainWithInput, request.data).get("name", "")
        check = self.get_object()
        training = train_with(actor=request.actor, check_id=check.pk, name=name)  # type: ignore[attr-defined]
        return Response({"training": TrainingOutput(training).data, "job": JobOutput(training.job).data}, status=202)
