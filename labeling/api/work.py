"""Who did how much when, for pay, bills and dashboards."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.labeling import BIGGEST
from labeling.models import Project
from labeling.services.work import last_days, work_report
from workers.api.job import JobOutput


class WorkFilter(serializers.Serializer[Any]):
    since = serializers.DateField(required=False, help_text="First day, UTC; 29 days before the last by default.")
    until = serializers.DateField(required=False, help_text="Last day, UTC; today by default.")
    person = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)


class WorkFigures(serializers.Serializer[Any]):
    answers = serializers.IntegerField(help_text="Those that count, skipped ones and those in bulk among them.")
    skipped = serializers.IntegerField()
    in_bulk = serializers.IntegerField(help_text="Given to many items at once; they have no time.")
    seconds = serializers.FloatField(help_text="From showing to sending, answers that were sent back included.")
    limited_seconds = serializers.FloatField(help_text="The same with at most 300 seconds for each answer.")
    median_seconds = serializers.FloatField(allow_null=True, help_text="At most 9 % off.")
    per_hour = serializers.FloatField(allow_null=True, help_text="Answers by hand in an hour of limited time.")
    suggestions_shown = serializers.IntegerField()
    suggestions_accepted = serializers.IntegerField()
    accepted_answers = serializers.IntegerField(help_text="By reviewers.")
    fixed_answers = serializers.IntegerField()
    sent_back = serializers.IntegerField()
    reviews = serializers.IntegerField(help_text="Others' answers that were reviewed.")


class WorkPersonOutput(WorkFigures):
    person = serializers.IntegerField()
    name = serializers.CharField()


class WorkRowOutput(WorkPersonOutput):
    day = serializers.DateField()


class LabelWorkOutput(serializers.Serializer[Any]):
    control = serializers.CharField()
    label = serializers.CharField()
    answers = serializers.IntegerField(help_text="In which the label stands, once or more often.")
    median_seconds = serializers.FloatField(allow_null=True)
    suggestions_shown = serializers.IntegerField()
    suggestions_accepted = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    fixed_answers = serializers.IntegerField()


class WorkOutput(serializers.Serializer[Any]):
    since = serializers.DateField()
    until = serializers.DateField()
    counted_at = serializers.DateTimeField(allow_null=True, help_text="What happened later is not in it.")
    job = JobOutput(allow_null=True, help_text="The count that is under way or failed.")
    total = WorkFigures()
    people = WorkPersonOutput(many=True)
    rows = WorkRowOutput(many=True, help_text="One for each person and day, oldest first.")
    labels = LabelWorkOutput(many=True, help_text="Of the whole time.")


class WorkView(ScopedAPIView):
    """Answers, hours and reviews by person, day and label."""

    model = Project
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    @extend_schema(responses=WorkOutput, parameters=[WorkFilter])
    def get(self, request: Request, pk: int) -> Response:
        """Return the work of some days; a count older than five minutes is made anew in the background."""
        asked = valid(WorkFilter, {name: value for name, value in request.query_params.items() if value != ""})
        since, until = last_days(asked.pop("since", None), asked.pop("until", None))
        actor = request.actor  # type: ignore[attr-defined]
        report = work_report(actor=actor, project_id=pk, since=since, until=until, **asked)
        return Response(
            {
                "since": since,
                "until": until,
                "counted_at": report.counted_at,
                "job": None if report.job is None else JobOutput(report.job).data,
                "total": report.total.as_json(),
                "people": [row.as_json() for row in report.people],
                "rows": [row.as_json() for row in report.rows],
                "labels": [LabelWorkOutput(row).data for row in report.labels],
            }
        )
