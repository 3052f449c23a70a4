"""The description of a server in OpenAPI 3.1: what there is and nothing else."""

from __future__ import annotations

from typing import Any

PROBLEM_STATUS = {
    "400": "The body cannot be read, or an input is not what the model reads.",
    "401": "The token is missing or not known.",
    "404": "There is no bundle of this name.",
    "408": "The request took too long to arrive.",
    "413": "The body is too large, or holds more than 256 inputs.",
    "415": "The body has another type.",
    "429": "All places are taken, or the quota is spent; Retry-After says when to come again.",
    "500": "The model failed on this input.",
    "503": "Not ready yet, or too many large requests at once.",
    "504": "The model took too long.",
}


def document(names: list[str], largest_body: int, with_tokens: bool) -> dict[str, Any]:
    """Return the description.

    Args:
        names: Of the bundles.
        largest_body: Bytes of one request.
        with_tokens: Whether a bearer token is asked for.
    """
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}
    paths: dict[str, Any] = {
        "/predict": {"post": _predict("Answers of the only bundle.", largest_body, [])},
        "/predict/{name}": {"post": _predict("Answers of one of several bundles.", largest_body, [name])},
        "/bundles": {"get": _get("What is served.", "application/json", {"401": PROBLEM_STATUS["401"]})},
        "/healthz": {"get": _get("The process answers.", "application/json", {}, open_to_all=True)},
        "/readyz": {"get": _get("Every bundle is loaded.", "application/json", {}, open_to_all=True)},
        "/metrics": {"get": _get("Counters for Prometheus.", "text/plain", {"401": PROBLEM_STATUS["401"]})},
        "/openapi.json": {"get": _get("This description.", "application/json", {}, open_to_all=True)},
    }
    paths["/readyz"]["get"]["responses"]["503"] = {"description": "Still loading, or stopping."}
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Bundles served by Assay", "version": "1"},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }
    if with_tokens:
        whole["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        whole["security"] = [{"token": []}]
    return whole


def _predict(summary: str, largest_body: int, parameters: list[Any]) -> dict[str, Any]:
    raw = {"schema": {"type": "string", "format": "binary", "maxLength": largest_body}}
    return {
        "summary": summary,
        "parameters": parameters,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Inputs"}},
                "image/*": raw,
                "multipart/form-data": {"schema": {"type": "object"}},
            },
        },
        "responses": {
            "200": {"description": "Answers in the order of the inputs.", "content": _json("Answers")},
            **_problems(PROBLEM_STATUS),
        },
    }


def _get(summary: str, kind: str, problems: dict[str, str], *, open_to_all: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": summary, "content": {kind: {"schema": {}}}}, **_problems(problems)},
    }
    return {**found, "security": []} if open_to_all else found


def _problems(statuses: dict[str, str]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": said, "content": content} for status, said in statuses.items()}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _schemas() -> dict[str, Any]:
    one = {"description": "A text, a row, a pair, or a picture in base64: what the model reads."}
    several = {"type": "array", "minItems": 1, "maxItems": 256, "items": one}
    facts = {
        "bundle": {"type": "string", "description": "SHA-256 of the bundle that answered."},
        "name": {"type": "string"},
        "milliseconds": {"type": "number"},
    }
    answer = {"type": "object"}
    return {
        "Inputs": {
            "oneOf": [
                {"type": "object", "required": [key], "properties": {key: value}}
                for key, value in (("input", one), ("inputs", several), ("texts", several))
            ]
        },
        "Answers": {
            "type": "object",
            "required": list(facts),
            "properties": {"prediction": answer, "predictions": {"type": "array", "items": answer}, **facts},
        },
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "code", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": {"type": "string"},
                "detail": {"type": "string"},
            },
        },
    }
