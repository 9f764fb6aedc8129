"""The domain in float32: bounds rounded inwards, acceptance as in `targets.outside`, projections that are feasible."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.trust.distances import box_of, is_feasible, project
from hutong.engines.trust.distances.columns import ordered, unordered
from hutong.engines.trust.distances.fill import level
from hutong.engines.trust.targets import outside
from hutong.engines.trust.types import Column, Domain
from hutong.kernel.errors import Invalid

BOUNDS = st.fractions(-1000, 1000, max_denominator=997)


@given(BOUNDS, BOUNDS, st.booleans(), st.lists(st.floats(-1e5, 1e5, width=32), min_size=1, max_size=5))
def test_projections_lie_inside_the_exact_bounds(
    a: Fraction, b: Fraction, whole: bool, values: list[float]
) -> None:
    low, high = min(a, b), max(a, b) + 1
    domain = Domain("table", (Column("x", low, high, whole),))
    box = box_of(domain, 1)
    origin = np.full((len(values), 1), box.low[0], np.float32)
    placed = project(np.array(values)[:, None], origin, box)
    assert is_feasible(placed, origin, domain).all() and outside(placed, domain) is None
    for value, given_value in zip(placed[:, 0], values, strict=True):
        assert low <= Fraction(float(value)) <= high
        if low <= Fraction(given_value) <= high and not whole:
            assert value == np.float32(given_value)


@settings(max_examples=50)
@given(BOUNDS, BOUNDS)
def test_bounds_are_the_outermost_float32_inside(a: Fraction, b: Fraction) -> None:
    low, high = min(a, b), max(a, b) + 1
    box = box_of(Domain("table", (Column("x", low, high),)), 1)
    ends = np.array([box.low[0], box.high[0]], np.float32)
    beyond = unordered(ordered(ends) + np.array([-1, 1]))
    assert low <= Fraction(float(ends[0])) and Fraction(float(ends[1])) <= high
    assert Fraction(float(beyond[0])) < low and Fraction(float(beyond[1])) > high


def test_what_breaks_the_domain_is_seen() -> None:
    columns = (
        Column("a", Fraction(0), Fraction(1)),
        Column("b", None, None, whole=True),
        Column("c", immutable=True),
    )
    domain = Domain("table", columns)
    origin = np.array([[0.5, 2.0, 3.0]], np.float32)
    cases: dict[str, Any] = {"a": [1.5, 2, 3], "b": [0.5, 2.5, 3], "c": [0.5, 2, 4], "n": [np.nan, 2, 3]}
    for row in cases.values():
        assert not is_feasible([row], origin, domain)[0]
    assert is_feasible([[1.0, 7.0, 3.0]], origin, domain)[0]
    with pytest.raises(Invalid):
        box_of(domain, 2)


def test_an_immutable_row_on_a_bound_that_float32_cannot_hold_stays_as_it_is() -> None:
    domain = Domain("table", (Column("a", Fraction(0), Fraction(1, 10)),))
    row = np.array([[0.1]], np.float32)
    assert Fraction(float(row[0, 0])) > Fraction(1, 10) and outside(row, domain) is None
    assert is_feasible(row, row, domain)[0] and project(row, row, box_of(domain, 1))[0, 0] == row[0, 0]


@given(st.integers(0, 10**6))
@settings(deadline=None)
def test_the_water_level_is_the_least_that_suffices(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rate, cap = chance.random((3, 6)) * (chance.random((3, 6)) < 0.8), chance.random((3, 6)) * 3
    cap[chance.random((3, 6)) < 0.15] = np.inf
    need = chance.random(3) * 6
    z = level(rate, cap, need)
    have = np.where(rate > 0, np.minimum(np.nan_to_num(z, posinf=1e12)[:, None] * rate, cap), 0.0).sum(axis=1)
    for found, sum_, g in zip(z, have, need, strict=True):
        assert sum_ < g if np.isinf(found) else sum_ == pytest.approx(g, rel=1e-9)
