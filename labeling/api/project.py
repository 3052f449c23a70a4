from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from labeling.engine.onboarding import MOST_ATTEMPTS, MOST_TASKS
from labeling.models import Annotation, Project, ProjectState, TaskOrder
from labeling.services.project import (
    LONGEST_SKIP_REASON,
    MOST_SKIP_REASONS,
    WAYS,
    change_project,
    create_project,
    figures_for,
    find_project,
    start_publish,
)
from labeling.services.schema_change import change_schema, preview_change
from workers.api.job import JobOutput

ORDER_HELP = "By what tasks are put in order after each suggestion job."


class ProjectInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**62)
    name = serializers.CharField(max_length=120)
    schema = serializers.DictField()
    guidelines = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    overlap = serializers.IntegerField(min_value=1, max_value=20, required=False)
    lease_seconds = serializers.IntegerField(min_value=10, max_value=86_400, required=False)
    overlap_share = serializers.IntegerField(
        min_value=0, max_value=100, required=False, help_text="Per cent of the tasks, at random, that more people get."
    )
    overlap_in_share = serializers.IntegerField(
        min_value=1, max_value=20, required=False, help_text="How many people answer each task of that share."
    )
    overlap_seed = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, help_text="Of the draw: the same seed draws the same items."
    )
    only_assigned = serializers.BooleanField(required=False)
    suggest_every = serializers.IntegerField(min_value=0, max_value=1_000_000, required=False)
    order = serializers.ChoiceField(choices=TaskOrder.choices, required=False, help_text=ORDER_HELP)


class ProjectChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    guidelines = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    state = serializers.ChoiceField(choices=ProjectState.choices, required=False)
    overlap = serializers.IntegerField(min_value=1, max_value=20, required=False)
    overlap_share = serializers.IntegerField(min_value=0, max_value=100, required=False)
    overlap_in_share = serializers.IntegerField(min_value=1, max_value=20, required=False)
    overlap_seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    skip_reasons = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_SKIP_REASON), required=False, max_length=MOST_SKIP_REASONS,
        help_text="What people choose from when they skip; empty for the page's own list.",
    )  # fmt: skip
    skip_reason_required = serializers.BooleanField(required=False, help_text="A skip must say why.")
    gold_share = serializers.IntegerField(
        min_value=0, max_value=50, required=False, help_text="Per cent of what a person gets that is gold."
    )
    gold_least = serializers.IntegerField(
        min_value=0, max_value=100, required=False, help_text="Below this per cent right a person is paused; 0: never."
    )
    gold_from = serializers.IntegerField(
        min_value=1, max_value=1_000, required=False, help_text="Not before so many answers to gold."
    )
    onboarding = serializers.BooleanField(
        required=False, help_text="New people go through training tasks and a test before the queue opens for them."
    )
    onboarding_training = serializers.IntegerField(
        min_value=0, max_value=MOST_TASKS, required=False, help_text="Training tasks for each person at most."
    )
    onboarding_test = serializers.IntegerField(
        min_value=0, max_value=MOST_TASKS, required=False, help_text="Tasks of one test at most; 0: no test."
    )
    onboarding_least = serializers.IntegerField(
        min_value=1, max_value=100, required=False, help_text="Per cent of the test that must be right."
    )
    onboarding_attempts = serializers.IntegerField(min_value=1, max_value=MOST_ATTEMPTS, required=False)
    onboarding_tells = serializers.BooleanField(
        required=False, help_text="After a test people are told what they had wrong."
    )
    onboarding_everybody = serializers.BooleanField(
        required=False, help_text="Also people who answered here before it was switched on."
    )
    only_assigned = serializers.BooleanField(
        required=False, help_text="People get what is assigned to them and nothing else."
    )
    own_suggestions = serializers.BooleanField(
        required=False, help_text="False: only what rules, servers or files suggest is shown."
    )
    order = serializers.ChoiceField(choices=TaskOrder.choices, required=False, help_text=ORDER_HELP)


class ProjectOutput(serializers.ModelSerializer[Project]):
    version_number = serializers.IntegerField(source="version.number")
    dataset = serializers.IntegerField(source="version.dataset_id")
    dataset_name = serializers.CharField(source="version.dataset.name")
    answers_wanted = serializers.IntegerField(read_only=True, help_text="The places of all tasks.")

    class Meta:
        model = Project
        fields = [
            "id", "name", "version", "version_number", "dataset", "dataset_name", "guidelines", "schema", "overlap",
            "overlap_share", "overlap_in_share", "overlap_seed", "only_assigned", "skip_reasons",
            "skip_reason_required", "onboarding", "onboarding_training", "onboarding_test", "onboarding_least",
            "onboarding_attempts", "onboarding_tells", "onboarding_everybody", "answers_wanted",
            "lease_seconds", "suggest_every", "own_suggestions", "order", "learning", "accepts", "state",
            "schema_revision", "task_count", "created_by", "created_at",
        ]  # fmt: skip


class PersonFigures(serializers.Serializer[Any]):
    user = serializers.IntegerField()
    name = serializers.CharField()
    answers = serializers.IntegerField()
    skipped = serializers.IntegerField()
    seconds_each = serializers.FloatField(allow_null=True)
    assigned_left = serializers.IntegerField(help_text="Tasks assigned to the person that wait for their answer.")
    last_answer_at = serializers.DateTimeField(allow_null=True)
    gold_answers = serializers.IntegerField(required=False, help_text="For those who manage or review alone.")
    gold_right = serializers.IntegerField(required=False)
    gold_accuracy = serializers.FloatField(required=False, allow_null=True)
    gold_interval = serializers.ListField(
        child=serializers.FloatField(), required=False, allow_null=True, help_text="95 % Wilson score interval."
    )
    paused_at = serializers.DateTimeField(required=False, allow_null=True)
    paused_why = serializers.CharField(required=False)


class LabelFigures(serializers.Serializer[Any]):
    control = serializers.CharField()
    value = serializers.CharField()
    title = serializers.CharField()
    color = serializers.CharField()
    count = serializers.IntegerField()


class SuggestionFigures(serializers.Serializer[Any]):
    model = serializers.CharField()
    shown = serializers.IntegerField()
    accepted = serializers.IntegerField()
    accepted_share = serializers.FloatField(help_text="Share of shown suggestions whose answer was the same, 0 to 1.")


class Figures(serializers.Serializer[Any]):
    tasks = serializers.IntegerField()
    by_model = serializers.IntegerField(help_text="Tasks out of the queue because a model's answer was accepted.")
    answers = serializers.IntegerField(help_text="Answers given, skipped ones included.")
    answers_wanted = serializers.IntegerField(help_text="The places of all tasks.")
    skipped = serializers.IntegerField()
    people = PersonFigures(many=True)
    labels = LabelFigures(many=True)
    suggestions = SuggestionFigures(many=True)


class ProjectDetail(ProjectOutput):
    progress = Figures()

    class Meta(ProjectOutput.Meta):
        fields = [*ProjectOutput.Meta.fields, "progress"]


class CreatedProject(serializers.Serializer[Any]):
    project = ProjectOutput()
    job = JobOutput()


class SchemaChangeInput(serializers.Serializer[Any]):
    schema = serializers.DictField()
    renamed = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(max_length=200), min_length=3, max_length=3),
        required=False,
        help_text="[control, label that goes away, label that it becomes], any number.",
    )
    reopened = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(max_length=200), min_length=2, max_length=2),
        required=False,
        help_text="[control, label that goes away] whose answers are asked again; all others are left out of theirs.",
    )


class SchemaChangeOrder(SchemaChangeInput):
    schema_revision = serializers.IntegerField(min_value=1, help_text="The number that the preview gave.")


class GoneLabel(serializers.Serializer[Any]):
    control = serializers.CharField()
    value = serializers.CharField()
    count = serializers.IntegerField()
    may_become = serializers.ListField(child=serializers.CharField())


class SchemaChangePreview(serializers.Serializer[Any]):
    schema_revision = serializers.IntegerField()
    answers = serializers.IntegerField()
    gone = GoneLabel(many=True)
    gone_controls = serializers.ListField(child=serializers.CharField())
    musts = serializers.ListField(child=serializers.CharField())
    sample = serializers.DictField(help_text="How many of the newest answers were read, their kinds, and examples.")


class ChangedSchema(serializers.Serializer[Any]):
    project = ProjectOutput()
    job = JobOutput(allow_null=True)


class PublishInput(serializers.Serializer[Any]):
    only_labeled = serializers.BooleanField(default=False)
    only_reviewed = serializers.BooleanField(
        default=False, help_text="Count only answers that a reviewer accepted or fixed."
    )
    with_gold = serializers.BooleanField(
        default=False, help_text="Count answers to tasks whose right answer was known, too."
    )
    with_model = serializers.BooleanField(
        default=True, help_text="Items that nobody answered get the label of a model that was accepted."
    )
    keep_labels = serializers.BooleanField(
        default=True, help_text="Items that nobody answered keep the label that their version gave them."
    )
    consensus = serializers.ChoiceField(
        choices=WAYS,
        default="majority",
        help_text="auto: a model of how well each person answers decides; label_confidence says how sure it is.",
    )
    split = serializers.BooleanField(default=True)
    validation = serializers.FloatField(default=0.1, min_value=0, max_value=0.9)
    test = serializers.FloatField(default=0.2, min_value=0, max_value=0.9)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    group_column = serializers.CharField(default="", allow_blank=True, max_length=200)
    note = serializers.CharField(default="", allow_blank=True, max_length=200)


class ProjectFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=ProjectState.choices)
    version = filters.NumberFilter(min_value=1, max_value=2**62)
    dataset = filters.NumberFilter(field_name="version__dataset", min_value=1, max_value=2**62)

    class Meta:
        model = Project
        fields = ["state", "version", "dataset"]


class ResultOutput(serializers.ModelSerializer[Annotation]):
    item_id = serializers.IntegerField(source="task.item_id")
    data = serializers.DictField(source="task.data")
    annotator_name = serializers.CharField(source="annotator")

    class Meta:
        model = Annotation
        fields = [
            "id", "task", "item_id", "data", "annotator", "annotator_name", "answer", "skipped", "reason", "seconds",
            "suggestion", "accepted_suggestion", "revision", "verdict", "reviewer", "reviewed_at", "created_at",
            "updated_at",
        ]  # fmt: skip


class ResultFilterInput(serializers.Serializer[Any]):
    annotator = serializers.IntegerField(min_value=1, max_value=2**62, required=False)
    skipped = serializers.BooleanField(required=False, allow_null=True, default=None)


class ProjectViewSet(ScopedViewSet):
    """Labeling projects. People who only label see those that take answers."""

    queryset = Project.objects.select_related("version__dataset")
    serializer_class = ProjectOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = ProjectFilter
    scopes = {"GET": ("data.read", "label"), "POST": "project.write", "PATCH": "project.write"}

    @extend_schema(responses=ProjectOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(ProjectOutput(page, many=True).data)

    @extend_schema(request=ProjectInput, responses={202: CreatedProject})
    def create(self, request: Request) -> Response:
        """Make a project; a job makes its tasks."""
        fields = valid(ProjectInput, request.data)
        fields["version_id"] = fields.pop("version")
        project, job = create_project(actor=request.actor, **fields)  # type: ignore[attr-defined]
        return Response({"project": ProjectOutput(project).data, "job": JobOutput(job).data}, status=202)

    @extend_schema(responses=ProjectDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a project with its progress: in all, for each person, label and model."""
        project = self.get_object()
        figures = figures_for(actor=request.actor, project=project)  # type: ignore[attr-defined]
        return Response({**ProjectOutput(project).data, "progress": figures})

    @extend_schema(request=ProjectChange, responses=ProjectOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        project = self.get_object()
        change_project(
            actor=request.actor,  # type: ignore[attr-defined]
            project_id=project.pk,
            **valid(ProjectChange, request.data),
        )
        return Response(ProjectOutput(self.get_object()).data)

    @extend_schema(request=SchemaChangeInput, responses=SchemaChangePreview)
    @action(detail=True, methods=["post"], url_path="schema/preview", url_name="schema-preview")
    def schema_preview(self, request: Request, pk: int) -> Response:
        """Say what other questions would do to the answers; nothing is changed."""
        project = self.get_object()
        wishes = _wishes(valid(SchemaChangeInput, request.data))
        return Response(preview_change(actor=request.actor, project_id=project.pk, **wishes))  # type: ignore[attr-defined]

    @extend_schema(request=SchemaChangeOrder, responses={202: ChangedSchema})
    @action(detail=True, methods=["post"], url_path="schema", url_name="schema")
    def ask_otherwise(self, request: Request, pk: int) -> Response:
        """Ask something else from now on; a job brings the answers along."""
        project = self.get_object()
        wishes = _wishes(valid(SchemaChangeOrder, request.data))
        _project, job = change_schema(actor=request.actor, project_id=project.pk, **wishes)  # type: ignore[attr-defined]
        shown = {"project": ProjectOutput(self.get_object()).data, "job": JobOutput(job).data if job else None}
        return Response(shown, status=202)

    @extend_schema(request=PublishInput, responses={202: JobOutput})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: int) -> Response:
        """Publish the labels as a new version of the dataset."""
        project = self.get_object()
        options = valid(PublishInput, request.data)
        job = start_publish(actor=request.actor, project_id=project.pk, options=options)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)

    @extend_schema(responses=ResultOutput(many=True), filters=False, parameters=[ResultFilterInput])
    @action(detail=True, methods=["get"], filter_backends=[])
    def results(self, request: Request, pk: int) -> Response:
        """List the answers, newest first. People who only label see their own."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        rows = Annotation.objects.visible_to(actor).filter(project=project)
        chosen = valid(ResultFilterInput, request.query_params)
        chosen = {name: value for name, value in chosen.items() if value is not None}
        rows = rows.filter(**chosen).select_related("task", "annotator")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ResultOutput(page, many=True).data)


def _wishes(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the body as the service takes it."""
    renamed = {(control, value): to for control, value, to in fields.pop("renamed", [])}
    reopened = frozenset((control, value) for control, value in fields.pop("reopened", []))
    return {**fields, "renamed": renamed, "reopened": reopened}
