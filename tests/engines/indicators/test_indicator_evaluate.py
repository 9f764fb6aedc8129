"""Figures over facts: both time lines, order independence, naive oracles, definitions that change."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.indicators import Evaluator, Lens, Period, load_plan, one_line, series
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.measure import Fact, Measure, Measures
from hutong.kernel.text import Text
from hutong.kernel.values import Missing, Number, Undefined, Value

cases = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("indicator_cases.py"))))
fact, engine, text_of, at = cases.fact, cases.engine, cases.indicator_text, cases.at
ZONE = ZoneInfo("Asia/Shanghai")


def value(maker: Evaluator, name: str = "T1", period: str = "2024", **when: datetime) -> Value:
    when.setdefault("known_on", cases.NOW)
    return maker.evaluate(name, maker.lens(period, **when)).value


def test_flow_counts_in_the_period_of_its_beginning() -> None:
    facts = [
        fact("r1", 1, "2023-06-01"),
        fact("r2", 2, "2024-01-01"),
        fact("r3", 4, "2024-12-31"),
        fact("r4", 8, "2025-01-01"),
        fact("r0", 16, "2022-12-31"),
    ]
    flows = engine(text_of("T1", "sum(a.flow)") + text_of("T2", "sum(a.flow) cumulative"), {"a.flow": facts})
    assert value(flows) == Number(6)
    assert value(flows, "T2") == Number(7), "cumulative begins with the plan"
    assert value(flows, valid_on=at("2024-07-01")) == Number(2)
    assert [r.record for r in flows.evaluate("T1", flows.lens("2024", None, cases.NOW)).records] == [
        "r2",
        "r3",
    ]


def test_midnight_is_that_of_the_plan() -> None:
    first = datetime(2023, 12, 31, 16, 0, tzinfo=ZoneInfo("UTC"))  # 2024-01-01 00:00 in Beijing
    inside, outside = (
        replace(fact("r", 1, "2024-05-01"), valid_from=first, recorded_at=first),
        replace(fact("s", 1, "2024-05-01"), valid_from=first.replace(hour=15), recorded_at=first),
    )
    assert value(engine(text_of("T1", "sum(a.flow)"), {"a.flow": [inside, outside]})) == Number(1)


def test_stock_leaves_when_it_ends() -> None:
    facts = [fact("c1", 3, "2023-01-10", end="2024-03-01"), fact("c2", 5, "2024-02-01")]
    stocks = engine(text_of("T1", "sum(a.stock)", "count(chip)", "stock"), {"a.stock": facts})
    read = [value(stocks, valid_on=at(d)) for d in ("2024-01-15", "2024-02-15", "2024-03-01", "2024-12-31")]
    assert read == [Number(3), Number(8), Number(5), Number(5)]
    gone = engine(text_of("T1", "sum(a.stock)", "count(chip)", "stock"), {"a.stock": facts[:1]})
    assert value(gone) == Number(0), "it was there and has ended: a true zero"
    assert isinstance(value(gone, valid_on=at("2023-01-01"), period="2023"), Missing)


def test_known_on_is_independent_of_valid_on() -> None:
    facts = [
        fact("r1", 10, "2024-02-01", known="2024-02-02", retracted="2024-06-01"),
        fact("r1", 7, "2024-02-01", known="2024-06-01"),
        fact("r2", 5, "2024-03-01", known="2025-02-01"),
    ]
    flows = engine(text_of("T1", "sum(a.flow)"), {"a.flow": facts})
    known = [value(flows, known_on=at(d)) for d in ("2024-02-01", "2024-05-01", "2024-06-01", "2025-03-01")]
    assert isinstance(known[0], Missing)
    assert known[1:] == [Number(10), Number(7), Number(12)]


def test_null_is_never_zero() -> None:
    text = (
        text_of("T1", "sum(a.flow)")
        + text_of("T2", "sum(z.later)", "count(thing)")
        + text_of("T3", "T1 + sum(b.flow)")
        + text_of("T4", "ratio(sum(a.flow), sum(b.flow))", "share", "ratio")
        + text_of("T5", "sum(a.flow) + sum(b.flow)", extra="        missing: skip_if_all\n")
        + text_of("T6", "sum(b.flow)", extra="        absence_means_none: true\n")
    )
    nothing = engine(text)
    assert all(isinstance(value(nothing, f"T{i}"), Missing) for i in range(1, 7))
    assert "department" in value(nothing, "T2").say("en") and "部门" in value(nothing, "T2").say("zh")
    some = engine(text, {"a.flow": [fact("r", 4, "2024-05-05")], "b.flow": []})
    assert value(some, "T1") == Number(4)
    assert isinstance(value(some, "T3"), Missing)
    assert value(some, "T5") == Number(4)
    assert value(some, "T6") == Number(0)
    zero = engine(text, {"a.flow": [fact("r", 4, "2024-05-05")], "b.flow": [fact("s", 0, "2024-05-05")]})
    assert value(zero, "T4") == Undefined()


def test_a_record_that_does_not_state_its_dimension() -> None:
    facts = {"a.flow": [fact("r", 4, "2024-05-05", domestic="yes"), fact("s", 6, "2024-05-05")]}
    ask = 'sum(a.flow where domestic = "yes")'
    assert isinstance(value(engine(text_of("T1", ask), facts)), Missing)
    lenient = text_of("T1", ask, extra="        missing: skip_if_all\n")
    assert value(engine(lenient, facts)) == Number(4)
    none = {"a.flow": [fact("r", 4, "2024-05-05", domestic="no")]}
    assert value(engine(text_of("T1", ask), none)) == Number(0), "all say no: a true zero"


def test_measure_in_another_unit() -> None:
    def served(unit: str, nature: str) -> Value:
        measures = Measures()
        rows = [fact("r", 7_200_000, "2024-05-05")]
        measures.add(Measure("a.flow", unit, nature, cases.NAME, cases.NAME, lambda: rows))  # type: ignore[arg-type]
        return value(Evaluator(load_plan(cases.HEAD + text_of("T1", "sum(a.flow)")), measures))

    assert served("chip_ms", "flow") == Number(2)
    assert isinstance(served("second", "flow"), Missing)
    assert isinstance(served("chip_ms", "stock"), Missing)


def test_formula_with_values_and_nested_inputs() -> None:
    text = text_of("T1", "sum(a.flow)") + text_of("T2", "growth_yoy(T1)", "percent", "ratio")
    grown = engine(text, {"a.flow": [fact("r", 4, "2023-05-05"), fact("s", 5, "2024-05-05")]})
    figure = grown.evaluate("T2", grown.lens("2024", None, cases.NOW))
    assert figure.value == Number(25)
    assert figure.version == "v1" and len(figure.formula_hash) == 64
    assert figure.worked.en == "(5 chip hours − 4 chip hours) ÷ 4 chip hours"
    assert [i.inputs[0].expression for i in figure.inputs] == ["sum(a.flow)", "sum(a.flow)"]
    assert [f.record for f in figure.records] == ["r", "s"]
    assert isinstance(value(grown, "T2", "2023"), Missing), "nothing is known of the year before"


def test_utilisation_uses_elapsed_time() -> None:
    text = text_of("T1", "ratio(sum(a.flow), sum(a.stock) * elapsed)", "percent", "ratio")
    facts = {"a.flow": [fact("r", 120, "2024-01-01")], "a.stock": [fact("c", 10, "2023-05-05")]}
    noon = datetime(2024, 1, 2, 0, 0, tzinfo=ZONE)
    assert value(engine(text, facts), valid_on=noon) == Number(50)


def test_self_reference_over_many_days() -> None:
    text = text_of("T1", "sum(a.flow) + previous(T1, 1 day)", extra="        missing: skip_if_all\n")
    long = engine(text, {"a.flow": [fact("r", 4, "2020-01-01"), fact("s", 5, "2024-05-05")]})
    assert value(long, "T1", "2024-06-01") == Number(9)


BASE = date(2024, 1, 1).toordinal()
facts_drawn = st.lists(
    st.builds(
        lambda i, amount, day, lag, gone, region: fact(
            f"r{i}",
            amount,
            date.fromordinal(BASE + day).isoformat(),
            known=date.fromordinal(BASE + day + lag).isoformat(),
            retracted=date.fromordinal(BASE + day + lag + gone).isoformat() if gone else None,
            region=region,
        ),
        st.integers(0, 8),
        st.fractions(0, 100, max_denominator=7),
        st.integers(-200, 500),
        st.integers(0, 60),
        st.one_of(st.none(), st.integers(1, 90)),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=25,
)
ORACLE_TEXT = (
    text_of("T1", "count(a.flow)", "count(record)")
    + text_of("T2", 'sum(a.flow where region != "c")')
    + text_of("T3", "distinct(a.flow, region)", "count(region)")
    + text_of("T4", 'share(a.flow, region = "a")', "share", "ratio")
    + text_of("T5", "median(a.flow)", "chip_hour", "statistic")
)
ORACLE_PLAN = load_plan(cases.HEAD + ORACLE_TEXT)


@settings(max_examples=60, deadline=None)
@given(facts_drawn, st.randoms(use_true_random=False), st.integers(0, 700), st.integers(0, 700))
def test_against_naive_oracle_in_any_order(
    facts: list[Fact], chance: object, valid_day: int, known_day: int
) -> None:
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    lens_of = ORACLE_PLAN.since.tzinfo
    valid_on = datetime.fromordinal(BASE + valid_day).replace(hour=18, tzinfo=lens_of)
    known_on = datetime.fromordinal(BASE + known_day).replace(hour=18, tzinfo=lens_of)
    results = []
    for rows, asked in ((facts, "12345"), (shuffled, "54321")):
        maker = Evaluator(ORACLE_PLAN, cases.registry({"a.flow": rows}))
        lens = maker.lens("2024", valid_on, known_on)
        figures = {n: maker.evaluate(f"T{n}", lens) for n in asked}
        results.append([figures[n] for n in "12345"])
    assert results[0] == results[1], "neither the order of facts nor that of questions matters"

    seen = [
        f
        for f in facts
        if f.valid_from.astimezone(ZONE).year == 2024
        and f.valid_from <= valid_on
        and f.recorded_at <= known_on
        and not (f.retracted_at and f.retracted_at <= known_on)
    ]
    got = [figure.value for figure in results[0]]
    if not seen:
        assert all(isinstance(v, Missing) for v in got)
        return
    total = sum((Fraction(f.amount) for f in seen), Fraction(0))
    part = sum((Fraction(f.amount) for f in seen if f.dims["region"] == "a"), Fraction(0))
    assert got[0] == Number(len(seen))
    assert got[1] == Number(sum((Fraction(f.amount) for f in seen if f.dims["region"] != "c"), Fraction(0)))
    assert got[2] == Number(len({f.dims["region"] for f in seen}))
    assert got[3] == (Number(part / total) if total else Undefined())
    ordered = sorted(Fraction(f.amount) for f in seen)
    assert got[4] == Number((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


@settings(max_examples=30, deadline=None)
@given(facts_drawn)
def test_breakdown_adds_up(facts: list[Fact]) -> None:
    maker = Evaluator(ORACLE_PLAN, cases.registry({"a.flow": facts}))
    lens = maker.lens("2024", None, cases.NOW)
    whole = maker.evaluate("T1", lens).value
    parts = [f.value for f in maker.breakdown("T1", lens, "region").values()]
    known = [p.amount for p in parts if isinstance(p, Number)]
    assert sum(known) == (whole.amount if isinstance(whole, Number) else 0)


VERSIONS = (
    "      - {version: v1, from: 2020-01-01, to: 2024-01-01, text: {en: D, zh: 口径}, expression: sum(a.flow)}\n"
    "      - {version: v2, from: 2024-01-01, text: {en: D, zh: 口径}, expression: sum(b.flow)}\n"
)
BRIDGE = "    bridges: [{earlier: v1, later: v2, factor: 1.5, evidence: {en: overlap, zh: 重叠期}}]\n"


def _two_versions(bridge: str) -> Evaluator:
    facts = {"a.flow": [fact("r", 4, "2023-05-05")], "b.flow": [fact("s", 9, "2024-05-05")]}
    first = text_of("T1", "", definitions=VERSIONS).replace("    target:", bridge + "    target:")
    return engine(first + text_of("T2", "growth_yoy(T1)", "percent", "ratio"), facts)


def test_two_definitions_are_never_one_line() -> None:
    broken = _two_versions("")
    lenses = [broken.lens(y, None, cases.NOW) for y in ("2024", "2023")]
    parts = series(broken, "T1", lenses)
    assert [(p.version, [f.value for f in p.points]) for p in parts] == [
        ("v1", [Number(4)]),
        ("v2", [Number(9)]),
    ]
    with pytest.raises(Conflict) as caught:
        one_line(broken.plan.indicator("T1"), parts)
    assert "v1" in caught.value.what.zh
    growth = value(broken, "T2")
    assert isinstance(growth, Missing) and "bridge" in growth.say("en")
    bridged = _two_versions(BRIDGE)
    line = one_line(bridged.plan.indicator("T1"), series(bridged, "T1", lenses))
    assert [f.value for f in line] == [Number(6), Number(9)]
    assert value(bridged, "T2") == Number(50)


def test_a_gap_between_definitions_is_explicit() -> None:
    gap = VERSIONS.replace("to: 2024-01-01", "to: 2023-06-01")
    maker = engine(text_of("T1", "", definitions=gap), {"a.flow": [fact("r", 4, "2023-05-05")]})
    figure = maker.evaluate("T1", maker.lens("2023", None, cases.NOW))
    assert isinstance(figure.value, Missing) and figure.version is None


@pytest.mark.parametrize(
    ("name", "start", "end", "before"),
    [
        ("2024", date(2024, 1, 1), date(2025, 1, 1), "2023"),
        ("2024-H2", date(2024, 7, 1), date(2025, 1, 1), "2023-H2"),
        ("2024-Q1", date(2024, 1, 1), date(2024, 4, 1), "2023-Q1"),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1), "2023-02"),
        ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1), "2023-02-28"),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 6), None),
    ],
)
def test_periods(name: str, start: date, end: date, before: str | None) -> None:
    period = Period.named(name)
    assert (period.start, period.end) == (start, end)
    if before:
        assert period.back(1, "year").name == before


@pytest.mark.parametrize("bad", ["2024-13", "24", "2024-Q5", "2023-02-29", "2024-W54", "", "２０２４-1"])
def test_bad_periods(bad: str) -> None:
    with pytest.raises(Invalid):
        Period.named(bad)


def test_facts_and_measures_refuse_what_is_not_exact() -> None:
    good = fact("r", 1, "2024-01-01")
    with pytest.raises(TypeError):
        replace(good, amount=1.5)
    with pytest.raises(ValueError, match="zone"):
        replace(good, valid_from=datetime(2024, 1, 1))
    with pytest.raises(ValueError, match="before"):
        replace(good, valid_to=at("2023-01-01"))
    with pytest.raises(ValueError, match="retracted"):
        replace(good, retracted_at=at("2023-01-01"))
    measures = cases.registry({"a.flow": []})
    for name, nature in (("a.flow", "flow"), ("nodot", "flow"), ("a.b", "ratio")):
        with pytest.raises(ValueError):
            measures.add(Measure(name, "fen", nature, Text("x", "甲"), Text("x", "甲"), list))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="zone"):
        Lens(Period.named("2024"), datetime(2024, 1, 1), cases.NOW, cases.NOW)


def test_a_whole_month_looks_back_at_a_whole_month() -> None:
    text = text_of("T1", "sum(a.flow)") + text_of("T2", "previous(T1, 1 month)")
    text += text_of("T3", "ratio(sum(a.flow), sum(a.stock) * elapsed)", "percent", "ratio")
    facts = {
        "a.flow": [fact("r", 4, "2024-01-31"), fact("s", 744, "2024-01-02"), fact("t", 1, "2024-03-01")],
        "a.stock": [fact("c", 1, "2023-05-05")],
    }
    maker = engine(text, facts)
    assert value(maker, "T2", "2024-02") == Number(748), "February has 29 days, January is read to its 31st"
    assert isinstance(value(maker, "T2", "2024-02", valid_on=at("2024-02-01")), Missing)
    assert value(maker, "T3", "2024-01") == Number(Fraction(74800, 744)), "31 days are exactly 744 hours"
    whole, part = maker.lens("2025-02"), maker.lens("2025-02", at("2025-02-27"))
    assert whole.back(1, "year").day == date(2024, 2, 29)
    assert part.back(1, "year").day == date(2024, 2, 27)
