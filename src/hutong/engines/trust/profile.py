"""Profiles: risk class -> required levels, thresholds with citations, alpha. Dated data beside the code.

Three ship with the engine. `form-reader` (class 2) needs Q2 R2 X1 F2 S2 P1 G1; fairness may be declared not applicable
on one ground, and that declaration is part of the evidence. `release-adviser` advises on a person's liberty, so it is
class 4 of the table, which asks R4 and F4 among others. A level passes only if those below pass, and a measured failure is
told before a missing test, the lowest level first: so the adviser is stopped by its measured gap at F2. Putting it into
class 2 to make level 2 the requirement would have understated the risk. `generative-service` is for services that answer in
words (`answers: text`): no distance, no corruption and no threshold of the tests on rows belongs to it, and it aims at a
level of safety above the one required.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

from hutong.engines.trust.challenge import NO_CHALLENGE, Challenge, challenge_of
from hutong.engines.trust.reading import (
    as_list,
    as_map,
    as_positive,
    as_share,
    as_text,
    one_of,
    plain,
    read_yaml,
)
from hutong.engines.trust.types import CATEGORIES, Category, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

PROFILES = Path(__file__).parent / "profiles"
CHECKS = Path(__file__).parent / "checks.yaml"
# Requirements by class, and thresholds that hold where a profile gives none of its own.
REQUIREMENTS, COMMON = PROFILES / "requirements.yaml", PROFILES / "common.yaml"
METRICS = ("accuracy", "balanced_accuracy")
GAP_METRICS = ("selection_rate", "tpr", "fpr", "accuracy")
# What a profile has to give for itself. Rooms of their own packages read others: from the profile or `COMMON`.
THRESHOLDS = (
    "quality_min",
    "slice_min",
    "leak_max",
    "calibration_max",
    "robust_min",
    "evasion_min",
    "certified_min",
    "gap_max",
    "flip_max",
    "answered_max",
    "membership_max",
)


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
    """A limit with where it comes from. value: share of one, or another number above 0 for a room of its own package.

    status: proposal, voted or law.
    """

    value: Fraction
    reason: Text
    citation: Text
    status: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of system must show. table: risk class -> category -> level, up to the highest class that the profile
    can speak of. digest: of the data read.

    in_words: it is for services that answer in words. aim: levels planned where they are above those required.
    """

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
    challenge: Challenge
    corruptions: tuple[tuple[str, str], ...]
    grounds: Mapping[Category, Mapping[str, Text]] = field(hash=False)
    table: Mapping[int, Mapping[Category, int]] = field(hash=False)
    validity_months: int
    independence: str
    checks: tuple[Check, ...]
    valid_from: date
    valid_to: date | None
    digest: str
    in_words: bool = False
    aim: Mapping[Category, int] = field(default_factory=dict, hash=False)

    @property
    def required(self) -> Mapping[Category, int]:
        return self.table[self.risk_class]

    def fits(self, in_words: bool) -> None:
        """`Invalid` profile.kind where the profile is for rows and the system answers in words, or the reverse."""
        if in_words is not self.in_words:
            what = Text(
                "The profile {p} is not for a system of this kind.", "评估配置{p}不适用于此类系统。"
            ).format(p=self.id)
            remedy = Text(
                "Services that answer in words take a profile with answers: text, classifiers one without.",
                "生成式服务须选用answers: text的评估配置，分类系统须选用其他配置。",
            )
            raise refuse("profile.kind", what, remedy, "profile")

    def checks_of(self, category: Category, level: int) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if (c.category, c.level) == (category, level))


def profile_names() -> tuple[str, ...]:
    """Ids of the profiles that ship with the engine."""
    return tuple(sorted(p.stem for p in PROFILES.glob("*.yaml") if p not in (REQUIREMENTS, COMMON)))


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
    return profile_of(read_yaml(PROFILES / f"{name}.yaml"), read_yaml(REQUIREMENTS), read_yaml(CHECKS))


def profile_of(
    data: Mapping[str, object],
    table: Mapping[str, object],
    checks: Mapping[str, object],
    common: Mapping[str, object] | None = None,
) -> Profile:
    """A profile from its plain data (as in the YAML files). `Invalid` where a rule is broken.

    common: thresholds for those that the profile does not give (by default those that ship).
    """
    try:
        shared = read_yaml(COMMON) if common is None else as_map(common)
        return _profile(as_map(data), as_map(table), as_map(checks), shared)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise refuse(
            "profile.form",
            Text(
                "The profile lacks a field or holds a wrong one: {e}.", "评估配置缺少字段或字段有误：{e}。"
            ).format(e=error),
        ) from error


def _profile(
    data: dict[str, object], table: dict[str, object], checks: dict[str, object], common: dict[str, object]
) -> Profile:
    thresholds, in_words = as_map(data["thresholds"]), _in_words(data)
    classes = {int(k): as_map(v) for k, v in as_map(table["classes"]).items()}
    mine = classes[int(str(data["risk_class"]))]
    if data["requirements"] != table["id"]:
        raise ValueError("requirements")
    return Profile(
        id=str(data["id"]),
        version=str(data["version"]),
        title=as_text(data["title"]),
        risk_class=int(str(data["risk_class"])),
        class_reason=as_text(data["class_reason"]),
        alpha=as_share(data["alpha"]),
        min_group=max(1, int(str(data["min_group"]))),
        quality_metric=one_of("accuracy" if in_words else thresholds["quality_metric"], METRICS),
        gap_metric=one_of("accuracy" if in_words else data["gap_metric"], GAP_METRICS),
        thresholds=_thresholds(thresholds, {} if in_words else as_map(common["thresholds"]), in_words),
        challenge=NO_CHALLENGE if in_words else challenge_of(as_map(data["challenge"])),
        corruptions=tuple(
            (str(as_map(c)["kind"]), str(s))
            for c in as_list([] if in_words else data["corruptions"])
            for s in as_list(as_map(c)["severities"])
        ),
        grounds={
            _category(c): {g: as_text(t) for g, t in as_map(v).items()}
            for c, v in as_map(data["not_applicable"]).items()
        },
        table={
            k: {c: int(str(as_map(v["levels"])[c])) for c in CATEGORIES}
            for k, v in classes.items()
            if k <= int(str(data.get("highest_class", max(classes))))
        },
        validity_months=int(str(mine["validity_months"])),
        independence=str(mine["independence"]),
        checks=tuple(_check(as_map(c)) for c in as_list(checks["checks"])),
        valid_from=date.fromisoformat(str(data["valid_from"])),
        valid_to=None if data["valid_to"] is None else date.fromisoformat(str(data["valid_to"])),
        digest=digest([plain(data), plain(table), plain(checks), plain(common)]),
        in_words=in_words,
        aim={_category(c): int(str(level)) for c, level in as_map(data.get("aim", {})).items()},
    )


def _in_words(data: dict[str, object]) -> bool:
    return one_of(data.get("answers", "labels"), ("labels", "text")) == "text"


def _category(value: object) -> Category:
    for category in CATEGORIES:
        if category == value:
            return category
    raise ValueError(f"{value} is no category")


def _thresholds(data: dict[str, object], common: dict[str, object], in_words: bool) -> dict[str, Threshold]:
    given = {**common, **data}
    needed = () if in_words else THRESHOLDS
    names = [*needed, *sorted(set(given) - set(needed) - {"quality_metric"})]
    return {name: _threshold(given[name], name in THRESHOLDS) for name in names}


def _threshold(value: object, is_share: bool) -> Threshold:
    data = as_map(value)
    number = as_share(data["value"]) if is_share else as_positive(data["value"])
    return Threshold(number, as_text(data["reason"]), as_text(data["citation"]), str(data["status"]))


def _check(data: dict[str, object]) -> Check:
    return Check(
        str(data["id"]),
        _category(data["category"]),
        int(str(data["level"])),
        as_text(data),
        str(data["after"]),
    )
