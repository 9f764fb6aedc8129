"""Resampled counts against resampled rows, and gaps of all pairs covered at once."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.stats import norm

from hutong.engines.trust.statistics.counts import Cells, cells_of
from hutong.engines.trust.statistics.gaps import exact_pairs, largest_gap, max_t_pairs
from hutong.engines.trust.statistics.metrics import Rates, gap, metric, rates
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.statistics.resample import (
    Replicates,
    bca,
    draws,
    gap_interval,
    gap_of,
    leave_one_out,
    percentile,
    ratio_of,
    resample,
)
from hutong.kernel.errors import Invalid

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


def test_the_jackknife_by_cells_is_that_of_rows() -> None:
    cells = example()
    found, weights = leave_one_out(cells, TPR, gap_of)
    want = []
    for place in np.argwhere(cells.table > 0):
        table = cells.table.copy()
        table[tuple(place)] -= 1
        value = gap(rates(cells_of(("sex", "age"), cells.names, table), TPR)).value
        want += [value] * int(cells.table[tuple(place)])
    assert np.repeat(found, weights) == pytest.approx(np.array(want))


def test_bca_is_that_of_scipy_for_a_plain_share() -> None:
    from scipy.stats import bootstrap

    x = np.repeat([0.0, 1.0], [31, 9])
    theirs = bootstrap(
        (x,), np.mean, n_resamples=20_000, method="BCa", rng=stream("scipy")
    ).confidence_interval
    cells = cells_of(("g",), [("a",), ("b",)], [[[31, 9], [0, 0]], [[1, 0], [0, 0]]])
    one = cells_of(("g",), [("a",)], cells.table[:1])

    def share(values: np.ndarray) -> np.ndarray:
        return np.asarray(values[..., 0])

    samples = share(resample(one, (SELECTED,), 20_000, stream("mine"))[0].value)
    mine = bca(9 / 40, samples, ALPHA, *leave_one_out(one, SELECTED, share)).interval
    assert (mine.lower, mine.upper) == pytest.approx((theirs.low, theirs.high), abs=0.026)
    assert not mine.exact


def test_bca_is_its_formula() -> None:
    # Uniform replicates: a quantile is its own place.
    samples, left_out, weights = np.linspace(0, 1, 20_001), np.array([0.5, 0.8, 0.9]), np.array([1, 5, 4])
    found = bca(0.6, samples, ALPHA, left_out, weights).interval
    away = np.repeat(left_out, weights).mean() - np.repeat(left_out, weights)
    lean = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    assert lean > 0.05
    for end, q in ((found.lower, 0.025), (found.upper, 0.975)):
        z = norm.ppf(0.6) + norm.ppf(q)
        assert end == pytest.approx(norm.cdf(norm.ppf(0.6) + z / (1 - lean * z)), abs=1e-4)


def test_intervals_of_the_gap_cover_and_say_that_they_are_for_display() -> None:
    truth = np.array([0.3, 0.5])
    sizes = np.array([150, 200])
    hits = stream("coverage of gaps").binomial(sizes, truth, (300, 2))
    inside = {True: 0, False: 0}
    for i, (a, b) in enumerate(hits):
        table = [[[150 - a, a], [0, 0]], [[200 - b, b], [0, 0]]]
        cells = cells_of(("g",), [("a",), ("b",)], table)
        for corrected in (True, False):
            found = gap_interval(cells, SELECTED, ALPHA, stream("boot", i), 1000, corrected=corrected)
            inside[corrected] += found.interval.covers(0.2)
            assert not found.interval.exact and found.lost == 0
    assert min(inside.values()) / 300 >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / 300)


def test_replicates_that_lose_a_group_are_counted() -> None:
    cells = cells_of(("g",), [("a",), ("b",)], [[[50, 50], [0, 0]], [[1, 1], [0, 0]]])
    found = gap_interval(cells, SELECTED, ALPHA, stream("lost"), 2000)
    # P(no row of group b) = (100/102)^102.
    assert found.lost == pytest.approx((100 / 102) ** 102, abs=0.03)
    with pytest.raises(Invalid):
        gap_interval(
            cells_of(("g",), [("a",), ("b",)], [[[5, 5], [0, 0]], [[0, 0], [0, 0]]]),
            SELECTED,
            ALPHA,
            stream(1),
        )
    with pytest.raises(Invalid):
        percentile(0.0, np.array([math.nan]), ALPHA)
    assert ratio_of(np.array([0.2, 0.4])) == 0.5


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
def test_limits_of_the_largest_gap_and_of_all_pairs_cover(p: tuple[float, ...], n: tuple[int, ...]) -> None:
    truth = np.array(p)
    hits = stream("largest", str(p), str(n)).binomial(n, p, (1500, 3))
    widest = float(truth.max() - truth.min())
    apart = np.array([truth[0] - truth[1], truth[0] - truth[2], truth[1] - truth[2]])
    kept = all_kept = 0
    for line in hits:
        found = of(line.tolist(), list(n))
        one = largest_gap(found, ALPHA)
        kept += one.lower <= widest + 1e-12 and widest - 1e-12 <= one.upper
        pairs = exact_pairs(found, ALPHA).limits
        all_kept += bool(np.all((pairs.lower <= apart + 1e-12) & (apart - 1e-12 <= pairs.upper)))
        assert one.exact and pairs.exact
    floor = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 1500)
    assert kept / 1500 >= floor and all_kept / 1500 >= floor


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
    pairs = exact_pairs(of([500, 500, 0], [1000, 1000, 0]), ALPHA)
    assert math.isnan(pairs.value[1]) and pairs.limits.lower[1] <= -0.4 and pairs.limits.upper[1] >= 0.4
    shown = max_t_pairs(of([5, 5, 0], [9, 9, 0]), Replicates(np.ones((9, 3)), np.ones((9, 3))), ALPHA)
    assert (shown.limits.lower[2], shown.limits.upper[2]) == (-1, 1)
    # Replicates that lost a group count as infinitely far: with one in ten lost nothing can be said.
    units = np.full((100, 2), 9.0)
    units[:10, 0] = 0
    lossy = max_t_pairs(of([5, 5], [9, 9]), Replicates(np.where(units > 0, 5.0, 0.0), units), ALPHA)
    assert (lossy.limits.lower[0], lossy.limits.upper[0]) == (-1, 1)


def test_the_exact_families_are_ordered_by_length_and_max_t_is_the_shortest() -> None:
    cells = example()
    found = rates(cells, SELECTED)
    sides = [exact_pairs(found, ALPHA, m) for m in ("box", "combined", "buehler")]  # type: ignore[arg-type]
    shown = max_t_pairs(
        found, resample(cells, (SELECTED,), 4000, stream("max-t"), fixed_groups=True)[0], ALPHA
    )
    width = [float((s.limits.upper - s.limits.lower).mean()) for s in [*sides, shown]]
    assert width[3] < width[2] < width[1] < width[0]
    for side in [*sides, shown]:
        assert np.all((side.limits.lower <= side.value) & (side.value <= side.limits.upper))
    with pytest.raises(Invalid):
        exact_pairs(of([1] * 1000, [2] * 1000), ALPHA)


def test_max_t_covers_all_pairs_at_once() -> None:
    truth, sizes = np.array([0.2, 0.5, 0.5, 0.8]), np.array([150, 100, 250, 120])
    apart = np.array([truth[i] - truth[j] for i in range(4) for j in range(i + 1, 4)])
    chance, kept, single = stream("max-t coverage"), 0, 0
    for i in range(500):
        hits = chance.binomial(sizes, truth)
        table = [[[int(n - h), int(h)], [0, 0]] for n, h in zip(sizes, hits, strict=True)]
        cells = cells_of(("g",), [(str(j),) for j in range(4)], table)
        again = resample(cells, (SELECTED,), 800, stream("max-t", i), fixed_groups=True)[0]
        found = max_t_pairs(rates(cells, SELECTED), again, ALPHA)
        kept += bool(np.all(found.limits.covers(apart)))
        half = 1.96 * (found.limits.upper - found.limits.lower) / 2 / 2.6
        single += bool(np.all(np.abs(found.value - apart) <= half))
    assert kept / 500 >= 0.95 - 3.5 * math.sqrt(0.05 * 0.95 / 500)
    # Intervals that each hold on their own do not hold together.
    assert single / 500 < 0.9
