"""Who calls, who else is here, and which service answers, as Label Studio's clients ask."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Membership, User
from labeling.api.label_studio.base import LabelStudioView, unsupported

# The release of Label Studio whose API the subset follows.
RELEASE = "1.23.2"
MOST_USERS = 1_000


def simple_user(user: User) -> dict[str, Any]:
    """Return a person as Label Studio shows them; we know one name for each."""
    letters = "".join(part[0] for part in (user.name or user.email).split()[:2])
    return {
        "id": user.pk,
        "username": user.email,
        "email": user.email,
        "first_name": user.name,
        "last_name": "",
        "initials": letters.upper()[:2],
        "avatar": None,
        "phone": "",
    }


class VersionView(LabelStudioView):
    """Which service this is."""

    scopes = {"GET": None}

    def get(self, request: Request) -> Response:
        """Give the version; the edition is the one whose flow of imports and exports is followed."""
        own = {"version": settings.ASSAY_VERSION, "name": "Assay"}
        parts = ("backend", "label-studio-os-backend", "label-studio-frontend", "dm2", "label-studio-converter", "lsf")
        return Response(
            {
                "release": RELEASE,
                "edition": "Community",
                "label-studio-os-package": {"version": RELEASE},
                **dict.fromkeys(parts, own),
                "assay": settings.ASSAY_VERSION,
            }
        )


class HealthView(LabelStudioView):
    """Whether the service answers, for whoever has a token."""

    scopes = {"GET": None}

    def get(self, request: Request) -> Response:
        """Say that it does."""
        return Response({"status": "UP"})


class WhoAmIView(LabelStudioView):
    """Whose token it is."""

    scopes = {"GET": None}

    def get(self, request: Request) -> Response:
        """Show the person with the organization that the token is for."""
        actor = request.actor  # type: ignore[attr-defined]
        user = User.objects.get(pk=actor.user_id)
        return Response({**simple_user(user), "active_organization": actor.organization_id, "role": actor.role})


class UserListView(LabelStudioView):
    """The members of the organization."""

    scopes = {"GET": "member.read", "POST": "member.write"}

    def get(self, request: Request) -> Response:
        """List them in the order in which they came."""
        actor = request.actor  # type: ignore[attr-defined]
        rows = Membership.objects.filter(organization_id=actor.organization_id).select_related("user")
        found = [simple_user(row.user) for row in rows.order_by("pk")[:MOST_USERS]]
        return Response([{**row, "active_organization": actor.organization_id} for row in found])

    def post(self, request: Request) -> Response:
        """Say how members are added."""
        unsupported(_("Making users"), _("Add a member with POST /api/v1/members/."))


class TokenView(LabelStudioView):
    """Tokens as Label Studio hands them out."""

    scopes = {"GET": None, "POST": None}

    def get(self, request: Request) -> Response:
        """Say that secrets are not kept."""
        unsupported(
            _("Reading a token"),
            _("Its secret is shown once, when it is made in your profile. Use that one as api_key."),
        )

    def post(self, request: Request) -> Response:
        """Say that our tokens are used as they are."""
        unsupported(
            _("A token that is exchanged for another one"),
            _("Use a token from your profile, which begins with assay_, as api_key: it is sent as it is."),
        )
