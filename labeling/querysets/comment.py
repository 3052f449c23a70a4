from typing import Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from accounts.actor import Actor
from accounts.querysets.tenant import TenantQuerySet

SEERS = ("data.read", "project.write", "review")


class CommentQuerySet(TenantQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Keep the organization's comments.

        People who only label see what they wrote, what names them, and what is said on tasks that they hold or
        answered.
        """
        rows = self.filter(project__organization_id=actor.organization_id)
        if any(actor.can(scope) for scope in SEERS):
            return rows
        held = apps.get_model("labeling", "Lease").objects.filter(task=OuterRef("task"), annotator=actor.user_id)
        named = apps.get_model("labeling", "Mention").objects.filter(comment=OuterRef("pk"), person=actor.user_id)
        mine = Q(writer=actor.user_id) | Exists(held) | Exists(named)
        return rows.filter(mine, project__state__in=("open", "paused"))


class MentionQuerySet(TenantQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Keep where this person is named in open comments of the organization."""
        rows = self.filter(
            person=actor.user_id,
            comment__resolved_at=None,
            comment__project__organization_id=actor.organization_id,
        )
        if any(actor.can(scope) for scope in SEERS):
            return rows
        return rows.filter(comment__project__state__in=("open", "paused"))
