"""Known right answers over REST, for those who manage or review; nobody who labels learns of them here."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.comment import PersonOutput
from labeling.api.labeling import BIGGEST, ItemOutput
from labeling.models import Gold, GoldUse, Project
from labeling.querysets.gold import MANAGERS
from labeling.services.gold import (
    find_gold,
    gold_page,
    mark_gold,
    show_gold,
    start_import,
    unmark_gold,
)
from labeling.services.gold_check import pause_person, resume_person
from labeling.services.gold_use import LONGEST_EXPLANATION, change_use
from labeling.services.project import find_project
from workers.api.job import JobOutput

USE_HELP = "hidden: among everybody's work. training and test: before it, for new people."


class GoldOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    task = ItemOutput()
    answer = serializers.DictField()
    use = serializers.ChoiceField(choices=GoldUse.choices, help_text=USE_HELP)
    explanation = serializers.CharField()
    made_by = PersonOutput(allow_null=True)
    at = serializers.DateTimeField()
    answers = serializers.IntegerField(help_text="How many people answered it, skipping aside.")
    right = serializers.IntegerField()


class GoldListOutput(serializers.Serializer[Any]):
    results = GoldOutput(many=True)
    next = serializers.CharField(allow_null=True)


class GoldInput(serializers.Serializer[Any]):
    item = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST)
    annotation = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGGEST, help_text="Instead of an item: an answer that is right."
    )
    answer = serializers.DictField(required=False, help_text="What is right; a must with an item.")
    explanation = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_EXPLANATION)
    use = serializers.ChoiceField(choices=GoldUse.choices, required=False, help_text=USE_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("item" in attrs) == ("annotation" in attrs):
            raise serializers.ValidationError({"item": "Give either an item or an annotation."})
        return attrs


class GoldImportInput(serializers.Serializer[Any]):
    column = serializers.CharField(max_length=200, help_text="Items with a label in this column become gold.")
    use = serializers.ChoiceField(choices=GoldUse.choices, required=False, help_text=USE_HELP)
    use_column = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="A column that names the use of each item."
    )
    explanation_column = serializers.CharField(max_length=200, required=False, allow_blank=True)


class GoldUseInput(serializers.Serializer[Any]):
    gold = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST), min_length=1, max_length=1_000
    )
    use = serializers.ChoiceField(choices=GoldUse.choices, help_text=USE_HELP)


class GoldUseOutput(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class GoldCursor(serializers.Serializer[Any]):
    cursor = serializers.RegexField(r"^\d{1,18}$", required=False)
    use = serializers.ChoiceField(choices=GoldUse.choices, required=False)


class PauseInput(serializers.Serializer[Any]):
    person = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    paused = serializers.BooleanField()


class GoldListView(ScopedAPIView):
    """Tasks of a project whose right answer is known."""

    model = Project
    scopes = {"GET": MANAGERS, "POST": MANAGERS}

    @extend_schema(responses=GoldListOutput, parameters=[GoldCursor])
    def get(self, request: Request, pk: int) -> Response:
        """List right answers, newest first, 50 a page, with how many people met them."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        given = valid(GoldCursor, request.query_params)
        before = int(given["cursor"]) if "cursor" in given else None
        rows, older = gold_page(actor=actor, project=project, use=given.get("use", ""), before=before)
        return Response({"results": rows, "next": None if older is None else str(older)})

    @extend_schema(request=GoldInput, responses={201: GoldOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Say what the right answer to a task is; it leaves the queue, and everybody gets it once among their work."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        made = mark_gold(actor=actor, project_id=pk, **valid(GoldInput, request.data))
        return Response(show_gold(find_gold(actor=actor, gold_id=made.pk)), status=201)


class GoldImportView(ScopedAPIView):
    """Right answers from a column."""

    model = Project
    scopes = {"POST": MANAGERS}

    @extend_schema(request=GoldImportInput, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Send the job that takes right answers from a column of the project's version."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        job = start_import(actor=actor, project_id=pk, **valid(GoldImportInput, request.data))
        return Response(JobOutput(job).data, status=202)


class GoldUseView(ScopedAPIView):
    """What known answers are for."""

    model = Project
    scopes = {"POST": MANAGERS}

    @extend_schema(request=GoldUseInput, responses=GoldUseOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Use known answers for something else: several at once."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        given = valid(GoldUseInput, request.data)
        changed = change_use(actor=actor, project_id=pk, golds=given["gold"], use=given["use"])
        return Response({"changed": changed})


class GoldView(ScopedAPIView):
    """One right answer."""

    model = Gold
    scopes = {"GET": MANAGERS, "DELETE": MANAGERS}

    @extend_schema(responses=GoldOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show a right answer."""
        return Response(show_gold(find_gold(actor=request.actor, gold_id=pk)))  # type: ignore[attr-defined]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Let the task be one like all others again; answers to it count from now on."""
        unmark_gold(actor=request.actor, gold_id=pk)  # type: ignore[attr-defined]
        return Response(status=204)


class PauseView(ScopedAPIView):
    """Whether a person gets work in a project."""

    model = Project
    scopes = {"POST": "project.write"}

    @extend_schema(request=PauseInput, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Pause a person, or let them go on; then the rule looks only at what they answer from now on."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        given = valid(PauseInput, request.data)
        carry_out = pause_person if given["paused"] else resume_person
        carry_out(actor=actor, project_id=pk, person=given["person"])
        return Response(status=204)
