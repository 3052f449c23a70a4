"""What drf-spectacular cannot see: every route may answer with a problem body."""

from typing import Any

_problem = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}


def add_problem_answers(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _problem
    answer = {
        "description": "The request could not be carried out.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result.get("paths", {}).values():
        for operation in path.values():
            for status in ("400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "503"):
                operation.setdefault("responses", {}).setdefault(status, answer)
    return result
