"""Less access never gives a higher level."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.reach.ladder import ladder_on, powers_of
from hutong.kernel.errors import Invalid, NotFound

LADDER = ladder_on(None)
SYSTEM = trust.System("S", "1", trust.Domain("table", (trust.Column("x"),)), ("no", "yes"))


def test_no_power_ever_lowers_a_level_and_none_lost_raises_one() -> None:
    powers = sorted(LADDER.words)
    every = [frozenset(c) for n in range(len(powers) + 1) for c in combinations(powers, n)]
    assert len(every) == 2 ** len(powers)
    caps = {p: LADDER.caps(p) for p in every}
    for less in every:
        for power in set(powers) - less:
            more = caps[less | {power}]
            assert all(caps[less][c] <= more[c] for c in trust.CATEGORIES)


def test_the_rungs_rise_and_the_last_reaches_all_levels_there_are() -> None:
    assert [r.code for r in LADDER.rungs] == ["A0", "A1", "A2", "A3", "A4", "A5", "A6"]
    for lower, upper in zip(LADDER.rungs, LADDER.rungs[1:], strict=False):
        assert lower.powers < upper.powers
    top = LADDER.caps(LADDER.rungs[-1].powers)
    assert top == {c: max(LADDER.needs[c]) for c in trust.CATEGORIES}
    assert LADDER.caps(frozenset()) == {**dict.fromkeys(trust.CATEGORIES, 1), "G": 4}


def test_a_log_cannot_be_asked_anything_new() -> None:
    log = trust.LogTarget(SYSTEM, labels=("no", "yes"))
    caps = LADDER.caps(powers_of(log))
    assert (caps["Q"], caps["F"], caps["R"], caps["S"]) == (3, 4, 1, 1)
    scored = trust.LogTarget(SYSTEM, probabilities=np.array([[0.5, 0.5]]))
    assert powers_of(scored) - powers_of(log) == {"scores"}
    missing = LADDER.missing("X", 2, powers_of(log))
    assert missing is not None and missing.en == "needs its scores, asking it about new rows"
    rung = LADDER.next_rung("R", powers_of(log))
    assert rung is not None and rung.id == "labels"
    assert LADDER.missing("R", 1, powers_of(log)) is None
    assert LADDER.next_rung("G", frozenset()) is None


def test_what_the_owner_gives_beside_the_target_counts() -> None:
    class Scored:
        digest, access = "0" * 64, "scores"

        def predict(self, rows: Any) -> Any: ...

    assert LADDER.cap("P", powers_of(Scored())) == 1
    assert LADDER.cap("P", powers_of(Scored(), training=True)) == 3
    assert LADDER.cap("P", powers_of(Scored(), retrain=True)) == 4


def test_an_access_not_on_the_ladder_and_a_day_before_it_are_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        LADDER.rung("everything")
    assert refusal.value.rule == "ladder.access"
    with pytest.raises(NotFound) as before:
        ladder_on(date(2020, 1, 1))
    assert before.value.rule == "ladder.date"
    assert ladder_on(date(2026, 11, 1)).digest == LADDER.digest
