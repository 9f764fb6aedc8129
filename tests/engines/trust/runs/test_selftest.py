"""The self-test finds what it plants, counts honestly, and catches an evaluator that has gone soft."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import pytest

from hutong.engines.trust import registry
from hutong.engines.trust.runs.selftest import Score, SelfTest, selftest
from hutong.engines.trust.runs.selftest.planting import Counted, truth
from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.statistics.prng import stream


@pytest.fixture(scope="module")
def found() -> SelfTest:
    return selftest(200)


def test_every_category_is_planted_and_the_counts_add_up(found: SelfTest) -> None:
    assert set(found.categories) == {"Q", "R", "X", "F", "S", "P", "G"}
    told: Any = found.as_json()
    assert told["cases"] >= 200 and told["nulls"] >= 200 / 3 - 1
    for key in ("cases", "nulls", "false_passes", "defects", "detected"):
        assert (
            told[key]
            == sum(c[key] for c in told["categories"].values())
            == sum(t[key] for t in told["tests"].values())
        )
    assert told["false_pass"] <= told["false_pass_upper"] and told["optional_stopping"]["users"] == 10_000


def test_false_passes_and_detection_are_within_the_promise(found: SelfTest) -> None:
    assert found.total.false_pass <= 0.05 and found.stoppers <= 0.05
    # The promise is 95 % at the smallest effect; a sample of 200 may lie a little below without breaking it.
    assert found.total.detection is not None and found.total.detection >= 0.91
    assert min(found.coverage.values()) >= 0.945


def test_the_same_seed_is_the_same_self_test_and_another_is_not() -> None:
    names = {p.name: p for p in plants()}
    plant = names["accuracy"]
    states = [[plant.state("null", stream(seed, "x", i)) for i in range(40)] for seed in ("a", "a", "b")]
    assert states[0] == states[1]
    drawn = [names["accuracy"].draw(names["accuracy"].claim, "null", stream(s, "x")) for s in ("a", "b")]  # type: ignore[attr-defined]
    assert drawn[0][1].features.tobytes() != drawn[1][1].features.tobytes()


@pytest.mark.parametrize("plant", [p for p in plants() if isinstance(p, Counted)], ids=lambda p: p.name)
def test_what_is_planted_is_what_is_said(plant: Counted) -> None:
    """The null violates the claim, the good system does not, and a defect lies farther out than the null."""
    claim = plant.claim
    if claim.threshold is None:
        return
    bar, sign = float(claim.threshold), -1 if claim.direction == ">=" else 1
    null, defect, good = (truth(claim, role) for role in ("null", "defect", "good"))
    assert sign * (null - bar) > 0 and sign * (defect - bar) > sign * (null - bar) and sign * (good - bar) < 0
    assert abs(null - bar) < 1e-5


def test_an_evaluator_gone_soft_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the point estimate in the place of the limit, half of the nulls pass: the self-test must say so."""
    from hutong.engines.trust.runs.selftest import _score

    plant = next(p for p in plants() if p.name == "clean rows")
    honest = registry.RULES["metric_at_least"]

    def soft(claim: Any, counts: Any) -> Any:
        from dataclasses import replace

        finding = honest(claim, counts)
        return replace(
            finding, state="pass" if float(finding.value or 0) >= float(claim.threshold) else "fail"
        )

    monkeypatch.setattr(registry, "RULES", ChainMap({"metric_at_least": soft}, registry.RULES))  # type: ignore[arg-type]
    score = _score(plant, 150, "soft")
    assert score.false_pass > 0.3 and score.worse
    broken = SelfTest("soft", (score,), {"R": score}, score, 0.0, {})
    assert not broken.ok and broken.worse == ("R",)


def test_scores_count_a_defect_that_passes_as_a_false_pass() -> None:
    score = Score("x").plus("null", "inconclusive").plus("defect", "pass").plus("good", "pass")
    assert (score.cases, score.nulls, score.false_passes, score.detected, score.recognised) == (3, 1, 1, 0, 1)
    assert Score("none").false_pass_upper == 1.0 and Score("none").detection is None
