"""Every kind of target and every state; paths; claims; observations."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.indicators import (
    STATES,
    Assessment,
    Baseline,
    Observation,
    Observations,
    PeerSet,
    Proof,
    Step,
    Target,
    TargetPath,
    expected,
    parse_claim,
    progress,
    status,
)
from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.text import Text
from hutong.kernel.values import Disputed, Missing, Number, Suppressed, Undefined, Value

START, HALF, END, AFTER = date(2023, 1, 1), date(2024, 1, 1), date(2025, 1, 1), date(2025, 1, 2)
MID = date(2023, 12, 31)
F = Fraction


def reach(goal: int = 100, base: int | None = 0, **more: object) -> Target:
    on = None if base is None else START
    return Target(
        "reach", END, goal=F(goal), baseline=Baseline(None if base is None else F(base), on), **more
    )  # type: ignore[arg-type]


RANGE = Target("range", END, low=F(5), high=F(10), baseline=Baseline(F(0), START))
KEEP = Target("maintain", END, goal=F(10), strict=True)
RANK = Target("rank", END, goal=F(1))
STEPS = Target("milestone", END, guards=("a", "b"))
JUDGED = Target("qualitative", END, owner="unit-1")
PEERS = Proof(peers=PeerSet(("x", "y", "z"), HALF))
NONE = Missing(Text("none", "无"))


def judged(unit: str, met: bool, done: bool = True) -> Proof:
    return Proof(assessment=Assessment("Li", unit, met, HALF, {"c1": True, "c2": done}))


@pytest.mark.parametrize(
    ("value", "target", "on", "proof", "state"),
    [
        (Number(100), reach(), HALF, None, "hold"),
        (Number(100), reach(strict=True), AFTER, None, "missed"),
        (Number(50), reach(), HALF, None, "on_path"),
        (Number(45), reach(), MID, None, "on_path"),
        (Number(41), reach(), MID, None, "late"),
        (Number(20), reach(), HALF, None, "far_behind"),
        (Number(99), reach(), AFTER, None, "missed"),
        (Number(99), reach(), END, None, "on_path"),
        (Number(10), reach(10, 100), HALF, None, "hold"),
        (Number(50), reach(10, 100), HALF, None, "on_path"),
        (Number(95), reach(10, 100), HALF, None, "far_behind"),
        (Number(50), reach(base=None), HALF, None, "not_measurable"),
        (NONE, reach(), HALF, None, "not_known"),
        (Undefined(), reach(), HALF, None, "not_known"),
        (Suppressed(), reach(), HALF, None, "not_known"),
        (Disputed((Number(1), Number(200))), reach(), HALF, None, "not_known"),
        (Number(0), reach(declared=False), AFTER, None, "not_measurable"),
        (Number(5), Target("reach", END), HALF, None, "not_measurable"),
        (Number(5), RANGE, HALF, None, "hold"),
        (Number(10), RANGE, HALF, None, "hold"),
        (Number(11), RANGE, HALF, None, "above"),
        (Number(4), RANGE, AFTER, None, "missed"),
        (Number(0), RANGE, START, None, "on_path"),
        (Number(11), KEEP, HALF, Proof(history=(("2023", Number(12)),)), "hold"),
        (Number(99), KEEP, HALF, Proof(history=(("2022", Number(99)), ("2023", Number(10)))), "missed"),
        (Number(99), KEEP, HALF, Proof(history=(("2023", NONE),)), "not_known"),
        (Number(9), KEEP, HALF, None, "late"),
        (NONE, KEEP, HALF, None, "not_known"),
        (Number(1), RANK, HALF, PEERS, "hold"),
        (Number(2), RANK, HALF, PEERS, "late"),
        (Number(2), RANK, AFTER, PEERS, "missed"),
        (Number(1), RANK, HALF, None, "not_known"),
        (Number(1), RANK, START, PEERS, "not_known"),
        (NONE, STEPS, HALF, Proof(milestones={"a": START, "b": HALF}), "hold"),
        (NONE, STEPS, HALF, Proof(milestones={"a": START, "b": END}), "on_path"),
        (NONE, STEPS, HALF, None, "not_known"),
        (NONE, STEPS, AFTER, Proof(milestones={"a": START}), "missed"),
        (NONE, JUDGED, HALF, None, "not_assessed"),
        (NONE, JUDGED, HALF, judged("unit-1", True), "not_assessed"),
        (NONE, JUDGED, HALF, judged("unit-2", True, done=False), "not_assessed"),
        (NONE, JUDGED, START, judged("unit-2", True), "not_assessed"),
        (NONE, JUDGED, HALF, judged("unit-2", True), "hold"),
        (NONE, JUDGED, HALF, judged("unit-2", False), "late"),
        (NONE, JUDGED, AFTER, judged("unit-2", False), "missed"),
    ],
)
def test_every_state(value: Value, target: Target, on: date, proof: Proof | None, state: str) -> None:
    found = status(value, target, on, proof)
    assert found.state == state
    assert (found.words, found.shape) == STATES[found.state]
    assert found.reason.en and found.reason.zh
    assert status(value, target, on, proof) == found


def test_states_differ_by_word_and_shape() -> None:
    assert len({s for _, s in STATES.values()}) == len(STATES)
    assert len({w.en for w, _ in STATES.values()}) == len({w.zh for w, _ in STATES.values()}) == len(STATES)


def test_undeclared_names_who_must_declare() -> None:
    target = Target("reach", END, declared=False, must_declare=Text("Unit A", "甲单位"))
    found = status(Number(10**6), target, AFTER)
    assert "Unit A" in found.reason.en and "甲单位" in found.reason.zh
    assert found.words.en == "not measurable until declared"


def test_paths() -> None:
    assert expected(reach(), START) == 0 and expected(reach(), END) == 100
    assert expected(reach(), HALF) == F(100 * 365, 731)
    stepped = reach(path=TargetPath("stepped", (Step(HALF, F(40)), Step(date(2024, 7, 1), F(70)))))
    assert [expected(stepped, d) for d in (MID, HALF, date(2024, 8, 1), END)] == [0, 40, 70, 100]
    assert expected(KEEP, START) == 10


@settings(deadline=None)
@given(st.integers(1, 730), st.integers(1, 20), st.fractions(0, 1, max_denominator=10))
def test_logistic_against_floating_point(days: int, steepness: int, middle: Fraction) -> None:
    target = reach(path=TargetPath("logistic", (), F(steepness), middle))
    day = date.fromordinal(START.toordinal() + days)
    asked = expected(target, day)
    assert asked is not None

    def sigma(t: float) -> float:
        return 1 / (1 + math.exp(-steepness * (t - float(middle))))

    share = days / (END - START).days
    oracle = 100 * (sigma(share) - sigma(0)) / (sigma(1) - sigma(0))
    assert float(asked) == pytest.approx(oracle, abs=1e-6)
    earlier = expected(target, date.fromordinal(day.toordinal() - 1))
    assert earlier is not None and earlier <= asked


def test_progress_is_aware_of_sign() -> None:
    assert progress(reach(10, 100), F(10), END) == 1
    assert progress(reach(10, 100), F(190), END) == -1
    assert progress(reach(), F(5), START) is None


@pytest.mark.parametrize(
    ("raw", "low", "high", "unit"),
    [
        ("300亿元", 3 * 10**10, 3 * 10**10, "yuan"),
        ("近300亿元", 2 * 10**10, 3 * 10**10, "yuan"),
        ("超1.5万亿", 15 * 10**11, None, "number"),
        ("约300亿元", 25 * 10**9, 35 * 10**9, "yuan"),
        ("5–10家", 5, 10, "count"),
        ("５～１０家", 5, 10, "count"),
        ("5%-10%", 5, 10, "percent"),
        ("20亿-30亿元", 20 * 10**8, 30 * 10**8, "yuan"),
        ("5-10亿元", 5 * 10**8, 10 * 10**8, "yuan"),
        ("１２．５％", F("12.5"), F("12.5"), "percent"),
        ("3个百分点", 3, 3, "percentage_point"),
        ("2 pp", 2, 2, "percentage_point"),
        ("1,234,567", 1234567, 1234567, "number"),
        ("叁佰", 300, 300, "number"),
        ("二十五家", 25, 25, "count"),
        ("100余家", 100, 200, "count"),
        ("300多亿元", 3 * 10**10, 4 * 10**10, "yuan"),
        ("30万元以上", 300000, None, "yuan"),
        ("不超过20%", None, 20, "percent"),
        ("百分之十", 10, 10, "percent"),
        ("-0", 0, 0, "number"),
        ("over 3 billion yuan", 3 * 10**9, None, "yuan"),
        ("at least 10", 10, None, "number"),
        ("1e5", 100000, 100000, "number"),
    ],
)
def test_claims(raw: str, low: int | None, high: int | None, unit: str) -> None:
    claim = parse_claim(raw)
    assert (claim.low, claim.high, claim.unit, claim.raw) == (low, high, unit, raw)
    qualified = low != high or claim.open_low or claim.open_high
    assert (claim.exact is None) == qualified


@pytest.mark.parametrize("word", ["近", "超", "约", "逾", "不低于", "about ", "nearly ", "over "])
@settings(deadline=None)
@given(number=st.integers(1, 10**6))
def test_a_qualifier_is_never_an_exact_value(word: str, number: int) -> None:
    claim = parse_claim(f"{word}{number}")
    assert claim.exact is None
    assert claim.admits(number) == (word in ("约", "about ", "不低于"))


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("NaN", "not_finite"),
        ("-Infinity", "not_finite"),
        ("∞", "not_finite"),
        ("1e400", "size"),
        ("1e-999999999", "size"),
        ("9" * 40, "size"),
        ("", "unreadable"),
        ("abc", "unreadable"),
        ("12 34", "unreadable"),
        ("1,23", "unreadable"),
        ("二〇二五", "unreadable"),
        ("5-3家", "range"),
        ("=1+1", "unreadable"),
        ("1" + " " * 200 + "2", "unreadable"),
    ],
)
def test_refused_claims(raw: str, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_claim(raw)
    assert caught.value.rule == f"indicators.claim.{rule}"


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        claim = parse_claim(raw)
    except Invalid:
        return
    assert claim.low is None or claim.high is None or claim.low <= claim.high


def _observation(value: int, day: int, **more: object) -> Observation:
    when = datetime(2025, 1, day, tzinfo=UTC)
    return Observation("T1", "2024", "v1", Number(value), when, "A", "B", **more)  # type: ignore[arg-type]


def test_restatement_keeps_both_values() -> None:
    book = Observations().report(_observation(10, 1))
    with pytest.raises(Conflict):
        book.report(_observation(11, 2))
    why = Text("late delivery", "迟报")
    later = book.restate(_observation(12, 5, reason=why))
    assert [o.value for o in later.history("T1", "2024")] == [Number(10), Number(12)]
    assert later.history("T1", "2024")[0].superseded_at == datetime(2025, 1, 5, tzinfo=UTC)
    assert book.history("T1", "2024")[0].superseded_at is None, "the earlier container is untouched"
    seen = [later.as_known("T1", "2024", datetime(2025, 1, d, tzinfo=UTC)) for d in (4, 5, 9)]
    assert [o and o.value for o in seen] == [Number(10), Number(12), Number(12)]
    assert later.as_known("T1", "2024", datetime(2024, 12, 31, tzinfo=UTC)) is None
    with pytest.raises(Invalid):
        later.restate(_observation(13, 6))
    with pytest.raises(Invalid):
        later.restate(_observation(13, 5, reason=why))
    with pytest.raises(NotFound):
        later.restate(_observation(13, 6, reason=why, breakdown="region=1"))
    with pytest.raises(Denied):
        Observations().report(
            Observation("T", "2024", "v", Number(1), datetime(2025, 1, 1, tzinfo=UTC), "A", "A")
        )
