"""What a centre claims against what the hub observed: per statement a ratio, a clock offset, and a verdict with reasons.

The hub sees starts and ends no finer than it polls. So each observed duration is an interval, and a claim is held
against the end of the interval that favours the centre: polling never makes a centre look dishonest. A clock that is
off moves starts and ends alike and leaves durations; claiming too much leaves starts and stretches durations or chips.
That is how the two are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from statistics import median_low
from typing import Any, Literal

import yaml

from hutong.engines.broker.money.statement import Segment
from hutong.kernel.text import Text

SOURCE = Path(__file__).with_name("reconcile.yaml")
Verdict = Literal["matched", "disputed", "quarantined"]
_ORDER: tuple[Verdict, ...] = ("matched", "disputed", "quarantined")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Shares are of the observed amount; offsets in milliseconds. Dated: see `reconcile.yaml`."""

    version: str
    valid_from: date
    status: str
    citation: Text
    dispute_above: Fraction
    quarantine_above: Fraction
    clock_dispute_ms: int
    clock_quarantine_ms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """rule: which check; verdict: what it asks for; attempts: those concerned, at most twenty named."""

    rule: str
    verdict: Verdict
    sentence: Text
    attempts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """claimed, observed: milli-chip-milliseconds of the attempts both know. ratio: their quotient, None where undefined.

    offset_ms: median of claimed minus observed starts, None without a common attempt. verdict: the gravest finding.
    """

    claimed: int
    observed: int
    ratio: Fraction | None
    offset_ms: int | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return max((f.verdict for f in self.findings), key=_ORDER.index, default="matched")


@cache
def hub_tolerance() -> Tolerance:
    """The tolerance that comes with the hub."""
    return read_tolerance(yaml.safe_load(SOURCE.read_text("utf-8")))


def read_tolerance(raw: Mapping[str, Any]) -> Tolerance:
    """Of a mapping in the form of `reconcile.yaml`."""
    return Tolerance(
        raw["version"],
        date.fromisoformat(raw["valid_from"]),
        raw["status"],
        Text(**raw["citation"]),
        Fraction(raw["dispute_above"]),
        Fraction(raw["quarantine_above"]),
        int(raw["clock_dispute_ms"]),
        int(raw["clock_quarantine_ms"]),
    )


def reconcile(
    claimed: Sequence[Segment], observed: Sequence[Segment], poll_ms: int, tolerance: Tolerance
) -> Reconciliation:
    """Hold one statement of a centre against the hub's own observation of the same attempts and period.

    poll_ms: how far an observed start or end may be from the true one.
    """
    theirs, ours = _by_attempt(claimed), _by_attempt(observed)
    common = sorted(theirs.keys() & ours.keys())
    sum_theirs = sum(_amount(theirs[a]) for a in common)
    sum_ours = sum(_amount(ours[a]) for a in common)
    slack = sum(2 * poll_ms * max(s.milli_chips for s in ours[a]) for a in common)
    offset = median_low([_start(theirs[a]) - _start(ours[a]) for a in common]) if common else None
    found = [
        *_ratio_findings(sum_theirs, sum_ours, slack, tolerance),
        *_offset_findings(offset, poll_ms, tolerance),
        *_stranger_findings(theirs, ours),
        *_twice_findings(claimed),
    ]
    ratio = Fraction(sum_theirs, sum_ours) if sum_ours else None
    return Reconciliation(sum_theirs, sum_ours, ratio, offset, tuple(found))


def double_claims(claims: Mapping[str, Sequence[Segment]]) -> tuple[tuple[str, str, str, int], ...]:
    """(attempt, centre, other centre, milliseconds) where two centres claim the same time of one attempt.

    claims: centre -> its segments. An attempt runs at one centre: each such millisecond can be paid to one of them only.
    """
    spans: dict[str, list[tuple[int, int, str]]] = {}
    for centre in sorted(claims):
        for segment in claims[centre]:
            spans.setdefault(segment.attempt, []).append((segment.start_ms, segment.end_ms, centre))
    found: dict[tuple[str, str, str], int] = {}
    for attempt, some in spans.items():
        some.sort()
        for i, (_, end, centre) in enumerate(some):
            for start, other_end, other in some[i + 1 :]:
                if start >= end:
                    break
                if other != centre:
                    one, two = sorted((centre, other))
                    key = (attempt, one, two)
                    found[key] = found.get(key, 0) + min(end, other_end) - start
    return tuple((*key, found[key]) for key in sorted(found))


def _by_attempt(segments: Sequence[Segment]) -> dict[str, list[Segment]]:
    made: dict[str, list[Segment]] = {}
    for segment in segments:
        made.setdefault(segment.attempt, []).append(segment)
    return made


def _amount(segments: Sequence[Segment]) -> int:
    return sum(s.milli_chips * (s.end_ms - s.start_ms) for s in segments)


def _start(segments: Sequence[Segment]) -> int:
    return min(s.start_ms for s in segments)


def _ratio_findings(theirs: int, ours: int, slack: int, tolerance: Tolerance) -> list[Finding]:
    """Whether the claim leaves the interval of what may have been used, by more than the agreed shares."""
    over = theirs > (ours + slack) * (1 + tolerance.dispute_above)
    under = theirs < max(0, ours - slack) * (1 - tolerance.dispute_above)
    if not (over or under):
        return []
    grave = theirs > (ours + slack) * (1 + tolerance.quarantine_above)
    percent = round(Fraction(theirs, ours) * 100) if ours else "∞"
    return [
        Finding(
            "reconcile.ratio",
            "quarantined" if grave else "disputed",
            Text(
                "The centre claims {p} % of the chip-time observed.", "算力中心申报的卡时为观测值的 {p}%。"
            ).format(p=percent),
        )
    ]


def _offset_findings(offset: int | None, poll_ms: int, tolerance: Tolerance) -> list[Finding]:
    beyond = max(0, abs(offset or 0) - poll_ms)
    if beyond <= tolerance.clock_dispute_ms:
        return []
    way = Text("fast", "快") if (offset or 0) > 0 else Text("slow", "慢")
    return [
        Finding(
            "reconcile.clock",
            "quarantined" if beyond > tolerance.clock_quarantine_ms else "disputed",
            Text("The centre's clock is {s} s {w}.", "算力中心时钟{w} {s} 秒。").format(
                s=abs(offset or 0) // 1000, w=way
            ),
        )
    ]


def _stranger_findings(theirs: Mapping[str, object], ours: Mapping[str, object]) -> list[Finding]:
    found = []
    for rule, en, zh, some in (
        ("reconcile.unknown", "{n} claimed attempts were never started by this hub.", "所申报的 {n} 次运行并非由本平台发起。", theirs.keys() - ours.keys()),
        ("reconcile.unclaimed", "{n} observed attempts are not claimed.", "观测到的 {n} 次运行未申报。", ours.keys() - theirs.keys()),
    ):  # fmt: skip
        if some:
            names = sorted(some)
            found.append(Finding(rule, "disputed", Text(en, zh).format(n=len(names)), tuple(names[:20])))
    return found


def _twice_findings(claimed: Sequence[Segment]) -> list[Finding]:
    seen: set[Segment] = set()
    twice = {s.attempt for s in claimed if s in seen or seen.add(s)}  # type: ignore[func-returns-value]
    if not twice:
        return []
    names = sorted(twice)
    sentence = Text(
        "{n} attempts have a segment that is claimed twice.", "{n} 次运行存在重复申报的用量。"
    ).format(n=len(names))
    return [Finding("reconcile.duplicate", "disputed", sentence, tuple(names[:20]))]
