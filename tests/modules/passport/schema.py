"""As much of JSON Schema (draft 7) as the shipped schema of CycloneDX uses for what the hub exports.

The validator of cyclonedx-python-lib needs an extra that the hub does not install; where it is there, tests use it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cyclonedx import schema

PLACE = Path(schema.__file__).parent / "_res"
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float),
}  # fmt: skip
KNOWN = {
    *(
        "$ref",
        "type",
        "enum",
        "const",
        "pattern",
        "minLength",
        "maxLength",
        "required",
        "properties",
        "items",
    ),
    *(
        "additionalProperties",
        "uniqueItems",
        "minItems",
        "oneOf",
        "anyOf",
        "allOf",
        "minimum",
        "maximum",
        "not",
    ),
    *("format", "if", "then", "else", "contains"),
}


@cache
def load(name: str = "bom-1.6.SNAPSHOT.schema.json") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PLACE / name).read_text(encoding="utf-8"))
    return content


def faults(value: Any) -> list[str]:
    """What the value breaks of the schema of CycloneDX 1.6; empty where nothing."""
    root = load()
    return list(_faults(value, root, root, "$"))


def _follow(reference: str, root: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    name, _, path = reference.partition("#")
    home = load(name.replace(".schema.json", ".SNAPSHOT.schema.json")) if name else root
    found: Any = home
    for part in (p for p in path.split("/") if p):
        found = found[part]
    return found, home


def _faults(value: Any, rule: Any, root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(rule, bool):
        if not rule:
            yield f"{at}: nothing is allowed here"
        return
    if "$ref" in rule:
        target, home = _follow(rule["$ref"], root)
        yield from _faults(value, target, home, at)
    kinds = rule.get("type", [])
    wanted = tuple(t for k in ([kinds] if isinstance(kinds, str) else kinds) for t in TYPES[k])
    if wanted and not isinstance(value, wanted):
        yield f"{at}: {type(value).__name__} is not {kinds}"
    if ("enum" in rule and value not in rule["enum"]) or ("const" in rule and value != rule["const"]):
        yield f"{at}: {value!r} is none of the values"
    if isinstance(value, str):
        yield from _text(value, rule, at)
    if isinstance(value, list):
        yield from _list(value, rule, root, at)
    if isinstance(value, dict):
        yield from _object(value, rule, root, at)
    for part in rule.get("allOf", ()):
        yield from _faults(value, part, root, at)
    for word, fits in (("oneOf", lambda n: n == 1), ("anyOf", lambda n: n >= 1)):
        if word in rule and not fits(sum(not list(_faults(value, r, root, at)) for r in rule[word])):
            yield f"{at}: {word} does not hold"


def _text(value: str, rule: dict[str, Any], at: str) -> Iterator[str]:
    if "pattern" in rule and not re.search(rule["pattern"], value):
        yield f"{at}: {value!r} does not match {rule['pattern']}"
    if len(value) < rule.get("minLength", 0):
        yield f"{at}: too short"


def _list(value: list[Any], rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if rule.get("uniqueItems") and len({json.dumps(v, sort_keys=True) for v in value}) != len(value):
        yield f"{at}: an item is there twice"
    for number, item in enumerate(value):
        yield from _faults(item, rule.get("items", True), root, f"{at}[{number}]")


def _object(value: dict[str, Any], rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: {name} is missing" for name in rule.get("required", ()) if name not in value)
    properties = rule.get("properties", {})
    for name, item in value.items():
        inner = properties.get(name, rule.get("additionalProperties", True))
        yield from _faults(item, inner, root, f"{at}.{name}")
