"""What a plan says it can show is what it shows; what cannot run is said before it is run; what is explored decides nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.explored import crossings, weak
from hutong.engines.trust.power import all_gaps_reach, mean_reach, offset_reach, rows_needed
from hutong.engines.trust.quality import metric_interval
from hutong.engines.trust.statistics.exact import lower_limit
from hutong.kernel.text import Text

from .conftest import Case


@pytest.mark.parametrize("threshold", [0.55, 0.9])
def test_a_mean_of_classes_fails_where_the_plan_says_however_it_is_split(threshold: float) -> None:
    """Also where one class bears all of the misses: limits are wider at one half than at the bar."""
    sizes, alpha = [400] * 4, 0.01
    _, fails = mean_reach(sizes, threshold, alpha)
    assert fails is not None
    chance = np.random.default_rng(0)
    for spread in (0.0, min(float(fails), 1 - float(fails)) * 0.99):
        rates = float(fails) + spread * np.array([1.0, 1.0, -1.0, -1.0])
        found = 0
        for _ in range(300):
            hits = chance.binomial(sizes, rates)
            counts = {"classes": [{"label": str(i), "n": 400, "hits": int(h)} for i, h in enumerate(hits)]}
            found += metric_interval("balanced_accuracy", counts, alpha)[0].upper < threshold
        assert found >= 0.95 * 300 - 11


def test_calibration_of_groups_and_all_gaps_have_a_reach_that_grows_with_the_rows() -> None:
    for reach in (
        lambda n: offset_reach([n, n], 0.1, 0.01),
        lambda n: all_gaps_reach([[n, n], [n // 2] * 4], 0.1, 0.01),
    ):
        few, many = reach(2000), reach(60_000)
        assert many[0] is not None and many[1] is not None and float(many[0]) < 0.1 < float(many[1])
        assert few[0] is None or float(few[0]) < float(many[0])
        assert few[1] is None or float(few[1]) > float(many[1])
    assert offset_reach([], 0.1, 0.01) == (None, None) == all_gaps_reach([[5]], 0.1, 0.01)


def test_too_few_rows_are_told_how_many_would_do(linear_case: Case) -> None:
    few = linear_case.within(rows=10)
    claim = next(c for c in few.plan(aim=4).claims if c.id == "R4.certified")
    needed = claim.params["rows_needed"]
    assert claim.passes_from is None and isinstance(needed, int) and needed > 10
    bar, alpha = float(claim.threshold or 0), float(claim.alpha or 0)
    assert lower_limit(needed, needed, alpha / 2) >= bar > lower_limit(needed - 1, needed - 1, alpha / 2)
    enough = next(c for c in linear_case.within(rows=needed).plan(aim=4).claims if c.id == "R4.certified")
    assert enough.passes_from is not None and "rows_needed" not in enough.params
    assert rows_needed(0.9, 0.1) == 29


def test_corruptions_of_images_are_not_run_on_a_table(linear_case: Case) -> None:
    """It used to be found out in the middle of the run, by an error."""
    pictures = trust.load_profile("form-reader")
    case = replace(linear_case, profile=pictures)
    assert case.counted("R2.corruptions")[1] is None
    plan = case.plan(aim=2)
    assert plan.reachable["R"] == 1
    seen = trust.observe(plan, case.target, case.system, case.profile, case.data, "levels")
    finding = next(f for f in trust.judge(plan, seen).cell("R", 2).findings if f.claim == "R2.corruptions")
    assert finding.state == "not_run" and "not for this kind of input" in finding.words.en


def test_noise_needs_the_bounds_of_the_columns_that_it_touches(linear_case: Case) -> None:
    def without(name: str) -> Case:
        columns = tuple(
            replace(c, high=None) if c.name == name else c for c in linear_case.system.domain.columns
        )
        return replace(linear_case, system=replace(linear_case.system, domain=trust.Domain("table", columns)))

    assert without("income").counted("R2.corruptions")[1] is None
    # "mark" is immutable: no noise touches it.
    assert without("mark").counted("R2.corruptions")[1] is not None


NAMES = [Text(n, n) for n in ("a", "b", "c")]


def drawn(rate: float, seed: int) -> list[dict[str, int]]:
    """Three slices of half the rows each; where the first two meet, the rate of hits is another one."""
    chance = np.random.default_rng(seed)
    masks = [chance.random(4000) < 0.5 for _ in range(3)]
    hit = chance.random(4000) < np.where(masks[0] & masks[1], rate, 0.85)
    return crossings(masks, hit, 30)


def test_a_weak_spot_where_two_slices_meet_is_shown() -> None:
    found = weak(drawn(0.6, 1), NAMES, 0.8, 0.05)
    # The others hold half of it each, and are below the bar too: nothing false is shown.
    assert found[0][0].en == "a and b"
    assert float(str(found[0][1]["log_e"])) > np.log(20)


def test_few_are_shown_where_there_is_none() -> None:
    """All crossings at the bar itself: the rate of false finds is that of any find, at most alpha."""
    false = 0
    for seed in range(300):
        chance = np.random.default_rng([seed, 9])
        masks = [chance.random(2000) < 0.5 for _ in range(6)]
        false += bool(weak(crossings(masks, chance.random(2000) < 0.8, 30), [*NAMES, *NAMES], 0.8, 0.05))
    assert false <= 300 * 0.05


def test_crossings_count_rows_and_leave_out_small_ones_and_slices_themselves() -> None:
    first, second = np.array([1, 1, 1, 0, 0], bool), np.array([1, 1, 0, 0, 0], bool)
    third, hit = np.array([0, 1, 1, 1, 0], bool), np.array([1, 0, 1, 1, 1], bool)
    found = crossings([first, second, third], hit, 2)
    assert found == [{"first": 0, "second": 2, "n": 2, "hits": 1}]
    assert crossings([], hit, 1) == [] == weak([], NAMES, 0.8, 0.05)


def test_what_is_explored_changes_no_state(network_case: Any) -> None:
    from hutong.engines.trust.registry import RULES

    claim, counts = network_case.counted("Q3.slices")
    assert counts["explored"]
    plain = RULES[claim.kind](claim, {k: v for k, v in counts.items() if k != "explored"})
    worse = [{**c, "hits": 0} for c in counts["explored"]]
    told = RULES[claim.kind](claim, {**counts, "explored": worse})
    assert (told.state, told.lower, told.upper) == (plain.state, plain.lower, plain.upper)
    assert "explored" in told.words.en and len(told.details) > len(plain.details)
    assert Fraction(str(told.value)) == Fraction(str(plain.value))
