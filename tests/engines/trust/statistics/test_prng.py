"""Chance belongs to names: not to order, process or neighbours."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.trust.statistics.prng import Name, stream

PARTS = st.one_of(st.text(max_size=4), st.integers(-3, 300), st.binary(max_size=3))
GOLDEN = [4620149524005015631, 3702068009625746634, 15701280569663594662]
PROGRAM = """
from hutong.engines.trust.statistics.prng import stream
stream("another", "first").random(1000)
print(stream("plan", "F2.gap", 3).bit_generator.random_raw(3).tolist())
"""


def test_the_same_numbers_in_another_process_after_other_work() -> None:
    mine = stream("plan", "F2.gap", 3).bit_generator.random_raw(3).tolist()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env={"PYTHONHASHSEED": hash_seed}
        )
        assert done.stdout.strip() == str(mine), done.stderr


def test_the_numbers_stay_those_of_the_first_release() -> None:
    # Published verdicts can be computed again only while this holds.
    assert stream("plan", "F2.gap", 3).bit_generator.random_raw(3).tolist() == GOLDEN


def test_order_and_interleaving_change_nothing() -> None:
    a, b = stream(1, "a"), stream(1, "b")
    mixed = [(float(a.random()), float(b.random())) for _ in range(50)]
    assert [m[1] for m in mixed] == stream(1, "b").random(50).tolist()
    assert [m[0] for m in mixed] == stream(1, "a").random(50).tolist()


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(PARTS, min_size=1, max_size=4))
def test_two_paths_share_numbers_only_if_they_are_the_same_path(one: list[Name], other: list[Name]) -> None:
    first, second = (stream(p[0], *p[1:]).bit_generator.random_raw(2).tolist() for p in (one, other))
    same = [(type(x), x) for x in one] == [(type(x), x) for x in other]
    assert (first == second) == same


def test_names_do_not_run_together() -> None:
    paths: list[tuple[Name, ...]] = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc",),
        ("a", "b", "c"),
        ("a|b", "c"),
        (1, "1"),
    ]
    assert len({tuple(stream(*p).bit_generator.random_raw(2).tolist()) for p in paths}) == len(paths)


def test_streams_of_neighbours_are_uncorrelated() -> None:
    table = np.array([stream("s", i).standard_normal(4000) for i in range(40)])
    off = np.corrcoef(table)[np.triu_indices(40, 1)]
    # 780 correlations with error 1/sqrt(4000) each.
    assert np.abs(off).max() < 5 / np.sqrt(4000)
    assert abs(off.mean()) < 4 / np.sqrt(4000 * len(off))
