"""The state of a target: a pure function of value, target and date. Nobody sets it.

Thresholds: on the path at 1 − tolerance of the asked progress, late at 1 − 2·tolerance, far
behind below that, missed when the deadline has passed. What cannot be judged says why and who must act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from hutong.engines.indicators.targets import Target, expected, progress
from hutong.kernel.text import Text
from hutong.kernel.values import Number, Value, decimal_text

StateName = Literal[
    "hold", "above", "on_path", "late", "far_behind", "missed", "not_known", "not_measurable", "not_assessed"
]
STATES: dict[StateName, tuple[Text, str]] = {
    "hold": (Text("holds", "已达成"), "●"),
    "above": (Text("above the range", "超出区间上限"), "◆"),
    "on_path": (Text("on its way", "进度正常"), "◐"),
    "late": (Text("late", "进度滞后"), "▲"),
    "far_behind": (Text("far behind", "严重滞后"), "■"),
    "missed": (Text("missed", "未达成"), "✖"),
    "not_known": (Text("figure not known", "数据暂缺"), "◌"),
    "not_measurable": (Text("not measurable until declared", "目标待明确，暂不可考核"), "○"),
    "not_assessed": (Text("not assessed", "尚未评估"), "◇"),
}


@dataclass(frozen=True, slots=True)
class Status:
    """state: stable name. words and shape: what a page shows, never colour alone. reason: why it is so."""

    state: StateName
    words: Text
    shape: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Assessment:
    """A judgement of a qualitative aim: by whom, from which unit, on which checklist."""

    assessor: str
    assessor_unit: str
    met: bool
    on: date
    checklist: Mapping[str, bool] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PeerSet:
    """The set that a rank was taken in: a rank without its peers and their date is no evidence."""

    members: tuple[str, ...]
    on: date


@dataclass(frozen=True, slots=True)
class Proof:
    """What some kinds of target need besides the value.

    history: closed periods of a maintained bound, as (name, value). milestones: guard → date proven.
    """

    history: tuple[tuple[str, Value], ...] = ()
    assessment: Assessment | None = None
    peers: PeerSet | None = None
    milestones: Mapping[str, date] = field(default_factory=dict, hash=False)


def _as(state: StateName, reason: Text) -> Status:
    words, shape = STATES[state]
    return Status(state, words, shape, reason)


def status(value: Value, target: Target, on: date, proof: Proof | None = None) -> Status:
    """State of a target on a date. value is in the unit of the target."""
    evidence = proof or Proof()
    if not target.declared or target.lacks():
        who = target.must_declare or Text("the owner of the indicator", "指标责任单位")
        return _as(
            "not_measurable",
            Text("{w} must declare baseline, threshold and source", "须由{w}明确基期值、目标值及依据").format(
                w=who
            ),
        )
    if target.kind == "qualitative":
        return _qualitative(target, on, evidence.assessment)
    if target.kind == "milestone":
        return _milestone(target, on, evidence.milestones)
    if target.kind == "maintain":
        return _maintain(value, target, evidence.history)
    if not isinstance(value, Number):
        return _as("not_known", Text(value.say("en"), value.say("zh")))
    if target.kind == "rank":
        return _rank(value.amount, target, on, evidence.peers)
    return _range(value.amount, target, on) if target.kind == "range" else _reach(value.amount, target, on)


def _fill(en: str, zh: str, **numbers: Fraction | None) -> Text:
    shown = {k: "?" if v is None else Number(v).say("en") for k, v in numbers.items()}
    return Text(en, zh).format(**shown)


def _reach(actual: Fraction, target: Target, on: date) -> Status:
    goal, base = target.goal, target.baseline.value
    assert goal is not None  # lacks() has seen to it
    falling = base is not None and goal < base
    there = actual <= goal if falling else actual >= goal
    if there and not (target.strict and actual == goal):
        return _as("hold", _fill("{a} against a goal of {g}", "实际值{a}，目标值{g}", a=actual, g=goal))
    return _under_way(actual, target, on)


def _range(actual: Fraction, target: Target, on: date) -> Status:
    low, high = target.low, target.high
    assert low is not None and high is not None  # lacks() has seen to it
    spoken = _fill("{a}, range {l} to {h}", "实际值{a}，区间{l}至{h}", a=actual, l=low, h=high)
    if actual > high:
        return _as("above", spoken)
    return _as("hold", spoken) if actual >= low else _under_way(actual, target, on)


def _under_way(actual: Fraction, target: Target, on: date) -> Status:
    """Not there yet: missed after the deadline, else judged by the path."""
    asked = expected(target, on)
    if on > target.deadline:
        return _as(
            "missed", _fill("{a} where {g} was due", "期限已过，实际值{a}，应达{g}", a=actual, g=asked)
        )
    share = progress(target, actual, on)
    if asked is not None and share is None:
        share = Fraction(1) if actual == asked else None
    if asked is None or share is None:
        reason = target.baseline.reason or Text("nobody has declared a baseline", "尚未明确基期值")
        return _as(
            "not_measurable", Text("progress cannot be computed: {r}", "无法计算进度：{r}").format(r=reason)
        )
    spoken = _fill("{a} where the path asks for {g}", "实际值{a}，按进度应达{g}", a=actual, g=asked)
    if share >= 1 - target.tolerance:
        return _as("on_path", spoken)
    return _as("late" if share >= 1 - 2 * target.tolerance else "far_behind", spoken)


def _keeps(value: Number, target: Target) -> bool:
    assert target.goal is not None  # lacks() has seen to it
    return value.amount > target.goal if target.strict else value.amount >= target.goal


def _maintain(value: Value, target: Target, history: tuple[tuple[str, Value], ...]) -> Status:
    """Every period must hold: a good mean does not heal a bad year, nor does a good year an unknown one."""
    broken = [name for name, v in history if isinstance(v, Number) and not _keeps(v, target)]
    if broken:
        return _as("missed", Text("not kept in {p}", "以下期间未保持：{p}").format(p=", ".join(broken)))
    unknown = [name for name, v in history if not isinstance(v, Number)]
    if unknown:
        return _as(
            "not_known", Text("not known for {p}", "以下期间数据暂缺：{p}").format(p=", ".join(unknown))
        )
    if not isinstance(value, Number):
        return _as("not_known", Text(value.say("en"), value.say("zh")))
    if not _keeps(value, target):
        return _as(
            "late",
            _fill(
                "{a} in the current period, {g} is to be kept",
                "本期为{a}，应保持在{g}以上",
                a=value.amount,
                g=target.goal,
            ),
        )
    return _as("hold", _fill("{a}, kept in every period known", "本期为{a}，各期均保持", a=value.amount))


def _rank(actual: Fraction, target: Target, on: date, peers: PeerSet | None) -> Status:
    assert target.goal is not None  # lacks() has seen to it
    if peers is None or len(peers.members) < 2 or peers.on > on:
        return _as(
            "not_known", Text("a rank needs the full set of peers and its date", "名次须注明比较对象及时点")
        )
    spoken = Text("place {a} of {n} on {d}", "{d}在{n}个比较对象中列第{a}位").format(
        a=decimal_text(actual), n=len(peers.members), d=peers.on.isoformat()
    )
    if actual <= target.goal:
        return _as("hold", spoken)
    return _as("missed" if on > target.deadline else "late", spoken)


def _milestone(target: Target, on: date, proven: Mapping[str, date]) -> Status:
    done = [g for g in target.guards if g in proven and proven[g] <= on]
    spoken = Text("{d} of {n} steps proven", "{n}项节点中已有{d}项完成并留痕").format(
        d=len(done), n=len(target.guards)
    )
    if len(done) == len(target.guards):
        return _as("hold", spoken)
    return _as("missed" if on > target.deadline else "on_path" if done else "not_known", spoken)


def _qualitative(target: Target, on: date, assessment: Assessment | None) -> Status:
    if assessment is None or assessment.on > on:
        return _as("not_assessed", Text("no one outside the owner has judged it", "尚无责任单位以外人员评估"))
    if assessment.assessor_unit == target.owner:
        return _as(
            "not_assessed", Text("the assessor belongs to the owner's unit", "评估人属于责任单位，评估无效")
        )
    checked = sum(assessment.checklist.values())
    if not assessment.checklist or checked < len(assessment.checklist):
        return _as(
            "not_assessed",
            Text("checklist {c} of {n} complete", "评估清单完成{c}/{n}").format(
                c=checked, n=len(assessment.checklist)
            ),
        )
    spoken = Text("judged by {a} on {d}", "由{a}于{d}评估").format(
        a=assessment.assessor, d=assessment.on.isoformat()
    )
    if assessment.met:
        return _as("hold", spoken)
    return _as("missed" if on > target.deadline else "late", spoken)
