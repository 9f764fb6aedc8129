"""R at level 3: counter-examples are real, the share is never better than the truth, masking is not mistaken for strength."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.balls import ball_of
from hutong.engines.trust.evasion import Attacker, sample
from hutong.engines.trust.targets import Predictions, outside

from .conftest import Case, Less


def attempts(case: Case) -> list[tuple[int, Any]]:
    bench, budget = case.bench(), case.profile.challenge
    attacker = Attacker(bench, "R3.evasion")
    found = []
    for place in sample(bench, "R.rows", budget.rows).tolist():
        ball = ball_of(case.system.domain, case.data.features[place], budget.norm, budget.share)
        found.append((place, attacker.attempt(ball, place, budget.queries)))
    return found


@pytest.mark.parametrize("name", ["linear_case", "forest_case", "network_case"])
def test_every_counter_example_is_feasible_within_the_budget_and_replays(
    name: str, request: pytest.FixtureRequest
) -> None:
    case: Case = request.getfixturevalue(name)
    share = float(case.profile.challenge.share)
    columns = case.system.domain.columns
    span = np.array([float((c.high or 0) - (c.low or 0)) for c in columns])
    found = [(p, a) for p, a in attempts(case) if a.point is not None]
    assert found
    for place, attempt in found:
        row = case.data.features[place].astype(np.float64)
        assert outside(attempt.point[None], case.system.domain) is None
        assert (np.abs(attempt.point - row) <= share * span * (1 + 1e-6) + 1e-6).all()
        for j, column in enumerate(columns):
            assert not column.immutable or attempt.point[j] == case.data.features[place, j]
        asked = case.target.predict(attempt.point[None]).labels[0]
        assert attempt.replayed and asked != case.target.predict(case.data.features[[place]]).labels[0]


def test_the_share_is_exact_for_a_linear_model(linear_case: Case) -> None:
    """The worst point of a box of a linear model is a corner; whole columns keep to whole corners."""
    case, budget = linear_case, linear_case.profile.challenge
    turned = 0
    for place in sample(case.bench(), "R.rows", budget.rows).tolist():
        row = case.data.features[place]
        room = [62 * float(budget.share), float(budget.share), 0.0, 0.0]
        ends = []
        for value, step, column in zip(row.tolist(), room, case.system.domain.columns, strict=True):
            step = np.floor(step) if column.whole else step
            ends.append(np.clip([value - step, value + step], float(column.low), float(column.high)))
        corners = np.array(list(product(*ends)), np.float32)
        turned += len(set(case.target.predict(corners).labels.tolist())) > 1
    _, counts = case.counted("R3.evasion")
    assert counts["rows"] - counts["resist"] == turned > 0


def test_a_bar_between_the_limits_is_not_decided_and_one_beyond_fails(linear_case: Case) -> None:
    claim, counts = linear_case.counted("R3.evasion")
    from hutong.engines.trust.registry import RULES

    share = counts["resist"] / counts["rows"]
    states = [
        RULES[claim.kind](replace(claim, threshold=f"{bar:.6f}"), counts).state
        for bar in (share - 0.2, share, min(share + 0.12, 0.999999))
    ]
    assert states == ["pass", "inconclusive", "fail"]


def test_with_labels_alone_the_attacks_still_run_and_are_never_stronger(forest_case: Case) -> None:
    labels = replace(forest_case, target=Less(forest_case.target, "labels"))
    _, less = labels.counted("R3.evasion")
    assert less["rows"] - less["resist"] > 0
    truth = forest_case.counted("R4.certified")[1]
    assert less["rows"] - less["resist"] <= truth["violated"] + truth["unknown"]


def test_a_log_cannot_be_challenged(linear_case: Case) -> None:
    scores = linear_case.target.predict(linear_case.data.features).scores / 1e6
    log = trust.LogTarget(linear_case.system, scores / scores.sum(axis=1, keepdims=True))
    case = replace(linear_case, target=log)
    plan = case.plan(aim=5)
    assert plan.reachable["R"] == 1 and plan.installed["R"] == 5
    seen = trust.observe(plan, log, case.system, case.profile, case.data, "levels")
    verdict = trust.judge(plan, seen)
    assert all(verdict.cell("R", level).state == "not_run" for level in (2, 3, 4, 5))


class Masked(Less):
    """The same decisions, behind scores that say only the label: nothing to climb on."""

    def predict(self, rows: Any) -> Predictions:
        labels = self._target.predict(rows).labels
        return Predictions(labels, np.eye(2, dtype=np.int64)[labels] * 10**6)


def test_scores_that_hide_the_way_leave_the_level_undecided(linear_case: Case) -> None:
    honest = replace(linear_case, target=Less(linear_case.target, "scores"))
    masked = replace(linear_case, target=Masked(linear_case.target, "scores"))
    assert honest.judged("R3.masking").state == "pass"
    assert masked.judged("R3.masking").state == "inconclusive"
    # With the weights the exact distances do not care.
    assert linear_case.judged("R3.masking").state == "pass"


def test_a_budget_in_shares_of_a_span_needs_spans(linear_case: Case) -> None:
    columns = tuple(
        replace(c, high=None) if c.name == "income" else c for c in linear_case.system.domain.columns
    )
    open_ended = replace(linear_case.system, domain=trust.Domain("table", columns))
    assert replace(linear_case, system=open_ended).counted("R3.evasion")[1] is None
    assert linear_case.within(norm="l2").counted("R3.evasion")[1] is None


def test_the_same_seed_attacks_the_same(forest_case: Case) -> None:
    case = forest_case.within(rows=8, share=Fraction(1, 10))
    assert case.counted("R3.evasion")[1] == case.counted("R3.evasion")[1]
