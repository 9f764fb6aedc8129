"""The numeric rules and the kinds of risk, from dated data. `load_book` reads `rules.yaml`; `book_of` any such data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal, cast

from hutong.engines.trust.types import refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

FILE = Path(__file__).parent / "rules.yaml"
Compare = Literal[">=", "<="]
Status = Literal["verified", "unverified"]
BINDINGS = ("mandatory", "recommended", "draft")


@dataclass(frozen=True, slots=True)
class Risk:
    """One kind of risk: code ("A1.a"), its group ("A1"), its name in our own wording."""

    code: str
    group: str
    name: Text


@dataclass(frozen=True, slots=True)
class Row:
    """One numeric rule of one edition, in force from valid_from to valid_to (both inclusive; None: open).

    value: count or share of one. fact, compare: the fact that must be >= or <= the value. each_of: groups whose every
    kind must; empty for one number. status: "verified" only where the standard itself was read.
    """

    id: str
    key: str
    title: Text
    clause: str
    binding: str
    valid_from: date
    valid_to: date | None
    value: Fraction
    fact: str
    compare: Compare
    each_of: tuple[str, ...]
    remedy: Text
    status: Status
    source: Text

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "title": self.title.as_json(),
            "clause": self.clause,
            "binding": self.binding,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "value": str(self.value),
            "status": self.status,
            "source": self.source.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Book:
    """All rules and kinds of risk of one version. digest: SHA-256 over the data it was made of."""

    id: str
    version: str
    groups: Mapping[str, Text] = field(hash=False)
    risks: tuple[Risk, ...]
    rows: tuple[Row, ...]
    digest: str

    def in_force(self, on: date) -> tuple[Row, ...]:
        return tuple(r for r in self.rows if r.in_force(on))

    def row(self, key: str, on: date) -> Row:
        """The rule of that key on that day. `NotFound` rules.none where there was none."""
        for row in self.in_force(on):
            if row.key == key:
                return row
        raise NotFound(
            Text("On {d} no rule {k} was in force.", "{d}没有现行规则{k}。").format(d=on.isoformat(), k=key),
            rule="rules.none",
            remedy=Text("Choose a day on which a standard was in force.", "请选择标准施行期间的日期。"),
            field=key,
        )

    def count(self, key: str, on: date) -> int:
        return int(self.row(key, on).value)

    def share(self, key: str, on: date) -> Fraction:
        return self.row(key, on).value

    def codes(self, groups: Sequence[str] = ()) -> tuple[str, ...]:
        """Codes of all kinds of risk, or of those in the groups."""
        return tuple(r.code for r in self.risks if not groups or r.group in groups)

    def least(self, on: date, code: str) -> int:
        """How many questions of this kind of risk the content bank must hold."""
        group = code.split(".")[0]
        rows = (r for r in self.in_force(on) if r.fact == "content_of_risk" and group in r.each_of)
        return max((int(r.value) for r in rows), default=0)


@cache
def load_book() -> Book:
    """The rules that ship with the engine."""
    import yaml

    return book_of(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def book_of(data: Mapping[str, object]) -> Book:
    """A rule book from its plain data. `Invalid` rules.form where a field is missing or wrong."""
    try:
        return _book(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = Text("The rules lack a field or hold a wrong one: {e}.", "规则数据缺少字段或有误：{e}。")
        raise refuse("rules.form", what.format(e=str(error)[:120])) from error


def _book(data: Mapping[str, object]) -> Book:
    groups = {str(g["code"]): _text(g) for g in _maps(data["groups"])}
    risks = tuple(Risk(str(r["code"]), str(r["code"]).split(".")[0], _text(r)) for r in _maps(data["risks"]))
    if len({r.code for r in risks}) != len(risks) or {r.group for r in risks} != set(groups):
        raise ValueError("codes of risks")
    sources = {k: _text(v) for k, v in cast("Mapping[str, Mapping[str, object]]", data["sources"]).items()}
    rows = tuple(_row(e, r, sources) for e in _maps(data["editions"]) for r in _maps(data["rules"]))
    if any(set(r.each_of) - set(groups) for r in rows) or len({r.id for r in rows}) != len(rows):
        raise ValueError("groups or ids of rules")
    return Book(str(data["id"]), str(data["version"]), groups, risks, rows, digest(_plain(data)))


def _row(edition: Mapping[str, object], rule: Mapping[str, object], sources: Mapping[str, Text]) -> Row:
    compare, status = rule["compare"], rule["status"]
    binding = str(rule.get("binding", edition["binding"]))
    if compare not in (">=", "<=") or status not in ("verified", "unverified") or binding not in BINDINGS:
        raise ValueError(f"{rule['key']}: compare, status or binding")
    return Row(
        id=f"{edition['id']}.{rule['key']}",
        key=str(rule["key"]),
        title=_text(rule),
        clause=f"{edition['title']}, {rule['clause']}",
        binding=binding,
        valid_from=_day(edition["valid_from"]),
        valid_to=None if edition["valid_to"] is None else _day(edition["valid_to"]),
        value=Fraction(str(rule["value"])),
        fact=str(rule["fact"]),
        compare=compare,
        each_of=tuple(cast("Sequence[str]", rule.get("each_of", ()))),
        remedy=_text(cast("Mapping[str, object]", rule["remedy"])),
        status=status,
        source=sources[str(rule["source"])],
    )


def _maps(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
        raise TypeError("a list of records is expected")
    return value


def _text(record: Mapping[str, object]) -> Text:
    return Text(str(record["en"]), str(record["zh"]))


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value
