"""Less access never gives a higher level."""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.reach.ladder import gives, ladder_on, powers_of
from hutong.engines.trust.rooms import Setting
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
    labelling = [r for r in LADDER.rungs if "rows" in r.powers]
    assert [r.code for r in labelling] == ["A0", "A1", "A2", "A3", "A4", "A5", "A6"]
    for lower, upper in pairwise(labelling):
        assert lower.powers < upper.powers
    top = LADDER.caps(labelling[-1].powers)
    assert top == {c: max(LADDER.needs[c]) for c in trust.CATEGORIES}
    assert LADDER.caps(frozenset()) == {**dict.fromkeys(trust.CATEGORIES, 1), "G": 4}


def test_a_service_that_answers_in_words_is_judged_by_its_words_alone() -> None:
    asked, recorded = LADDER.rung("answers").powers, LADDER.rung("recorded").powers
    only = {**dict.fromkeys(trust.CATEGORIES, 1), "G": 4}
    assert LADDER.caps(asked) == {**only, "S": 4} and LADDER.caps(recorded) == {**only, "S": 2}
    words = LADDER.missing("Q", 2, asked), LADDER.missing("S", 5, asked), LADDER.missing("S", 3, recorded)
    assert [w.en for w in words if w] == [
        "does not apply to a system that answers in words",
        "does not apply to a system that answers in words",
        "needs asking it in words",
    ]
    rung = LADDER.next_rung("S", recorded)
    assert rung is not None and rung.id == "answers" and LADDER.next_rung("S", asked) is None


def test_a_log_cannot_be_asked_anything_new() -> None:
    log = trust.LogTarget(SYSTEM, labels=("no", "yes"))
    caps = LADDER.caps(powers_of(log))
    assert (caps["Q"], caps["F"], caps["R"], caps["S"]) == (3, 2, 1, 1)
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
    assert ladder_on(LADDER.valid_from).digest == LADDER.digest
    # An access that nobody knows gives nothing.
    assert not gives("everything", "rows") and not gives("log", "labels") and gives("scores", "labels")
    assert gives("weights", "scores") and not gives("labels", "scores")


ACCESSES = [r.id for r in LADDER.rungs if "rows" in r.powers]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("scored", [False, True])
def test_no_test_runs_at_a_level_that_the_ladder_denies(access: str, training: bool, scored: bool) -> None:
    """The ladder is the one authority: where it denies a level, some test of that level says that it cannot run."""
    from hutong.engines.trust.registry import installed, methods_of

    chance = np.random.default_rng(2)
    rows = chance.random((60, 1)).astype(np.float32)
    columns: dict[str, object] = {
        "features": rows,
        "labels": np.where(rows[:, 0] > 0.5, "yes", "no"),
        "groups": {"g": chance.choice(["a", "b"], 60)},
    }
    if training:
        columns |= {"train_features": rows, "train_labels": columns["labels"]}
    more = frozenset({"scores"}) if scored else frozenset()
    profile = trust.load_profile("release-adviser")
    data = trust.data_of(columns, SYSTEM)
    setting = Setting(profile, SYSTEM, data, access, 0.01, b"a model of no known form", more)
    have = installed(access)
    for category in trust.CATEGORIES:
        cap = LADDER.cap(category, setting.powers)
        for level in range(1, have[category] + 1):
            blocked = [m.id for m in methods_of(category, level) if m.missing(setting) is not None]
            if level == cap + 1:
                assert blocked, (category, level, access)
