"""Resampled counts against resampled rows, and gaps of all pairs covered at once."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from hutong.engines.trust.statistics.counts import Cells, cells_of
from hutong.engines.trust.statistics.gaps import largest_gap
from hutong.engines.trust.statistics.metrics import Rates, metric
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.statistics.resample import (
    draws,
    gap_of,
    resample,
)

ALPHA = 0.05
FLOOR = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 10_000)
SELECTED = metric("selection_rate", (2, 2))
TPR = metric("tpr", (2, 2))


def example(scale: int = 1) -> Cells:
    table = scale * np.array(
        [[[30, 10], [12, 48]], [[25, 15], [20, 40]], [[9, 3], [2, 6]], [[40, 8], [9, 23]]]
    )
    return cells_of(("sex", "age"), [("f", "a"), ("f", "b"), ("m", "a"), ("m", "b")], table)


def of(hits: list[int], units: list[int]) -> Rates:
    names = tuple((f"g{i}",) for i in range(len(hits)))
    return Rates("selection_rate", names, np.array(hits), np.array(units))


def test_resampled_counts_have_the_law_of_resampled_rows() -> None:
    cells = example(3)
    n, flat = cells.rows, cells.table.ravel()
    mine = gap_of(resample(cells, (TPR,), 10_000, stream("counts"))[0].value)
    rows = np.repeat(np.arange(16), flat)
    chance = stream("rows")
    theirs = []
    for _ in range(4000):
        table = np.bincount(rows[chance.integers(0, n, n)], minlength=16).reshape(4, 2, 2)
        share = table[:, 1, 1] / table[:, 1].sum(axis=1)
        theirs.append(share.max() - share.min())
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        density = np.mean(np.abs(mine - np.quantile(mine, q)) < 0.01) / 0.02
        error = math.sqrt(q * (1 - q) * (1 / 10_000 + 1 / 4000)) / density
        assert np.quantile(mine, q) == pytest.approx(np.quantile(theirs, q), abs=4 * error)


def test_draws_keep_their_totals_and_empty_cells_stay_empty() -> None:
    cells = cells_of(("g",), [("a",), ("b",)], [[[5, 0], [1, 9]], [[0, 4], [0, 3]]])
    for fixed in (False, True):
        found = np.concatenate(list(draws(cells, 3000, stream("totals", str(fixed)), fixed)))
        assert found.shape == (3000, 2, 2, 2) and set(found.sum(axis=(1, 2, 3)).tolist()) == {22}
        assert not found[:, cells.table == 0].any()
        assert found.mean(axis=0) == pytest.approx(cells.table, abs=0.25)
        if fixed:
            assert set(found[:, 0].sum(axis=(1, 2)).tolist()) == {15}


def test_replicates_of_an_attribute_are_sums_over_the_others() -> None:
    cells = example()
    fine = resample(cells, (SELECTED,), 50, stream("sum"))[0]
    coarse = resample(cells, (SELECTED, TPR), 50, stream("sum"), attributes=("sex",))[0]
    assert np.array_equal(coarse.hits[:, 0], fine.hits[:, 0] + fine.hits[:, 1])
    assert np.array_equal(coarse.units[:, 1], fine.units[:, 2] + fine.units[:, 3])


def test_ten_thousand_replicates_cost_some_hundredth_seconds() -> None:
    table = stream("forty cells").integers(500, 2000, (10, 2, 2))
    names = [(s, a) for s in "fm" for a in "abcde"]
    cells = cells_of(("sex", "age"), names, table)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        for found in resample(cells, (SELECTED, TPR, metric("fpr", (2, 2))), 10_000, stream("p1")):
            np.quantile(gap_of(found.value), [0.025, 0.975])
        best = min(best, time.perf_counter() - start)
    assert best < 0.5


@pytest.mark.parametrize("p", [(0.0, 0.0, 0.0), (0.5, 0.55, 0.8), (1.0, 0.0, 0.02), (0.97, 1.0, 0.9)])
@pytest.mark.parametrize("n", [(1, 1, 1), (40, 200, 90)])
def test_limits_of_the_largest_gap_cover(p: tuple[float, ...], n: tuple[int, ...]) -> None:
    truth = np.array(p)
    hits = stream("largest", str(p), str(n)).binomial(n, p, (1500, 3))
    widest = float(truth.max() - truth.min())
    kept = 0
    for line in hits:
        found = of(line.tolist(), list(n))
        one = largest_gap(found, ALPHA)
        kept += one.lower <= widest + 1e-12 and widest - 1e-12 <= one.upper
        assert one.exact
    floor = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 1500)
    assert kept / 1500 >= floor


def test_the_largest_gap_by_pairs_covers_and_is_shorter() -> None:
    n, truth = (12, 9, 15), np.array([0.2, 0.6, 0.7])
    hits = stream("by pairs").binomial(n, truth, (400, 3))
    unique, times = np.unique(hits, axis=0, return_counts=True)
    kept = width = box = 0.0
    for line, many in zip(unique[::3], times[::3], strict=True):
        one, other = (largest_gap(of(line.tolist(), list(n)), 0.2, m) for m in ("buehler", "box"))  # type: ignore[arg-type]
        kept += many * one.covers(0.5)
        width, box = width + many * one.upper, box + many * other.upper
    assert kept / times[::3].sum() >= 0.8 and width < 0.92 * box


def test_what_cannot_be_estimated_may_differ_by_anything() -> None:
    found = largest_gap(of([500, 500, 0], [1000, 1000, 0]), ALPHA)
    assert found.upper == 1.0 and found.value == 0.0
    assert largest_gap(of([5, 0], [9, 0]), ALPHA).width == 1
