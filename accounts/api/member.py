from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Membership, User
from accounts.roles import ROLE_CHOICES
from accounts.services.member import LONGEST_SKILL, MOST_SKILLS, add_member, change_member, remove_member
from core.api import ScopedAPIView, ScopedViewSet, valid


class MemberInput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=ROLE_CHOICES)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    password = serializers.CharField(max_length=200, required=False, allow_blank=True, write_only=True)


class MemberChange(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=ROLE_CHOICES, required=False)
    skills = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_SKILL),
        max_length=MOST_SKILLS,
        required=False,
        help_text="What the member is good at, such as languages: tasks are shared out by them.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError({"role": "Give a role or skills."})
        return attrs


class MemberOutput(serializers.ModelSerializer[Membership]):
    email = serializers.CharField(source="user.email")
    name = serializers.CharField(source="user.name")
    user = serializers.IntegerField(source="user_id")

    class Meta:
        model = Membership
        fields = ["id", "user", "email", "name", "role", "skills", "created_at"]


class MemberViewSet(ScopedViewSet):
    """The members of the caller's organization."""

    queryset = Membership.objects.select_related("user")
    serializer_class = MemberOutput
    scopes = {"GET": "member.read", "POST": "member.write", "PATCH": "member.write", "DELETE": "member.write"}

    @extend_schema(responses=MemberOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(MemberOutput(page, many=True).data)

    @extend_schema(request=MemberInput, responses={201: MemberOutput})
    def create(self, request: Request) -> Response:
        membership = add_member(actor=request.actor, **valid(MemberInput, request.data))  # type: ignore[attr-defined]
        return Response(MemberOutput(membership).data, status=201)

    @extend_schema(request=MemberChange, responses=MemberOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Give a member another role, or say what they are good at."""
        membership = self.get_object()
        changes = valid(MemberChange, request.data)
        actor = request.actor  # type: ignore[attr-defined]
        change_member(actor=actor, membership_id=membership.pk, **changes)
        return Response(MemberOutput(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        remove_member(actor=request.actor, membership_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)


class MeOutput(serializers.Serializer[Any]):
    user = serializers.IntegerField()
    email = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    organization = serializers.IntegerField()
    role = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())


class MeView(ScopedAPIView):
    """Who the caller is, and what they may do."""

    scopes = {"GET": None}

    @extend_schema(responses=MeOutput)
    def get(self, request: Request) -> Response:
        actor = request.actor  # type: ignore[attr-defined]
        user = cast("User", request.user)
        return Response(
            {
                "user": user.pk,
                "email": user.email,
                "name": user.name,
                "language": user.language,
                "organization": actor.organization_id,
                "role": actor.role,
                "scopes": sorted(actor.scopes),
            }
        )
