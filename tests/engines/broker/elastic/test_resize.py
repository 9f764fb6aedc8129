"""Resizing malleable jobs of a live broker."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hutong.engines.broker.elastic import Malleable, Weighing, resize, worth
from hutong.kernel.errors import Invalid


def job(name: str, restart_s: float = 10.0, **more: object) -> Malleable:
    sizes = {("a", 1): 4000.0, ("a", 2): 2200.0, ("a", 4): 1300.0, ("b", 2): 900.0}
    return Malleable(name, sizes, restart_s, **more)  # type: ignore[arg-type]


def test_one_job_alone_gets_the_fastest_size() -> None:
    (one,) = resize([job("x")], {"a": 4, "b": 2})
    assert one.runs_on == ("b", 2) and one.changed


def test_no_pool_is_overbooked_and_the_value_is_the_best_of_all() -> None:
    pools = {"a": 4, "b": 2}
    generator = np.random.default_rng(3)
    for _ in range(30):
        jobs = [
            Malleable(
                f"j{n}",
                {size: float(generator.uniform(100, 5000)) for size in (("a", 1), ("a", 3), ("b", 2))},
                30.0,
            )
            for n in range(4)
        ]
        sizes = [("a", 1), ("a", 3), ("b", 2)]
        left = np.array([[one.seconds_left[size] for size in sizes] for one in jobs])
        value = worth(left, np.full(4, 30.0), [None] * 4, Weighing(), np.ones(4))
        given = [one.runs_on for one in resize(jobs, pools)]
        got = sum(value[n, sizes.index(size)] for n, size in enumerate(given) if size)
        able = [
            sum(value[n, one] for n, one in enumerate(choice) if one >= 0)
            for choice in product((-1, 0, 1, 2), repeat=4)
            if sum(sizes[o][1] for o in choice if o in (0, 1)) <= 4 and sum(2 for o in choice if o == 2) <= 2
        ]
        assert got == pytest.approx(max(able))


def test_a_dear_restart_keeps_a_job_where_it_is() -> None:
    cheap = resize([job("x", restart_s=1.0, runs_on=("a", 4))], {"a": 4, "b": 2})
    dear = resize([job("x", restart_s=3000.0, runs_on=("a", 4))], {"a": 4, "b": 2})
    assert cheap[0].runs_on == ("b", 2) and cheap[0].changed
    assert dear[0].runs_on == ("a", 4) and not dear[0].changed


def test_a_restarting_job_stays() -> None:
    stay, other = resize([job("x", runs_on=("a", 1), restarting=True), job("y")], {"a": 4, "b": 2})
    assert stay.runs_on == ("a", 1) and not stay.changed
    assert other.runs_on == ("b", 2)


def test_weight_decides_who_gets_the_last_chip() -> None:
    sizes = {("a", 1): 100.0}
    light, heavy = resize([Malleable("l", sizes, 1.0), Malleable("h", sizes, 1.0, weight=3.0)], {"a": 1})
    assert light.runs_on is None and heavy.runs_on == ("a", 1)


def test_bad_sizes_are_named_and_too_large_ones_left_out() -> None:
    with pytest.raises(Invalid, match="chips of c"):
        resize([Malleable("x", {("c", 1): 10.0}, 1.0)], {"a": 1})
    with pytest.raises(Invalid):
        resize([Malleable("x", {("a", 0): 10.0}, 1.0)], {"a": 1})
    with pytest.raises(Invalid):
        resize([Malleable("x", {("a", 1): float("nan")}, 1.0)], {"a": 1})
    assert resize([Malleable("x", {("a", 8): 10.0}, 1.0)], {"a": 1})[0].runs_on is None
    assert resize([], {"a": 1}) == ()
