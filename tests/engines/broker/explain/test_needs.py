"""The impossible is refused at once, with a minimal set of constraints and what one change would help."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.broker.explain import (
    CONSTRAINTS,
    Need,
    Offer,
    admit,
    failing,
    minimal_conflict,
    say_verdict,
)
from hutong.engines.broker.explain.needs import table
from hutong.kernel.errors import Invalid

HOUR = 3_600_000
A = Offer("A", "a100", 64, 81_920, "beijing", frozenset({"1g.10gb", "3g.40gb"}), price=1200)
B = Offer("B", "ascend910b", 512, 65_536, "hebei", frozenset({"vir10_4c_32g"}), price=800, speed=800)


@given(st.lists(st.sets(st.integers(0, 6)), max_size=6))
@settings(deadline=None, max_examples=300)
def test_a_conflict_cannot_hold_and_each_part_of_it_can(pools: list[set[int]]) -> None:
    """Pools are sets of constraints that hold there; a subset is consistent where one pool has all of it."""

    def consistent(names: Sequence[int]) -> bool:
        return not names or any(set(names) <= pool for pool in pools)

    conflict = minimal_conflict(consistent, range(7))
    if consistent(range(7)):
        assert conflict == ()
    else:
        assert not consistent(conflict)
        assert all(consistent([n for n in conflict if n != out]) for out in conflict)


def test_the_important_constraints_are_kept_out_of_the_conflict_where_possible() -> None:
    """Preferred conflict (Junker 2004): {0, 1} and {1, 2} both conflict; the one of more important members is told."""
    conflicts = [{0, 1}, {1, 2}]
    assert minimal_conflict(lambda s: not any(c <= set(s) for c in conflicts), [0, 1, 2]) == (0, 1)


def random_case(luck: np.random.Generator) -> tuple[Need, list[Offer]]:
    def some(values: Sequence[str], chance: float) -> frozenset[str]:
        return frozenset(v for v in values if luck.random() < chance)

    chips, zones, templates = ["a", "b", "c"], ["x", "y", "z"], ["t1", "t2"]
    offers = [
        Offer(
            f"P{i}",
            str(luck.choice(chips)),
            int(luck.integers(1, 64)),
            int(luck.integers(1, 5)) * 16,
            str(luck.choice(zones)),
            some(templates, 0.5),
            int(luck.integers(1, 20)),
            int(luck.choice([500, 1000, 2000])),
        )
        for i in range(int(luck.integers(1, 8)))
    ]
    need = Need(
        count=int(luck.integers(1, 80)),
        run_ms=int(luck.integers(1, 10)) * HOUR,
        chips=some(chips, 0.5) or None,
        template=str(luck.choice(templates)) if luck.random() < 0.5 else None,
        memory_mib=int(luck.integers(0, 6)) * 16,
        zones=some(zones, 0.6) or None,
        budget=int(luck.integers(1, 6000)),
        deadline=int(luck.integers(1, 12)) * HOUR,
    )
    return need, offers


def test_verdicts_equal_trying_all_subsets() -> None:
    luck, impossible = np.random.default_rng(4), 0
    for _ in range(1000):
        need, offers = random_case(luck)
        known, verdict = table(need, offers), admit(need, offers)
        fitting = [o.pool for o in offers if not failing(need, o)]
        assert list(verdict.fits) == fitting
        if fitting:
            continue
        impossible += 1
        bad = [
            set(names)
            for size in range(1, 8)
            for names in combinations(CONSTRAINTS, size)
            if not known[[CONSTRAINTS.index(n) for n in names]].all(axis=0).any()
        ]
        smallest = [b for b in bad if not any(other < b for other in bad)]
        assert set(verdict.conflict) in smallest
    assert impossible > 300


def test_each_relaxation_makes_the_request_possible() -> None:
    luck, tried = np.random.default_rng(6), 0
    for _ in range(1000):
        need, offers = random_case(luck)
        for change in admit(need, offers).relaxations:
            offer = next(o for o in offers if o.pool == change.pool)
            assert failing(need, offer) == (change.constraint,)
            tried += 1
    assert tried > 100


def test_worked_refusals_name_the_constraint() -> None:
    assert admit(Need(8, HOUR), [A, B]).fits == ("A", "B")
    assert admit(Need(8, HOUR, chips=frozenset({"h100"})), [A, B]).conflict == ("chip",)
    assert admit(Need(8, HOUR, template="2g.20gb"), [A, B]).conflict == ("template",), (
        "refused, not rounded to 3g.40gb"
    )
    assert admit(Need(1000, HOUR), [A, B]).conflict == ("count",)
    both = admit(Need(100, HOUR, zones=frozenset({"beijing"})), [A, B])
    assert both.conflict == ("zone", "count")
    assert [(r.constraint, r.pool, r.value) for r in both.relaxations] == [
        ("zone", "B", "hebei"),
        ("count", "A", 64),
    ]
    dear = admit(Need(8, HOUR, chips=frozenset({"a100"}), budget=9599), [A, B])
    assert dear.conflict == ("chip", "budget")
    assert ("budget", "A", 9600) in [(r.constraint, r.pool, r.value) for r in dear.relaxations]
    late = admit(Need(8, HOUR, chips=frozenset({"ascend910b"}), deadline=HOUR), [A, B])
    assert late.conflict == ("chip", "deadline"), "910b takes 1.25 h"
    assert admit(Need(1, 1), []).possible is False


def test_sentences_are_said_in_both_languages() -> None:
    said = say_verdict(admit(Need(100, HOUR, zones=frozenset({"beijing"})), [A, B]))
    assert said[0].en == "No pool meets these together: where the data may be, number of chips."
    assert said[0].zh == "没有资源池同时满足：数据所在区域、芯片数量。"
    assert said[2].en == "Possible at A with at most 64 chips."
    assert say_verdict(admit(Need(1, 1), [A])) == ()


@pytest.mark.parametrize("count", [0, -1, 0.333, True])
def test_fractions_and_nothing_are_refused(count: object) -> None:
    with pytest.raises(Invalid) as refused:
        Need(count, HOUR)  # type: ignore[arg-type]
    assert refused.value.field == "count"


def test_an_impossible_request_is_refused_within_50_ms_among_1000_pools() -> None:
    luck = np.random.default_rng(1)
    offers = [o for _ in range(300) for o in random_case(luck)[1]][:1000]
    need = Need(10_000, HOUR, budget=1, deadline=1)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert not admit(need, offers).possible
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05
