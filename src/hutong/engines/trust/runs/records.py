"""From the plain records of a bundle back to the engine's values, strictly: what is read is what would be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction

from hutong.engines.trust.types import (
    CATEGORIES,
    Column,
    Declaration,
    Domain,
    Evidence,
    Observations,
    Promise,
    System,
    privacy_of,
    refuse,
)
from hutong.kernel.canonical import canonical
from hutong.kernel.text import Text


def parsed(content: bytes) -> object:
    """The JSON value of canonical bytes. ValueError where the bytes are not the canonical ones of their value."""
    value: object = json.loads(content)
    if canonical(value) != content:
        raise ValueError("not canonical")
    return value


def observations_of(record: object) -> Observations:
    """From `Observations.as_json`. ValueError, TypeError or KeyError when it is not one."""
    fields = _map(record)
    counts = {name: _map(value) for name, value in _map(fields.pop("counts")).items()}
    return Observations(counts=counts, **{name: str(value) for name, value in fields.items()})


def evidence_of(record: object) -> tuple[Evidence, ...]:
    """From a list of `Evidence.as_json` (also as a person writes it: confirmed_by may be left out)."""
    if not isinstance(record, list):
        raise TypeError("evidence is a list")
    return tuple(_evidence(_map(one)) for one in record)


def _evidence(fields: dict[str, object]) -> Evidence:
    second = fields.get("confirmed_by")
    names = ("check", "digest", "record", "given_by")
    if not isinstance(fields["answer"], bool) or set(fields) - {*names, "answer", "confirmed_by"}:
        raise TypeError("evidence")
    words = {name: str(fields[name]) for name in names}
    return Evidence(answer=fields["answer"], confirmed_by=None if second is None else str(second), **words)


def declarations_of(record: object) -> tuple[Declaration, ...]:
    """From a list of `Declaration.as_json`: why categories do not apply."""
    return tuple(_declaration(_map(one)) for one in _list(record))


def _declaration(fields: dict[str, object]) -> Declaration:
    reason = _map(fields["reason"])
    category = next(c for c in CATEGORIES if c == fields["category"])
    return Declaration(
        category,
        str(fields["ground"]),
        Text(str(reason["en"]), str(reason["zh"])),
        str(fields["digest"]),
        str(fields["record"]),
    )


def system_of(record: object) -> System:
    """From `System.as_json`, which is also how a system is declared in YAML. `Invalid` system.form."""
    try:
        fields = _map(record)
        at, positive = fields.get("decision_at"), fields.get("positive")
        return System(
            name=str(fields["name"]),
            version=str(fields["version"]),
            domain=_domain(_map(fields["domain"])),
            labels=tuple(str(v) for v in _list(fields["labels"])),
            positive=None if positive is None else str(positive),
            decision_at=None if at is None else Fraction(str(at)),
            guarded=fields.get("guarded") is True,
            promises=tuple(_promise(_map(p)) for p in _list(fields.get("promises", ()))),
            privacy=privacy_of(fields.get("privacy")),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        what = Text("The system is not fully declared: {e}.", "系统声明不完整：{e}。").format(
            e=str(error)[:80] or type(error).__name__
        )
        raise refuse("system.form", what, where="system") from error


def _domain(fields: dict[str, object]) -> Domain:
    if fields["kind"] == "image":
        height, width = (int(str(v)) for v in _list(fields["shape"]))
        low, high = (int(Fraction(str(fields.get(k, d)))) for k, d in (("low", 0), ("high", 1)))
        return Domain.image(height, width, low, high)
    if fields["kind"] == "text":
        return Domain("text", ())
    if fields["kind"] != "table":
        raise ValueError("kind")
    return Domain("table", tuple(_column(_map(c)) for c in _list(fields["columns"])))


def _column(fields: dict[str, object]) -> Column:
    if set(fields) - {"name", "low", "high", "whole", "immutable"}:
        raise ValueError("column")
    return Column(
        str(fields["name"]),
        _bound(fields.get("low")),
        _bound(fields.get("high")),
        fields.get("whole") is True,
        fields.get("immutable") is True,
    )


def _promise(fields: dict[str, object]) -> Promise:
    if set(fields) != {"name", "box", "label"}:
        raise ValueError("promise")
    sides = [_list(side) for side in _list(fields["box"])]
    box = tuple((str(name), Fraction(str(low)), Fraction(str(high))) for name, low, high in sides)
    return Promise(str(fields["name"]), box, str(fields["label"]))


def _bound(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def _map(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("map expected")
    return {str(k): v for k, v in value.items()}


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise TypeError("list expected")
    return list(value)
