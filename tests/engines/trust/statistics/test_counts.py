"""Group metrics from one count, against plain loops over rows and the definitions of Fairlearn; nothing drops silently."""

from __future__ import annotations

import math
import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.trust.statistics.counts import MISSING, Cells, cells_of, count_codes, count_rows
from hutong.engines.trust.statistics.metrics import (
    METRICS,
    equalized_odds_difference,
    gap,
    metric,
    rates,
    reversals,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Invalid

Row = tuple[str, str, str, int, int]
ROWS = st.lists(
    st.tuples(
        st.sampled_from("fm"),
        st.sampled_from("ab c"),
        st.sampled_from(["", "x"]),
        st.integers(0, 1),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=60,
)
# Numerator and denominator of each metric for one row, by the words of its definition.
PLAIN = {
    "selection_rate": (lambda y, d: d, lambda y, d: 1),
    "tpr": (lambda y, d: d, lambda y, d: y),
    "fpr": (lambda y, d: d, lambda y, d: 1 - y),
    "tnr": (lambda y, d: 1 - d, lambda y, d: 1 - y),
    "fnr": (lambda y, d: 1 - d, lambda y, d: y),
    "ppv": (lambda y, d: y, lambda y, d: d),
    "npv": (lambda y, d: 1 - y, lambda y, d: 1 - d),
    "accuracy": (lambda y, d: int(y == d), lambda y, d: 1),
    "base_rate": (lambda y, d: y, lambda y, d: 1),
}


def counted(rows: list[Row]) -> Cells:
    columns = list(zip(*rows, strict=True))
    return count_rows({"sex": columns[0], "age": columns[1], "town": columns[2]}, columns[3], columns[4])


def plainly(rows: list[Row], places: tuple[int, ...], name: str) -> dict[tuple[str, ...], tuple[int, int]]:
    top, bottom = PLAIN[name]
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in rows:
        key, y, d = tuple(str(row[p]) for p in places), row[3], row[4]
        hits, units = found.get(key, (0, 0))
        counts = bottom(y, d)
        found[key] = (hits + (top(y, d) if counts else 0), units + counts)
    return found


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_every_metric_of_every_intersection_is_that_of_a_loop_over_rows(rows: list[Row]) -> None:
    cells = counted(rows)
    order = {"age": 1, "sex": 0, "town": 2}
    seen = 0
    for part in cells.crossings(3):
        for name in METRICS:
            found = rates(part, name)
            want = plainly(rows, tuple(order[a] for a in part.attributes), name)
            got = {n: (int(h), int(u)) for n, h, u in zip(found.names, found.hits, found.units, strict=True)}
            assert got == want
            assert set(found.not_estimable) == {k for k, (_, units) in want.items() if units == 0}
        seen += 1
    assert seen == 7 and cells.rows == len(rows)
    assert [p.attributes for p in cells.crossings(1)] == [("age",), ("sex",), ("town",)]


def fairlearn(rows: list[Row], name: str, method: str, kind: str) -> float:
    """MetricFrame.difference and .ratio of one sensitive feature, from their definitions (Fairlearn 0.15)."""
    shares = {k: h / u for k, (h, u) in plainly(rows, (0,), name).items()}
    h, u = plainly([("all", *r[1:]) for r in rows], (0,), name)[("all",)]
    overall = h / u
    if kind == "difference":
        base = min(shares.values()) if method == "between_groups" else overall
        return max(abs(v - base) for v in shares.values())
    if method == "between_groups":
        return min(shares.values()) / max(shares.values())
    return min(min(v / overall, overall / v) if v else 0.0 for v in shares.values())


@settings(deadline=None, max_examples=80)
@given(ROWS, st.sampled_from(["between_groups", "to_overall"]))
def test_gaps_are_those_of_fairlearn(rows: list[Row], method: str) -> None:
    # Every group with both outcomes and both decisions, so that Fairlearn's values all exist.
    full = rows + [(s, "a", "", y, d) for s in "fm" for y in (0, 1) for d in (0, 1)]
    cells = counted(full).by(("sex",))
    for name in METRICS:
        assert gap(rates(cells, name), method).value == pytest.approx(  # type: ignore[arg-type]
            fairlearn(full, name, method, "difference"), abs=1e-12
        )
    both = [fairlearn(full, n, method, "difference") for n in ("tpr", "fpr")]
    assert equalized_odds_difference(cells, method).value == pytest.approx(max(both), abs=1e-12)  # type: ignore[arg-type]


def test_a_group_without_a_denominator_is_named_and_never_equal() -> None:
    # Group c has no positive outcome: Fairlearn calls its tpr 0 and reports a gap of 0.9.
    table = [[[5, 5], [1, 9]], [[5, 5], [2, 8]], [[7, 3], [0, 0]]]
    cells = cells_of(("g",), [("a",), ("b",), ("c",)], table)
    found = gap(rates(cells, "tpr"))
    assert found.value == pytest.approx(0.1) and found.state == "partial" and found.not_estimable == (("c",),)
    assert equalized_odds_difference(cells).state == "partial"
    assert rates(cells, "fpr").not_estimable == ()
    lonely = gap(rates(cells_of(("g",), [("a",), ("c",)], [table[0], table[2]]), "tpr"))
    assert math.isnan(lonely.value) and lonely.state == "not_estimable"
    nobody = equalized_odds_difference(cells_of(("g",), [("a",)], [[[0, 0], [0, 0]]]))
    assert nobody.state == "not_estimable" and nobody.not_estimable == (("a",),)


def test_those_whose_attribute_is_not_given_are_a_group_and_absent_intersections_are_listed() -> None:
    cells = count_rows(
        {"sex": ["f", None, "m", "f"], "age": np.array([1.0, 1.0, np.nan, 2.0])}, [0, 1, 1, 0], [0, 1, 0, 1]
    )
    assert ("f", "1.0") in [n[::-1] for n in cells.names] and (MISSING,) in cells.by(("sex",)).names
    assert (MISSING,) in cells.by(("age",)).names
    assert len(cells.absent()) == cells.possible - len(cells.names) == 9 - 4
    assert not set(cells.absent()) & set(cells.names)
    assert len(cells.absent(2)) == 2


def test_an_answer_that_is_no_label_is_never_right_and_never_lost() -> None:
    cells = count_rows({"g": ["a"] * 4}, [0, 1, 1, 0], [0, 1, 7, -1])
    assert cells.table.shape == (1, 2, 3) and cells.rows == 4
    assert float(rates(cells, "accuracy").value[0]) == 0.5
    assert float(rates(cells, "selection_rate").value[0]) == 0.25
    assert float(rates(cells, "tpr").value[0]) == 0.5


def test_more_than_two_classes_are_counted_as_row_by_row() -> None:
    chance = stream("classes")
    groups = {"sex": chance.choice(["f", "m"], 500), "age": chance.choice(["a", "b", "c"], 500)}
    y, d = chance.integers(0, 4, 500), chance.integers(-1, 5, 500)
    cells = count_rows(groups, y, d, outcomes=4)
    for attribute in ("sex", "age"):
        mine = cells.by((attribute,))
        for name in ("accuracy", "selection_rate", "tpr", "fpr"):
            found = rates(mine, name, positive=2)
            for place, (group,) in enumerate(mine.names):
                here = groups[attribute] == group
                counted = {"tpr": here & (y == 2), "fpr": here & (y != 2)}.get(name, here)
                right = counted & ((y == d) if name == "accuracy" else (d == 2))
                assert (found.hits[place], found.units[place]) == (right.sum(), counted.sum())


def test_numbers_as_groups_are_named_and_ordered_as_text() -> None:
    cells = count_rows({"age": [10, 9, 2, 10]}, [1, 1, 0, 0], [1, 0, 0, 1])
    assert [n[0] for n in cells.names] == ["10", "2", "9"]
    assert cells.table.sum(axis=(1, 2)).tolist() == [2, 1, 1]


def test_a_hundred_thousand_groups_are_counted_sparsely() -> None:
    chance = stream("many groups")
    n = 100_000
    codes = {"a": np.arange(n) % 40_000, "b": chance.integers(0, 40_000, n), "c": chance.integers(0, 9, n)}
    names = {k: tuple(str(i) for i in range(int(v.max()) + 1)) for k, v in codes.items()}
    y, d = chance.integers(0, 2, n), chance.integers(0, 2, n)
    cells = count_codes(codes, names, y, d)
    assert cells.rows == n and len(cells.table) <= n < cells.possible
    part = cells.by(("c",))
    assert part.table.sum(axis=0).tolist() == [
        [int(((y == i) & (d == j)).sum()) for j in (0, 1)] for i in (0, 1)
    ]
    assert np.array_equal(part.table.sum(axis=(1, 2)), np.bincount(codes["c"]))
    member = cells.membership(("c",))
    assert np.array_equal(part.codes[member, 0], cells.codes[:, 2])


@settings(max_examples=30)
@given(ROWS, st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[Row], shuffler: object) -> None:
    other = list(rows)
    shuffler.shuffle(other)  # type: ignore[attr-defined]
    one, two = counted(rows), counted(other)
    assert one.names == two.names and np.array_equal(one.table, two.table)
    again = cells_of(one.attributes, one.names, one.table)
    assert again.names == one.names and np.array_equal(again.by(("age",)).table, one.by(("age",)).table)


def test_wrong_columns_are_refused_by_name() -> None:
    good = {"g": ["a", "b"]}
    for groups, y, d, more, rule in [
        ({"g": ["a"]}, [0, 1], [0, 1], {}, "statistics.length"),
        (good, [0, 2], [0, 1], {}, "statistics.outcome"),
        (good, [0, 1], [0, 3], {"decisions": 3}, "statistics.decision"),
    ]:
        with pytest.raises(Invalid) as refused:
            count_rows(groups, y, d, **more)
        assert refused.value.rule == rule
    cells = count_rows(good, [0, 1], [0, 1])
    for wrong in (
        lambda: cells.by(("x",)),
        lambda: rates(cells, "nothing"),
        lambda: count_codes({"g": np.array([0, 2])}, {"g": ("a", "b")}, [0, 1], [0, 1]),
        lambda: count_codes({"g": np.array([0, -1])}, {"g": ("a", "b")}, [0, 1], [0, 1]),
    ):
        with pytest.raises(Invalid):
            wrong()
    with pytest.raises(Invalid):
        cells_of(("g",), [("a",), ("a",)], np.zeros((2, 2, 2), int))


def test_a_reversal_is_found_and_honest_data_has_none() -> None:
    # Berkeley, 1973 (Bickel et al. 1975, Science 187:398), two of the departments: women fare better in each.
    table = [
        [[313, 512], [0, 0]],
        [[19, 89], [0, 0]],
        [[138 + 199, 53 + 5], [0, 0]],
        [[299 + 50, 94 + 20], [0, 0]],
    ]
    names = [("m", "A"), ("f", "A"), ("m", "E"), ("f", "E")]
    found = reversals(cells_of(("sex", "school"), names, table), "sex", "school", "selection_rate")
    assert len(found) == 1 and (found[0].first, found[0].second) == ("f", "m")
    assert found[0].overall < 0 < min(d for _, d in found[0].strata)
    even = [[[50, 50], [0, 0]], [[40, 60], [0, 0]]] * 2
    assert not reversals(cells_of(("sex", "school"), names, even), "sex", "school", "selection_rate")


def test_masks_of_metrics_lie_within_each_other() -> None:
    for shape, name in [(s, n) for s in [(2, 2), (3, 4)] for n in METRICS]:
        one = metric(name, shape, positive=1)
        assert not np.any(one.hits & ~one.units)
    pairs = combinations([("tpr", "fnr"), ("fpr", "tnr")], 1)
    cells = cells_of(("g",), [("a",), ("b",)], [[[5, 2], [3, 9]], [[1, 1], [4, 2]]])
    for ((one, other),) in pairs:
        assert rates(cells, one).value + rates(cells, other).value == pytest.approx([1.0, 1.0])


def test_one_gap_of_fifty_thousand_rows_takes_about_a_millisecond() -> None:
    chance = stream("speed")
    n = 50_000
    codes = {"sex": chance.integers(0, 2, n), "age": chance.integers(0, 5, n)}
    names = {"sex": ("f", "m"), "age": tuple("abcde")}
    y, d = chance.integers(0, 2, n), chance.integers(0, 2, n)
    best = math.inf
    for _ in range(20):
        start = time.perf_counter()
        equalized_odds_difference(count_codes(codes, names, y, d))
        best = min(best, time.perf_counter() - start)
    # Fairlearn: 414 ms for the same rows. Wide room for a busy machine.
    assert best < 0.02
