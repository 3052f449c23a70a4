"""Comments: sent like answers, listed by task and by project."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.labeling import BIGGEST, member, refuse
from labeling.models import Comment, Project
from labeling.services.comment import (
    LONGEST,
    STATES,
    Wish,
    change_comment,
    delete_comment,
    find_comment,
    find_comments,
    people_to_mention,
    save_comments,
    show_comment,
)
from labeling.services.project import find_project

READ = ("label", "review", "project.write", "data.read")
WRITE = ("label", "review", "project.write")


class PersonOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class CommentOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    client_key = serializers.UUIDField()
    project = serializers.IntegerField()
    task = serializers.IntegerField()
    item_id = serializers.IntegerField()
    writer = PersonOutput()
    body = serializers.CharField(help_text="Members are named as @[id]; their names stand in mentions.")
    flag = serializers.BooleanField(help_text="The task is flagged by it until it is resolved.")
    mentions = PersonOutput(many=True)
    control = serializers.CharField()
    part = serializers.CharField()
    answer_of = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by = PersonOutput(allow_null=True)
    may_edit = serializers.BooleanField(help_text="Whether this caller may still correct or delete it.")


class CommentsOutput(serializers.Serializer[Any]):
    results = CommentOutput(many=True)
    next = serializers.CharField(allow_null=True)


class CommentInput(serializers.Serializer[Any]):
    client_key = serializers.UUIDField()
    task = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    body = serializers.CharField(
        max_length=LONGEST, required=False, allow_blank=True, help_text="Name members as @[id]. Only a flag's is empty."
    )
    flag = serializers.BooleanField(required=False, help_text="Flag the task, which can be answered all the same.")
    control = serializers.CharField(required=False, allow_blank=True, max_length=60)
    part = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text="Id of a span or shape.")
    answer_of = serializers.IntegerField(
        required=False, allow_null=True, help_text="Whose answer holds the part; by default the writer's own."
    )


class CommentsInput(serializers.Serializer[Any]):
    comments = CommentInput(many=True)


class CommentResult(serializers.Serializer[Any]):
    client_key = serializers.CharField(allow_null=True)
    status = serializers.CharField(help_text="saved, duplicate or invalid")
    comment = serializers.IntegerField(allow_null=True)
    task = serializers.IntegerField(allow_null=True)
    problem = serializers.DictField(required=False)


class CommentResults(serializers.Serializer[Any]):
    results = CommentResult(many=True)


class CommentFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=STATES, default="open")
    mine = serializers.BooleanField(default=False, help_text="Only those that name the caller.")
    writer = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    task = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    flags = serializers.BooleanField(default=False, help_text="Only flags.")
    cursor = serializers.RegexField(r"^\d{1,18}$", required=False)


class CommentChange(serializers.Serializer[Any]):
    body = serializers.CharField(required=False, max_length=LONGEST * 2)
    resolved = serializers.BooleanField(required=False)


class PeopleFilter(serializers.Serializer[Any]):
    q = serializers.CharField(required=False, allow_blank=True, max_length=100)


class PeopleOutput(serializers.Serializer[Any]):
    results = PersonOutput(many=True)


class CommentsView(ScopedAPIView):
    """Comments of a project."""

    model = Project
    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(responses=CommentsOutput, parameters=[CommentFilter])
    def get(self, request: Request, pk: int) -> Response:
        """List comments, newest first, 50 a page: open ones by default."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        asked = valid(CommentFilter, request.query_params)
        cursor = asked.pop("cursor", None)
        rows, older = find_comments(
            actor=actor, wish=Wish(**asked), project=project, before=None if cursor is None else int(cursor)
        )
        shown = [show_comment(actor=actor, comment=row) for row in rows]
        return Response({"results": shown, "next": None if older is None else str(older)})

    @extend_schema(request=CommentsInput, responses=CommentResults)
    def post(self, request: Request, pk: int) -> Response:
        """Save comments, each on its own; a saved comment is on disk before this is answered."""
        comments = member(request.data, "comments", [])
        if not isinstance(comments, list):
            raise refuse("comments", _("This must be a list of comments."))
        return Response(save_comments(actor=request.actor, project_id=pk, comments=comments))  # type: ignore[attr-defined]


class CommentView(ScopedAPIView):
    """One comment."""

    model = Comment
    scopes = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(responses=CommentOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show one comment."""
        actor = request.actor  # type: ignore[attr-defined]
        return Response(show_comment(actor=actor, comment=find_comment(actor=actor, comment_id=pk)))

    @extend_schema(request=CommentChange, responses=CommentOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Correct one's own comment within an hour, or resolve or reopen any."""
        actor = request.actor  # type: ignore[attr-defined]
        find_comment(actor=actor, comment_id=pk)
        comment = change_comment(actor=actor, comment_id=pk, **valid(CommentChange, request.data))
        return Response(show_comment(actor=actor, comment=comment))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete one's own comment within an hour."""
        delete_comment(actor=request.actor, comment_id=pk)  # type: ignore[attr-defined]
        return Response(status=204)


class PeopleView(ScopedAPIView):
    """Members who can be named in comments."""

    model = Project
    scopes = {"GET": WRITE}

    @extend_schema(responses=PeopleOutput, parameters=[PeopleFilter])
    def get(self, request: Request, pk: int) -> Response:
        """List members who can be named, at most 20, by letters of their name."""
        query = valid(PeopleFilter, request.query_params).get("q", "")
        rows = people_to_mention(actor=request.actor, project_id=pk, query=query)  # type: ignore[attr-defined]
        return Response({"results": rows})
