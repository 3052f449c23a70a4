from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from modeling.api.training import AUGMENT_HELP, SEED_LIMIT, with_augment
from modeling.engine.tuning.space import SPACES
from modeling.families import TASK_TITLES
from modeling.models import Search
from modeling.services.search import DEFAULT_TRIALS, MOST_SECONDS, MOST_TRIALS, MOST_WORKERS, start_search
from modeling.services.trainable import find_goal
from workers.api.job import JobOutput
from workers.models import JobState


class SettingsSearchInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**62)
    family = serializers.ChoiceField(choices=sorted(SPACES), help_text="A family that has settings worth a search.")
    task = serializers.ChoiceField(
        choices=list(TASK_TITLES), required=False, help_text="What to learn; the likeliest when left out."
    )
    answer = serializers.CharField(
        max_length=200, required=False, help_text="The column of answers; the first of the task when left out."
    )
    trials = serializers.IntegerField(
        min_value=1, max_value=MOST_TRIALS, default=DEFAULT_TRIALS, help_text="Trainings in all."
    )
    workers = serializers.IntegerField(
        min_value=1, max_value=MOST_WORKERS, default=1, help_text="Jobs that train at a time, at most."
    )
    trial_seconds = serializers.IntegerField(
        min_value=1, max_value=MOST_SECONDS, required=False, allow_null=True, help_text="What one trial may take."
    )
    params = serializers.DictField(required=False, help_text="Settings that are the same in all trials.")
    augment = serializers.JSONField(required=False, allow_null=True, help_text=AUGMENT_HELP)
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class SettingsSearchOutput(serializers.ModelSerializer[Search]):
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)
    training = serializers.IntegerField(
        source="training_id", allow_null=True, help_text="That of the best settings, once the search is over."
    )

    class Meta:
        model = Search
        fields = [
            "id", "version", "name", "task", "answer", "family", "params", "seed", "trials", "workers",
            "trial_seconds", "job", "state", "best_params", "training", "created_by", "created_at",
        ]  # fmt: skip


class TrialOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="From 0; that one has the family's defaults.")
    state = serializers.ChoiceField(choices=["finished", "pruned", "failed", "running"])
    params = serializers.DictField()
    value = serializers.FloatField(
        allow_null=True, help_text="The validation figure; of a pruned trial, its last score."
    )
    loss = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    epochs = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why a trial failed.")
    worker = serializers.CharField()


class SearchReportOutput(serializers.Serializer[Any]):
    family = serializers.CharField()
    task = serializers.CharField()
    primary = serializers.CharField(help_text="The figure of the validation split by which trials are compared.")
    best = serializers.IntegerField(help_text="The number of the best trial.")
    best_value = serializers.FloatField()
    best_params = serializers.DictField()
    default_value = serializers.FloatField(allow_null=True, help_text="The figure of the family's defaults.")
    trials = TrialOutput(many=True)
    importances = serializers.DictField(
        child=serializers.FloatField(),
        help_text="By setting, the share of the figure's variance that it explains (fANOVA); empty below 8 trials.",
    )


class SettingsSearchDetailOutput(SettingsSearchOutput):
    report = SearchReportOutput(allow_null=True, read_only=True)

    class Meta(SettingsSearchOutput.Meta):
        fields = [*SettingsSearchOutput.Meta.fields, "report"]


class StartedSearchOutput(serializers.Serializer[Any]):
    search = SettingsSearchOutput()
    job = JobOutput()


class SearchFilter(filters.FilterSet):
    version = filters.NumberFilter(min_value=1, max_value=2**62)
    family = filters.ChoiceFilter(choices=[(name, name) for name in SPACES])

    class Meta:
        model = Search
        fields = ["version", "family"]


class SearchViewSet(ScopedViewSet):
    """Searches for the settings of a family. The job's metrics are the live curve; the best become a training."""

    queryset = Search.objects.select_related("job")
    serializer_class = SettingsSearchDetailOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = SearchFilter
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=SettingsSearchOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().defer("report")))
        return self.get_paginated_response(SettingsSearchOutput(page, many=True).data)

    @extend_schema(request=SettingsSearchInput, responses={202: StartedSearchOutput})
    def create(self, request: Request) -> Response:
        """Search for the settings of a family on a version that has labels and a split."""
        chosen = with_augment(valid(SettingsSearchInput, request.data))
        actor = request.actor  # type: ignore[attr-defined]
        number, task, answer = chosen.pop("version"), chosen.pop("task", ""), chosen.pop("answer", "")
        goal = find_goal(actor=actor, version_id=number, task=task, answer=answer) if task or answer else None
        search = start_search(actor=actor, version_id=number, goal=goal, **chosen)
        return Response({"search": SettingsSearchOutput(search).data, "job": JobOutput(search.job).data}, status=202)

    @extend_schema(responses=SettingsSearchDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(SettingsSearchDetailOutput(self.get_object()).data)
