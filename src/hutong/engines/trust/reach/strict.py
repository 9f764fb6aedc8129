"""JSON as RFC 8259 has it and nothing more."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from hutong.engines.trust.reach.heads import trouble


def strict_json(body: bytes) -> Any:
    """The value of RFC 8259 JSON in UTF-8. `Invalid` endpoint.json: cut off, NaN, one key twice, nested too deeply."""
    try:
        return json.loads(body.decode(), parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise trouble("endpoint.json") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one key twice")
    return found
