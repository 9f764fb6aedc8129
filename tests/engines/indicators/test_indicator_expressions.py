"""Expressions, units, types and cycles."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.indicators import (
    Signature,
    Type,
    canonical,
    components,
    convert,
    cycles,
    parse,
    parse_unit,
    type_of,
)
from hutong.engines.indicators.expressions import (
    Aggregate,
    Binary,
    Condition,
    Const,
    Elapsed,
    Expression,
    Growth,
    Ref,
    formula_hash,
)
from hutong.engines.indicators.units import SHARE
from hutong.kernel.errors import Invalid

MEASURES = {
    "a.hours": Signature(parse_unit("chip_hour"), "flow"),
    "a.money": Signature(parse_unit("fen"), "flow"),
    "a.calls": Signature(parse_unit("count(calls)"), "flow"),
    "a.awards": Signature(parse_unit("count(award)"), "flow"),
    "a.chips": Signature(parse_unit("chip"), "stock"),
    "a.rate": Signature(parse_unit("percent"), "flow"),
    "a.rank": Signature(parse_unit("rank"), "stock"),
    "a.fp16": Signature(parse_unit("PFLOPS(FP16)"), "stock"),
    "a.fp64": Signature(parse_unit("PFLOPS(fp64)"), "stock"),
    "a.usd": Signature(parse_unit("usd"), "flow"),
}
INDICATORS = {"T1.1": Type(SHARE, "ratio"), "T1.2": Type(parse_unit("亿元"), "flow")}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ('sum(a.hours where region = "海淀") cumulative', '求和(a.hours 其中 region = "海淀") 累计'),
        ("ratio(count(a.calls), count(a.awards))", "比率(计数(a.calls), 计数(a.awards))"),
        ("distinct(a.chips, chip) point_in_time", "去重计数(a.chips, chip) 时点"),
        ("growth_yoy(sum(a.hours) in_period)", "同比增长(求和(a.hours) 期内)"),
        ("previous(T1.2, 2 quarters)", "上期(T1.2, 2 季度)"),
        (
            'share(a.hours where x = "1" and y != "2", z = "3")',
            '占比(a.hours 其中 x = "1" 且 y ≠ "2", z = "3")',
        ),
        ("median(a.hours) + 3000 [亿元]", "中位数(a.hours) + 3000 [yi_yuan]"),
        ("min(a.rank) - max(a.rank) * elapsed", "最小值(a.rank) - 最大值(a.rank) * 历时"),
    ],
)
def test_both_languages_give_one_tree(english: str, chinese: str) -> None:
    assert parse(english) == parse(chinese)
    assert formula_hash(parse(english)) == formula_hash(parse(chinese))


conditions = st.builds(
    Condition, st.sampled_from(["x", "y"]), st.booleans(), st.sampled_from(["1", "海淀", ""])
)
windows = st.sampled_from([None, "in_period", "cumulative", "point_in_time"])
leaves: st.SearchStrategy[Expression] = st.one_of(
    st.builds(Const, st.integers(0, 10**9).map(Fraction), st.sampled_from([SHARE, parse_unit("亿元")])),
    st.builds(Const, st.integers(0, 999).map(lambda n: Fraction(n, 100)), st.just(SHARE)),
    st.builds(
        Aggregate,
        st.sampled_from(["count", "sum", "median", "min", "max"]),
        st.sampled_from(["a.hours", "b.c_d.e2"]),
        st.lists(conditions, max_size=2, unique=True).map(
            lambda c: tuple(sorted(c, key=lambda t: (t.dim, t.equal, t.value)))
        ),
        windows,
    ),
    st.builds(lambda w: Aggregate("distinct", "a.hours", (), w, "chip"), windows),
    st.builds(Ref, st.just("T1.2"), st.integers(0, 3), st.sampled_from(["year", "half_year", "day"])).map(
        lambda r: r if r.back else Ref(r.indicator)
    ),
    st.just(Elapsed()),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from("+-*/"), inner, inner), st.builds(Growth, inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(trees)
def test_canonical_text_reads_back(tree: Expression) -> None:
    assert parse(canonical(tree)) == tree


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "syntax"),
        ("sum(", "syntax"),
        ("sum(hours)", "syntax"),
        ("mean(a.hours)", "syntax"),
        ("NaN", "syntax"),
        ("Infinity", "syntax"),
        ("1e400", "syntax"),
        ('sum(a.hours where x = "a\\n")', "syntax"),
        ("(" * 50 + "1" + ")" * 50, "size"),
        ("1+" * 2000 + "1", "size"),
    ],
)
def test_refused_texts(text: str, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.rule == f"indicators.expression.{rule}"
    assert caught.value.what.zh and caught.value.remedy.en


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("sum(a.chips) cumulative", "stock_over_time"),
        ("sum(a.chips) in_period", "stock_over_time"),
        ("sum(a.hours) point_in_time", "flow_at_instant"),
        ("sum(a.rate)", "sum_of_ratio"),
        ("sum(a.rank)", "sum_of_ratio"),
        ("sum(a.hours) + sum(a.money)", "unit_mismatch"),
        ("sum(a.money) + sum(a.usd)", "unit_mismatch"),
        ("sum(a.fp16) + sum(a.fp64)", "unit_mismatch"),
        ("sum(a.calls) - sum(a.awards)", "unit_mismatch"),
        ("T1.1 + T1.1", "sum_of_ratio"),
        ("median(a.hours) + median(a.hours)", "sum_of_ratio"),
        ("(T1.1 + T1.1) / 2", "sum_of_ratio"),
        ("count(a.chips) + count(a.chips) * (sum(a.hours) / sum(a.hours))", "sum_of_ratio"),
        ("sum(a.hours) + sum(a.hours) cumulative", "mixed_windows"),
        ("ratio(sum(a.hours), sum(a.hours) cumulative)", "mixed_windows"),
        ("min(a.rank) + 1", "arithmetic_on_rank"),
        ("growth_yoy(T1.1)", "growth"),
        ("growth_yoy(sum(a.hours) cumulative)", "growth"),
        ("growth_yoy(min(a.rank))", "growth"),
        ("T1.1 + 2 [亿元]", "unit_mismatch"),
    ],
)
def test_type_rules(text: str, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        type_of(parse(text), MEASURES, INDICATORS)
    assert caught.value.rule == f"indicators.type.{rule}"


@pytest.mark.parametrize(
    ("text", "unit", "nature"),
    [
        ("sum(a.hours)", "chip_hour", "flow"),
        ("count(a.calls)", "count(call)", "flow"),
        ("count(a.hours)", "count", "flow"),
        ("sum(a.chips)", "chip", "stock"),
        ("ratio(sum(a.awards), sum(a.calls))", "award/call", "ratio"),
        ("sum(a.hours) / (sum(a.chips) * elapsed)", "share", "ratio"),
        ("T1.1 - previous(T1.1, 1 year)", "percentage_point", "difference"),
        ("sum(a.money) - sum(a.money)", "fen", "flow"),
        ("growth_yoy(T1.2)", "share", "ratio"),
        ("sum(a.money) * 2", "fen", "flow"),
        ("median(a.rate)", "percent", "statistic"),
    ],
)
def test_types(text: str, unit: str, nature: str) -> None:
    found = type_of(parse(text), MEASURES, INDICATORS)
    assert found.unit.same_dimension(parse_unit(unit))
    assert found.nature == nature


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        (1, "亿元", "万元", 10**4),
        (1, "亿元", "fen", 10**10),
        (3000, "亿元", "yuan", 300 * 10**9),
        (1, "chip_hour", "chip_ms", 3_600_000),
        (25, "percent", "share", Fraction(1, 4)),
        (90, "second", "minute", Fraction(3, 2)),
        (1, "EFLOPS(FP16)", "PFLOPS(fp16)", 1000),
    ],
)
def test_conversion(amount: int, source: str, target: str, expected: Fraction) -> None:
    assert convert(amount, parse_unit(source), parse_unit(target)) == expected
    assert convert(expected, parse_unit(target), parse_unit(source)) == amount


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("percent", "percentage_point"),
        ("PFLOPS(FP16)", "PFLOPS(FP64)"),
        ("yuan", "usd"),
        ("day", "working_day"),
    ],
)
def test_unlike_units_do_not_convert(left: str, right: str) -> None:
    with pytest.raises(Invalid, match="turned into"):
        convert(1, parse_unit(left), parse_unit(right))


@pytest.mark.parametrize("bad", ["", "Yuan!", "count()", "PFLOPS", "a/b/c", "3 apples"])
def test_unknown_units(bad: str) -> None:
    with pytest.raises(Invalid):
        parse_unit(bad)


graphs = st.integers(1, 6).flatmap(
    lambda n: st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=14).map(
        lambda edges: {str(i): {str(b) for a, b in edges if a == i} for i in range(n)}
    )
)


def _reach(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    pairs = {(a, b) for a in graph for b in graph[a]}
    for middle, start, end in itertools.product(graph, repeat=3):  # Warshall: middle outermost
        if (start, middle) in pairs and (middle, end) in pairs:
            pairs.add((start, end))
    return pairs


@settings(deadline=None)
@given(graphs)
def test_components_against_transitive_closure(graph: dict[str, set[str]]) -> None:
    pairs = _reach(graph)
    oracle = {frozenset({a} | {b for b in graph if (a, b) in pairs and (b, a) in pairs}) for a in graph}
    found = components(graph)
    assert {frozenset(c) for c in found} == oracle
    place = {name: i for i, part in enumerate(found) for name in part}
    assert all(place[b] <= place[a] for a in graph for b in graph[a]), "those depended upon come first"
    closed = cycles(graph)
    assert len(closed) == sum(any((a, a) in pairs for a in c) for c in oracle)
    for walk in closed:
        assert walk[0] == walk[-1] and len(walk) > 1
        assert all(b in graph[a] for a, b in itertools.pairwise(walk))


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    chain = {str(i): [str(i + 1)] for i in range(20000)} | {"20000": ["0"]}
    assert len(cycles(chain)[0]) == 20002
