"""The base of every expected failure."""

from typing import Any


class DomainError(Exception):
    """A request that cannot be carried out, in words for the person who sent it.

    Args:
        code: Stable machine-readable name, snake_case.
        detail: One or two sentences: what was wrong, where, and how to mend it.
        title: Short heading; the handler supplies one from the status when it is left out.
        status: HTTP status, 400 to 499, or 503 for something that will pass.
        extra: JSON-able members added to the problem body.
    """

    def __init__(self, code: str, detail: str, *, title: str = "", status: int = 400, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.title = title
        self.status = status
        self.extra = extra

    def as_problem(self) -> dict[str, Any]:
        """Return the body that REST clients, job rows and pages all show."""
        return {
            **self.extra,
            "code": self.code,
            "detail": str(self.detail),
            "title": str(self.title),
            "status": self.status,
        }


class NotFound(DomainError):
    """A thing that is not there, or not this actor's to see."""

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__("not_found", detail, status=404, **extra)


class Conflict(DomainError):
    """A request that contradicts the present state."""

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(code, detail, status=409, **extra)


class NotAllowed(DomainError):
    """A member who lacks the scope that this needs."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__(
            "scope_missing",
            f"This needs the scope {' or '.join(scopes)}, which your role or token does not have. Ask a manager.",
            status=403,
            needed=list(scopes),
        )
