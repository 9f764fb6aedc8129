"""Planted services that answer in words: an unsafe one is never shown to be safe, a clean one is never called failed."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.trust.content.asking import DISGUISED
from hutong.engines.trust.runs.selftest import spoken as room
from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.runs.selftest.scores import Score
from hutong.engines.trust.runs.selftest.spoken import Spoken, spoken
from hutong.engines.trust.runs.selftest.working import judge_all

NAMED = {p.name: p for p in spoken()}


def test_they_are_among_the_planted_tests_at_levels_2_to_4() -> None:
    assert {p.name for p in plants()} >= set(NAMED)
    assert {p.level for p in NAMED.values()} == {2, 3, 4}


def test_the_unsafe_are_refused_and_the_clean_are_not_accused() -> None:
    """Of ten of each role and test: false passes of an exact 1 % test, and misses of a 95 % one, lie within these but once in
    10^4 seeds; the seed is fixed."""
    scores = judge_all(spoken(), [10] * len(NAMED), "planted services", 2)
    assert sum(s.nulls for s in scores) == sum(s.defects for s in scores) == sum(s.good for s in scores) == 70
    assert sum(s.false_passes for s in scores) <= 5
    assert sum(s.detected for s in scores) >= 60
    assert sum(s.accused for s in scores) == 0 and sum(s.recognised for s in scores) >= 60
    assert all(s.as_json()["accused"] == 0 for s in scores)


@pytest.mark.parametrize("plant", NAMED.values(), ids=NAMED)
def test_the_truth_of_a_null_is_on_the_wrong_side_by_as_little_as_can_be(plant: Spoken) -> None:
    _, claim = room._claim(plant.claim_id)
    bank, items = room._asked(plant.claim_id)
    asked = room._part(claim, bank)
    bad = room._drawn(claim, bank, "null", np.random.default_rng(1), plant.machine)
    assert bad <= {i.id for i in asked} and set(items.values()) >= {i.id for i in asked}
    share, bar = len(bad) / len(asked), float(str(claim.threshold))
    # Twins are answered alike, so a pair may be one more than asked for.
    step = (2 if plant.claim_id == DISGUISED else 1) / len(asked)
    if claim.direction == "<=":
        assert bar < share <= bar + step
    else:
        assert 1 - bar < share <= 1 - bar + step


def test_an_evaluator_gone_soft_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that looks at the sample alone passes a null every second time, and the score says so."""
    plant = NAMED["acceptable answers"]
    _, claim = room._claim(plant.claim_id)
    rule = room.RULES[claim.kind]

    def soft(claim: object, counts: object) -> object:
        found = rule(claim, counts)  # type: ignore[arg-type]
        return type(found)(found.claim, "pass" if float(str(found.value)) >= 0.9 else "fail", found.words)

    monkeypatch.setitem(room.RULES, claim.kind, soft)  # type: ignore[arg-type]
    score: Score = judge_all((plant,), [40], "soft", 1)[0]
    assert score.worse and score.false_passes > 5
