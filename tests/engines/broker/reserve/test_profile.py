"""Free capacity over time: every answer equals one read off a timeline."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.broker.reserve import Profile
from hutong.kernel.errors import Conflict, Invalid

CHANGES = st.lists(st.tuples(st.integers(-2, 30), st.integers(-3, 4)), max_size=8)


def timeline(free: int, changes: list[tuple[int, int]], length: int = 200) -> list[int]:
    return [free + sum(chips for when, chips in changes if when <= t) for t in range(length)]


# The first call may compile.
@settings(deadline=None)
@given(st.integers(0, 6), CHANGES, st.integers(1, 8), st.integers(1, 20))
def test_earliest_is_the_first_instant_from_which_all_instants_fit(
    free: int, changes: list[tuple[int, int]], chips: int, run: int
) -> None:
    line = timeline(free, changes)
    by_hand = next((t for t in range(100) if min(line[t : t + run]) >= chips), None)
    assert Profile.of(0, free, changes).earliest(chips, run) == by_hand


@settings(deadline=None)
@given(st.integers(0, 6), CHANGES, st.integers(1, 4), st.integers(0, 30), st.integers(1, 20))
def test_taking_lowers_exactly_the_window(
    free: int, changes: list[tuple[int, int]], chips: int, start: int, length: int
) -> None:
    profile, line = Profile.of(0, free, changes), timeline(free, changes)
    if min(line[start : start + length]) < chips:
        with pytest.raises(Conflict):
            profile.take(start, start + length, chips)
        return
    taken = profile.take(start, start + length, chips)
    after = [taken.free(t, t + 1) for t in range(100)]
    assert after == [line[t] - chips * (start <= t < start + length) for t in range(100)]
    assert [profile.free(t, t + 1) for t in range(100)] == line[:100], "the old profile stays"


@pytest.mark.parametrize(("chips", "run", "field"), [(0, 1, "chips"), (-1, 1, "chips"), (1, 0, "run")])
def test_amounts_below_one_are_refused(chips: int, run: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Profile.of(0, 4).earliest(chips, run)
    assert refused.value.field == field


def test_a_window_before_now_is_refused() -> None:
    with pytest.raises(Conflict):
        Profile.of(100, 4).take(50, 150, 1)
