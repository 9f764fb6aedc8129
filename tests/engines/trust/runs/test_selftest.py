"""The self-test finds what it plants, counts honestly, and catches an evaluator that has gone soft."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust import registry
from hutong.engines.trust.runs.selftest import SelfTest, selftest
from hutong.engines.trust.runs.selftest.building import Built
from hutong.engines.trust.runs.selftest.planting import Counted, Plant, truth
from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.runs.selftest.scores import Score
from hutong.engines.trust.runs.selftest.working import judge_all
from hutong.engines.trust.statistics.prng import stream

NAMED = {p.name: p for p in plants()}
HIGH = tuple(p for p in plants() if p.level > 2)


@pytest.fixture(scope="module")
def found() -> SelfTest:
    return selftest(200, processes=1, levels=(1, 2))


def test_every_category_and_level_is_planted(found: SelfTest) -> None:
    assert len(NAMED) == len(plants())
    assert {p.category for p in plants()} == {"Q", "R", "X", "F", "S", "P", "G"}
    assert {(p.category, p.level) for p in HIGH} >= {
        *(("R", n) for n in (3, 4, 5)), ("Q", 3), ("F", 3), ("F", 4), ("X", 3), ("X", 4), ("P", 3), ("P", 4), ("S", 3),
    }  # fmt: skip


def test_the_counts_add_up(found: SelfTest) -> None:
    told: Any = found.as_json()
    assert told["cases"] >= 200 and told["nulls"] >= 200 / 3 - 1
    for key in ("cases", "nulls", "false_passes", "defects", "detected"):
        for part in ("categories", "levels", "tests"):
            assert told[key] == sum(c[key] for c in told[part].values())
    assert set(told["levels"]) == {"1", "2"}
    assert told["false_pass"] <= told["false_pass_upper"] and told["optional_stopping"]["users"] == 10_000


def test_false_passes_and_detection_are_within_the_promise(found: SelfTest) -> None:
    assert found.total.false_pass <= 0.05 and found.stoppers <= 0.05
    # The promise is 95 % at the smallest effect; a sample of 200 may lie a little below without breaking it.
    assert found.total.detection is not None and found.total.detection >= 0.91
    assert min(found.coverage.values()) >= 0.945


def test_the_higher_levels_pass_no_null_and_find_what_is_planted() -> None:
    """Two cases of each role of each test, of a seed of its own: exact tests of this size fail by chance once in 10^5."""
    scores = judge_all(HIGH, [2] * len(HIGH), "higher levels", 1)
    assert sum(s.nulls for s in scores) == sum(s.defects for s in scores) == 2 * len(HIGH)
    assert sum(s.false_passes for s in scores) <= 2
    assert sum(s.detected for s in scores) >= 2 * len(HIGH) - 6
    assert all(s.recognised for s in scores)


def test_the_number_of_processes_does_not_matter() -> None:
    some = tuple(p for p in HIGH if p.name in ("slice", "proven, box", "flips", "private noise"))
    one = judge_all(some, [30] * 4, "processes", 1)
    assert one == judge_all(some, [30] * 4, "processes", 2) and sum(s.cases for s in one) == 360


def test_the_same_seed_is_the_same_self_test_and_another_is_not() -> None:
    plant: Any = NAMED["accuracy"]
    states = [[plant.state("null", stream(seed, "x", i)) for i in range(40)] for seed in ("a", "a", "b")]
    assert states[0] == states[1]
    drawn = [plant.draw(plant.claim, "null", stream(s, "x")) for s in ("a", "b")]
    assert drawn[0][1].features.tobytes() != drawn[1][1].features.tobytes()


def valued() -> list[Plant]:
    return [p for p in plants() if isinstance(p, Counted) or (isinstance(p, Built) and p.valued)]


@pytest.mark.parametrize("plant", valued(), ids=lambda p: p.name)
def test_what_is_planted_is_what_is_said(plant: Any) -> None:
    """The null violates the claim, the good system does not, and a defect lies farther out than the null."""
    claim = plant.claim
    if claim.threshold is None or claim.fails_from is None:
        assert isinstance(plant, Counted)
        return
    bar, sign = float(claim.threshold), -1 if claim.direction == ">=" else 1
    null, defect, good = (truth(claim, role) for role in ("null", "defect", "good"))
    assert sign * (null - bar) > 0 and sign * (defect - bar) > sign * (null - bar) and sign * (good - bar) < 0
    assert abs(null - bar) < 1e-5


def soft(kind: str) -> Any:
    """The rule of a kind with the point estimate in the place of the limit."""
    honest = registry.RULES[kind]

    def judge(claim: Any, counts: Any) -> Any:
        finding = honest(claim, counts)
        sign = 1 if claim.direction == ">=" else -1
        good = sign * float(finding.value or 0) >= sign * float(claim.threshold)
        return replace(finding, state="pass" if good else "fail")

    return judge


@pytest.mark.parametrize(
    ("name", "kind"),
    [("clean rows", "metric_at_least"), ("slice", "slices_at_least"), ("flips", "flips_at_most")],
)
def test_an_evaluator_gone_soft_is_caught(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the point estimate in the place of the limit, half of the nulls pass: the self-test must say so."""
    monkeypatch.setattr(registry, "RULES", ChainMap({kind: soft(kind)}, registry.RULES))
    (score,) = judge_all((NAMED[name],), [60], "soft", 1)
    assert score.false_pass > 0.25 and score.worse
    broken = SelfTest("soft", (score,), {"R": score}, score, 0.0, {})
    assert not broken.ok and broken.worse == (name,)


def test_an_ensemble_that_finds_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from hutong.engines.trust.evasion import Attacker, Attempt

    monkeypatch.setattr(Attacker, "attempt", lambda *a, **k: Attempt(None, False, 0, "", 0))
    (score,) = judge_all((NAMED["evasion, scores"],), [10], "blind", 1)
    assert score.false_passes == 20 and score.detected == 0 and score.worse


def test_a_verifier_that_believes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from hutong.engines.trust import certified, proven

    for module in (certified, proven):
        monkeypatch.setattr(module, "keeps_label", lambda *a: ("holds", None))
    scores = judge_all(tuple(p for p in HIGH if p.level == 5), [6] * 4, "credulous", 1)
    assert all(s.false_passes == 12 and s.worse for s in scores)


def test_scores_count_a_defect_that_passes_as_a_false_pass() -> None:
    score = Score("x").plus("null", "inconclusive").plus("defect", "pass").plus("good", "pass")
    assert (score.cases, score.nulls, score.false_passes, score.detected, score.recognised) == (3, 1, 1, 0, 1)
    assert Score("none").false_pass_upper == 1.0 and Score("none").detection is None
    assert Score("x").plus("defect", "inconclusive", ("fail", "inconclusive")).detected == 1


def test_nothing_shown_is_not_found() -> None:
    score = Score("x").plus("defect", "not_run").plus("defect", "not_estimable")
    assert score.detected == 0 and score.detection == 0.0
    assert np.isclose(score.detection_lower, 0.0)
