"""Profiles: risk class -> required levels, thresholds with citations, alpha. Dated data beside the code.

Two ship with the engine. `form-reader` (class 2) needs Q2 R2 X1 F2 S2 P1 G1; fairness may be declared not applicable
on one ground, and that declaration is part of the evidence. `release-adviser` advises on a person's liberty, so it is
class 4 of the table, which asks F4 among others: levels 3 and above are not reachable with the tests installed, and
that alone would stop it. But a level passes only if those below pass, and a measured failure is told before a
missing test: so the adviser is stopped by its measured gap at F2, not by what this engine cannot do yet. Putting it into
class 2 to make level 2 the requirement would have understated the risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

from hutong.engines.trust.types import CATEGORIES, Category, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

PROFILES = Path(__file__).parent / "profiles"
CHECKS = Path(__file__).parent / "checks.yaml"
METRICS = ("accuracy", "balanced_accuracy")
GAP_METRICS = ("selection_rate", "tpr", "fpr", "accuracy")
THRESHOLDS = ("quality_min", "calibration_max", "robust_min", "gap_max", "membership_max")


@dataclass(frozen=True, slots=True)
class Check:
    """One process check: id, category, level, the question, the clause that led to it."""

    id: str
    category: Category
    level: int
    words: Text
    after: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit with where it comes from. value: share of one. status: proposal, voted or law."""

    value: Fraction
    reason: Text
    citation: Text
    status: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of system must show. table: risk class -> category -> level. digest: of the data files read."""

    id: str
    version: str
    title: Text
    risk_class: int
    class_reason: Text
    alpha: Fraction
    min_group: int
    quality_metric: str
    gap_metric: str
    thresholds: Mapping[str, Threshold] = field(hash=False)
    corruptions: tuple[tuple[str, str], ...]
    grounds: Mapping[Category, Mapping[str, Text]] = field(hash=False)
    table: Mapping[int, Mapping[Category, int]] = field(hash=False)
    validity_months: int
    independence: str
    checks: tuple[Check, ...]
    valid_from: date
    valid_to: date | None
    digest: str

    @property
    def required(self) -> Mapping[Category, int]:
        return self.table[self.risk_class]

    def checks_of(self, category: Category, level: int) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if (c.category, c.level) == (category, level))


def profile_names() -> tuple[str, ...]:
    """Ids of the profiles that ship with the engine."""
    return tuple(sorted(p.stem for p in PROFILES.glob("*.yaml") if p.stem != "requirements"))


@cache
def load_profile(name: str) -> Profile:
    """The shipped profile of that id. `NotFound` when there is none."""
    if name not in profile_names():
        raise NotFound(
            Text("There is no such profile.", "没有该评估配置。"),
            rule="profile.unknown",
            remedy=Text("Choose one of: {n}.", "请从以下配置中选择：{n}。").format(
                n=", ".join(profile_names())
            ),
            field=name[:80],
        )
    return profile_of(_read(PROFILES / f"{name}.yaml"), _read(PROFILES / "requirements.yaml"), _read(CHECKS))


def profile_of(
    data: Mapping[str, object], table: Mapping[str, object], checks: Mapping[str, object]
) -> Profile:
    """A profile from its plain data (as in the YAML files). `Invalid` where a rule is broken."""
    try:
        return _profile(_map(data), _map(table), _map(checks))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise refuse(
            "profile.form",
            Text(
                "The profile lacks a field or holds a wrong one: {e}.", "评估配置缺少字段或字段有误：{e}。"
            ).format(e=error),
        ) from error


def _profile(data: dict[str, object], table: dict[str, object], checks: dict[str, object]) -> Profile:
    thresholds = _map(data["thresholds"])
    classes = {int(k): _map(v) for k, v in _map(table["classes"]).items()}
    mine = classes[int(str(data["risk_class"]))]
    if data["requirements"] != table["id"]:
        raise ValueError("requirements")
    return Profile(
        id=str(data["id"]),
        version=str(data["version"]),
        title=_text(data["title"]),
        risk_class=int(str(data["risk_class"])),
        class_reason=_text(data["class_reason"]),
        alpha=_share(data["alpha"]),
        min_group=max(1, int(str(data["min_group"]))),
        quality_metric=_one_of(thresholds["quality_metric"], METRICS),
        gap_metric=_one_of(data["gap_metric"], GAP_METRICS),
        thresholds={name: _threshold(thresholds[name]) for name in THRESHOLDS},
        corruptions=tuple(
            (str(_map(c)["kind"]), str(s))
            for c in _list(data["corruptions"])
            for s in _list(_map(c)["severities"])
        ),
        grounds={
            _category(c): {g: _text(t) for g, t in _map(v).items()}
            for c, v in _map(data["not_applicable"]).items()
        },
        table={k: {c: int(str(_map(v["levels"])[c])) for c in CATEGORIES} for k, v in classes.items()},
        validity_months=int(str(mine["validity_months"])),
        independence=str(mine["independence"]),
        checks=tuple(_check(_map(c)) for c in _list(checks["checks"])),
        valid_from=date.fromisoformat(str(data["valid_from"])),
        valid_to=None if data["valid_to"] is None else date.fromisoformat(str(data["valid_to"])),
        digest=digest([_plain(data), _plain(table), _plain(checks)]),
    )


def _read(path: Path) -> dict[str, object]:
    import yaml

    return _map(yaml.safe_load(path.read_text(encoding="utf-8")))


def _plain(value: object) -> object:
    """YAML's dates and integer keys as strings, so that the digest can be taken."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _map(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("map expected")
    return {str(k): v for k, v in value.items()}


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("list expected")
    return value


def _text(value: object) -> Text:
    both = _map(value)
    return Text(str(both["en"]).strip(), str(both["zh"]).strip())


def _share(value: object) -> Fraction:
    share = Fraction(str(value))
    if not 0 < share < 1:
        raise ValueError(f"{value} is not a share")
    return share


def _one_of(value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{value} is not one of {allowed}")
    return str(value)


def _category(value: object) -> Category:
    return next(c for c in CATEGORIES if c == value)


def _threshold(value: object) -> Threshold:
    data = _map(value)
    return Threshold(
        _share(data["value"]), _text(data["reason"]), _text(data["citation"]), str(data["status"])
    )


def _check(data: dict[str, object]) -> Check:
    return Check(
        str(data["id"]), _category(data["category"]), int(str(data["level"])), _text(data), str(data["after"])
    )
