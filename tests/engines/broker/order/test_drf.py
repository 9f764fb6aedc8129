"""DRF against linear programmes and an exact certificate, and whole tasks against the paper's algorithm done naively."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from hutong.engines.broker.order import progressive_filling, whole_tasks
from hutong.kernel.errors import Invalid

Instance = tuple[list[list[int]], list[int], list[int], list[int | None]]


def drawn(luck: random.Random) -> Instance:
    """At most five users and four resources; zeros, equal demands, equal weights and limits are common."""
    users, resources = luck.randint(1, 5), luck.randint(1, 4)
    demand = [[luck.choice((0, 1, 1, 2, 3, 9)) for _ in range(resources)] for _ in range(users)]
    for row in demand:
        if not any(row):
            row[luck.randrange(resources)] = 1
    capacity = [luck.choice((5, 9, 18, 100)) for _ in range(resources)]
    return (
        demand,
        capacity,
        [luck.choice((1, 1, 2, 3)) for _ in demand],
        [luck.choice((None, None, 0, 1, 4)) for _ in demand],
    )


def shares_by_programmes(given: Instance) -> list[float]:
    """Lexicographic max-min of weighted dominant shares, one linear programme after the other.

    Raise the least share of the users not yet fixed as far as possible; then fix those who cannot have more while the
    others keep that much.
    """
    demand, capacity, weight, most = given
    per_task = [max(d / c for d, c in zip(row, capacity, strict=True)) for row in demand]
    take = np.array([[w * d / p for d in row] for row, p, w in zip(demand, per_task, weight, strict=True)]).T
    limit = [np.inf if m is None else m * p / w for m, p, w in zip(most, per_task, weight, strict=True)]
    fixed: dict[int, float] = {}
    n = len(demand)
    while len(fixed) < n:
        loose = [i for i in range(n) if i not in fixed]
        rows = np.zeros((len(loose), n + 1))
        for k, i in enumerate(loose):
            rows[k, i], rows[k, n] = -1.0, 1.0
        upper = np.vstack([np.hstack([take, np.zeros((len(capacity), 1))]), rows])
        bounds = [(fixed.get(i, 0.0), fixed.get(i, limit[i])) for i in range(n)] + [(0.0, None)]
        best = linprog(np.r_[np.zeros(n), -1.0], upper, np.r_[capacity, np.zeros(len(loose))], bounds=bounds)
        level = -best.fun
        for i in loose:
            keep = [(fixed.get(j, level), fixed.get(j, limit[j])) for j in range(n)]
            keep = [(min(lo, hi) - 1e-9, hi) for lo, hi in keep]
            more = linprog(-np.eye(n)[i], take, capacity, bounds=[(max(0.0, lo), hi) for lo, hi in keep])
            if -more.fun < level + 1e-6:
                fixed[i] = level
    return [fixed[i] for i in range(n)]


def assert_max_min(given: Instance) -> None:
    """The certificate of max-min fairness, exact: nobody could have more without somebody poorer having less.

    Each user has all it wants, or uses a full resource on which no user has a greater share (Bertsekas and Gallager,
    Data Networks, 6.5.2, for linear capacities).
    """
    demand, capacity, _, most = given
    made = progressive_filling(demand, capacity, given[2], most)
    used = [sum(t * row[r] for t, row in zip(made.tasks, demand, strict=True)) for r in range(len(capacity))]
    assert all(u <= c for u, c in zip(used, capacity, strict=True))
    for i, row in enumerate(demand):
        limit = most[i]
        if limit is not None and made.tasks[i] == limit:
            continue
        assert limit is None or made.tasks[i] < limit
        bottlenecks = [
            r
            for r, d in enumerate(row)
            if d
            and used[r] == capacity[r]
            and all(made.share[i] >= made.share[j] for j in range(len(demand)) if demand[j][r])
        ]
        assert made.blocker[i] in bottlenecks


def test_the_example_of_the_paper() -> None:
    """9 CPUs, 18 GB; tasks of (1, 4) and (3, 1): three tasks and two (Ghodsi et al. 2011, section 4.1)."""
    made = progressive_filling([[1, 4], [3, 1]], [9, 18])
    assert made.tasks == (3, 2) and made.share == (Fraction(2, 3), Fraction(2, 3))
    assert whole_tasks([[1, 4], [3, 1]], [9, 18], [9, 9]) == [3, 2]


def test_ten_thousand_random_instances_carry_the_certificate() -> None:
    luck = random.Random(11)
    for _ in range(10_000):
        assert_max_min(drawn(luck))


def test_random_instances_equal_linear_programmes() -> None:
    luck = random.Random(12)
    for _ in range(150):
        given = drawn(luck)
        made = progressive_filling(*given)
        assert [float(s) for s in made.share] == pytest.approx(shares_by_programmes(given), abs=1e-6)


@pytest.mark.slow
def test_many_random_instances_equal_linear_programmes() -> None:
    """Ten thousand of them are in the bench ``compute_order``; the exact certificate above runs on as many here."""
    luck = random.Random(13)
    for _ in range(1_500):
        given = drawn(luck)
        made = progressive_filling(*given)
        assert [float(s) for s in made.share] == pytest.approx(shares_by_programmes(given), abs=1e-6)


def naive(
    demand: list[list[int]], capacity: list[int], wanted: list[int], weight: list[int], held: list[list[int]]
) -> list[int]:
    """Algorithm 1 as it stands in the paper, every share computed anew for every task."""
    given = [0] * len(demand)
    while True:
        used = [
            [h + g * d for h, d in zip(hold, row, strict=True)]
            for hold, g, row in zip(held, given, demand, strict=True)
        ]
        total = [sum(u[r] for u in used) for r in range(len(capacity))]
        fits = [
            i
            for i, row in enumerate(demand)
            if given[i] < wanted[i] and all(t + d <= c for t, d, c in zip(total, row, capacity, strict=True))
        ]
        if not fits:
            return given
        share = [
            max(Fraction(u, c * w) for u, c in zip(row, capacity, strict=True))
            for row, w in zip(used, weight, strict=True)
        ]
        given[min(fits, key=lambda i: (share[i], i))] += 1


def test_whole_tasks_equal_the_naive_algorithm_on_random_instances() -> None:
    luck = random.Random(14)
    for _ in range(2_000):
        demand, capacity, weight, _ = drawn(luck)
        wanted = [luck.choice((0, 1, 3, 50)) for _ in demand]
        held = [[luck.randint(0, c // (len(demand) + 1)) for c in capacity] for _ in demand]
        assert whole_tasks(demand, capacity, wanted, weight, held) == naive(
            demand, capacity, wanted, weight, held
        )


def test_nobody_gains_by_asking_for_more_of_the_other_resource() -> None:
    """Strategy-proofness (section 3 of the paper): a false demand vector never gives more true tasks."""
    luck = random.Random(15)
    for _ in range(1_000):
        demand, capacity, weight, _ = drawn(luck)
        honest = progressive_filling(demand, capacity, weight).tasks[0]
        lie = [d + luck.choice((0, 1, 4)) for d in demand[0]]
        got = progressive_filling([lie, *demand[1:]], capacity, weight).tasks[0]
        true_tasks = min(Fraction(got * a, d) for a, d in zip(lie, demand[0], strict=True) if d)
        assert true_tasks <= honest


@pytest.mark.parametrize(
    ("demand", "capacity", "weight"),
    [
        ([[0, 0]], [1, 1], [1]),
        ([[-1, 1]], [1, 1], [1]),
        ([[1, 0]], [0, 1], [1]),
        ([[1, 1]], [1, -1], [1]),
        ([[1, 1]], [1, 1], [0]),
    ],
)
def test_impossible_demands_are_refused(
    demand: list[list[int]], capacity: list[int], weight: list[int]
) -> None:
    with pytest.raises(Invalid):
        progressive_filling(demand, capacity, weight)
    with pytest.raises(Invalid):
        whole_tasks(demand, capacity, [1], weight)
