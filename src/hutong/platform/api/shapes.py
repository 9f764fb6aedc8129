"""Shapes for OpenAPI, drawn from the parameters of operations; the hub's own parser does the checking."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Schema

from hutong.kernel.operation import FileRef, Json, Operation, Parameter
from hutong.kernel.quantity import ChipTime, Money, Share
from hutong.platform.records import Record

PLAIN: dict[Any, dict[str, Any]] = {
    int: {"type": ["integer", "string"]},
    bool: {"type": ["boolean", "string"]},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    Money: {"type": "string", "examples": ["1250.50"], "description": "yuan, exact"},
    ChipTime: {"type": "string", "examples": ["12.5 h"], "description": "chip-hours, exact"},
    Share: {"type": "string", "examples": ["0.95", "95%"]},
    FileRef: {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of a stored file"},
    Json: {"type": ["object", "array", "string"], "description": "JSON or YAML; decimals as text"},
}


def shape(parameter: Parameter) -> dict[str, Any]:
    """The JSON Schema of one input."""
    if isinstance(parameter.kind, type) and issubclass(parameter.kind, Record):
        found: dict[str, Any] = {"type": "string", "description": f"code of a {parameter.kind.title.en}"}
    else:
        found = dict(PLAIN.get(parameter.kind, {"type": "string"}))
    if parameter.choice is not None:
        found["enum"] = list(parameter.choice.values)
    if parameter.long is not None:
        found["maxLength"] = parameter.long.limit
    return {"type": "array", "items": found} if parameter.many else found


def input_of(operation: Operation) -> dict[str, Any]:
    """The JSON Schema of an operation's input: every field described; the hub's own parser does the refusing."""
    return {
        "type": "object",
        "properties": {p.name: {"title": p.label.en, **shape(p)} for p in operation.parameters},
        "required": [p.name for p in operation.parameters if p.required],
        "additionalProperties": False,
    }


class Done(Schema):
    """What an operation left behind."""

    operation: str
    record: dict[str, Any] | None
    event: int
    repeated: bool


class ProblemDetails(Schema):
    """RFC 9457, with the hub's own members."""

    type: str
    title: str
    status: int
    detail: str
    kind: str
    rule: str
    field: str | None
    what: dict[str, str]
    remedy: dict[str, str]
