"""Who acts: one person, or one of their tokens, in one organization."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    user_id: int
    organization_id: int
    role: str
    scopes: frozenset[str]
    token_id: int | None = None
    request_id: str = ""

    def can(self, scope: str) -> bool:
        """Tell whether this scope is held; a scope that does not exist is a mistake in the caller."""
        return scope in self.scopes
