from typing import Self

from django.db.models import Q

from accounts.actor import Actor
from accounts.querysets.tenant import TenantQuerySet


class ProjectQuerySet(TenantQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Keep the organization's projects; people who only label see those that take answers."""
        rows = super().visible_to(actor)
        if actor.can("data.read") or actor.can("project.write") or actor.can("review"):
            return rows
        return rows.filter(state__in=("open", "paused"))


class OfProjectQuerySet(TenantQuerySet):
    """Rows that belong to an organization through their project."""

    def visible_to(self, actor: Actor) -> Self:
        rows = self.filter(project__organization_id=actor.organization_id)
        if actor.can("data.read") or actor.can("project.write") or actor.can("review"):
            return rows
        return rows.filter(project__state__in=("open", "paused"))


class AnswerQuerySet(TenantQuerySet):
    """Rows that one person wrote."""

    def visible_to(self, actor: Actor) -> Self:
        """Keep the organization's answers; people who only label see their own."""
        rows = self.filter(project__organization_id=actor.organization_id)
        if actor.can("data.read") or actor.can("project.write") or actor.can("review"):
            return rows
        return rows.filter(Q(annotator_id=actor.user_id), project__state__in=("open", "paused"))


class WorkQuerySet(TenantQuerySet):
    """Counts of one person's work."""

    def visible_to(self, actor: Actor) -> Self:
        """Keep the organization's counts; people who only label see their own."""
        rows = self.filter(project__organization_id=actor.organization_id)
        if actor.can("data.read") or actor.can("project.write") or actor.can("review"):
            return rows
        return rows.filter(Q(person_id=actor.user_id), project__state__in=("open", "paused"))
