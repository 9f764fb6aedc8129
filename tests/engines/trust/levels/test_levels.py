"""The verdict over levels: alpha adds up, the lowest failure is told, less access never reaches more, nothing missing passes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import yaml

from hutong.engines import trust
from hutong.engines.trust.findings import judged
from hutong.engines.trust.intervals import empirical_bernstein, mean_of_classes, share_of, worst_of
from hutong.engines.trust.profile import CHECKS, PROFILES
from hutong.engines.trust.registry import METHODS, RULES, installed
from hutong.engines.trust.statistics.differences import miettinen_nurminen
from hutong.engines.trust.statistics.forms import Interval
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

from .conftest import SEED, Case, Less


def evidence(profile: trust.Profile) -> list[trust.Evidence]:
    return [trust.Evidence(c.id, True, "0" * 64, "EVD", "a", "b") for c in profile.checks]


def verdict_of(case: Case, aim: int | None = None) -> trust.Verdict:
    plan = case.plan(aim)
    seen = trust.observe(plan, case.target, case.system, case.profile, case.data, SEED)
    return trust.judge(plan, seen, evidence(case.profile))


def small(case: Case) -> Case:
    return case.within(rows=60, queries=60, samples=300)


@pytest.mark.parametrize("aim", [None, 1, 3, 5])
def test_the_alphas_of_all_categories_add_up_to_no_more_than_the_whole(
    linear_case: Case, aim: int | None
) -> None:
    plan = linear_case.plan(aim)
    assert 0 < sum(Fraction(a) for a in plan.alpha_by_category.values()) <= Fraction(plan.alpha)
    for claim in plan.claims:
        assert claim.alpha is None or claim.alpha == plan.alpha_by_category[claim.category]


def test_less_access_never_reaches_a_higher_level(linear_case: Case) -> None:
    case = small(linear_case)
    scores = np.asarray(case.target.predict(case.data.features).scores, np.float64)
    log = trust.LogTarget(case.system, scores / scores.sum(axis=1, keepdims=True))
    by_access = [log, Less(case.target, "labels"), Less(case.target, "scores"), case.target]
    plans = [replace(case, target=t).plan(5) for t in by_access]
    for less, more in pairwise(plans):
        assert all(less.reachable[c] <= more.reachable[c] for c in trust.CATEGORIES)
    assert [p.reachable["R"] for p in plans] == [1, 4, 4, 5]
    assert (plans[0].reachable["Q"], plans[0].reachable["F"]) == (2, 2)
    reached = [verdict_of(replace(case, target=t), 5).reached["R"] for t in by_access[:2]]
    assert reached[0] <= reached[1] and reached[0] == 1


def test_of_two_failures_the_one_at_the_lower_level_is_told(linear_case: Case) -> None:
    plan = linear_case.plan()
    seen = trust.observe(
        plan, linear_case.target, linear_case.system, linear_case.profile, linear_case.data, SEED
    )
    counts = dict(seen.counts)
    counts["R3.evasion"] = {"rows": 150, "resist": 0, "replayed": 150, "by": [], "examples": []}
    lopsided = [{"name": "f", "table": [[0, 300], [0, 300]]}, {"name": "m", "table": [[300, 0], [300, 0]]}]
    counts["F2.gap.sex"] = {"groups": lopsided, "intersections": [], "scores": []}
    verdict = trust.judge(plan, replace(seen, counts=counts), evidence(linear_case.profile))
    assert verdict.stops_at is not None
    assert (verdict.stops_at.category, verdict.stops_at.level, verdict.outcome) == ("F", 2, "fail")
    assert any((c.category, c.level, c.state) == ("R", 3, "fail") for c in verdict.stops)


def test_a_level_above_a_failed_one_is_not_reached(linear_case: Case) -> None:
    case = linear_case.within(share=Fraction(1, 10**5), queries=60)
    plan = case.plan()
    seen = trust.observe(plan, case.target, case.system, case.profile, case.data, SEED)
    counts = {**seen.counts, "R3.masking": {"exact": False, "rows": 0, "signs": []}}
    verdict = trust.judge(plan, replace(seen, counts=counts), evidence(case.profile))
    assert verdict.cell("R", 4).state == "pass" and verdict.reached["R"] == 2


def test_a_required_level_without_a_test_stays_out_of_reach(linear_case: Case) -> None:
    """Class 5 asks G3: an audit that no installed test can stand for."""
    assert installed()["G"] == 2
    plain = {
        n: yaml.safe_load((PROFILES / f"{n}.yaml").read_text()) for n in ("release-adviser", "requirements")
    }
    profile = trust.profile_of(
        {**plain["release-adviser"], "risk_class": 5},
        plain["requirements"],
        yaml.safe_load(CHECKS.read_text()),
    )
    case = replace(
        small(linear_case), profile=replace(profile, challenge=small(linear_case).profile.challenge)
    )
    verdict = verdict_of(case)
    assert verdict.cell("G", 3).state == "not_reachable" and verdict.outcome != "pass"


def test_nothing_left_out_passes_at_any_level(linear_case: Case) -> None:
    case = small(linear_case)
    plan = case.plan(5)
    seen = trust.observe(plan, case.target, case.system, case.profile, case.data, SEED)
    for name in seen.counts:
        claim = next(c for c in plan.claims if c.id == name)
        less = replace(seen, counts={k: v for k, v in seen.counts.items() if k != name})
        assert (
            trust.judge(plan, less, evidence(case.profile)).cell(claim.category, claim.level).state != "pass"
        )


def test_every_kind_of_claim_has_a_rule_and_a_garbled_count_is_refused(linear_case: Case) -> None:
    setting = linear_case.setting()
    for method in METHODS:
        for claim in method.claims(setting):
            assert claim.kind in RULES and claim.level == method.level and claim.category == method.category
    plan = linear_case.plan()
    seen = trust.observe(
        plan, linear_case.target, linear_case.system, linear_case.profile, linear_case.data, SEED
    )
    for name in ("R3.evasion", "R4.certified", "F3.flips", "F4.gap", "S3.door", "Q3.slices"):
        with pytest.raises(Invalid) as refused:
            trust.judge(plan, replace(seen, counts={**seen.counts, name: {"rows": "many"}}))
        assert refused.value.rule == "observations.form"


def test_what_is_made_for_display_decides_nothing(linear_case: Case) -> None:
    claim = next(c for c in linear_case.plan().claims if c.id == "R3.evasion")
    shown = miettinen_nurminen(9, 10, 1, 10, 0.05)
    with pytest.raises(ValueError, match="exact"):
        judged(
            claim, Interval(0.8, float(shown.lower), float(shown.upper), shown.exact, shown.method), 20, "gap"
        )


@pytest.mark.parametrize("shares", [(0.9, 0.7, 0.8), (1.0, 1.0, 1.0), (0.02, 0.5, 0.5)])
def test_the_engines_own_intervals_cover(shares: tuple[float, ...]) -> None:
    chance, n, alpha = np.random.default_rng(11), np.array([40, 25, 60]), 0.1
    missed = dict.fromkeys(("share", "worst", "mean", "bernstein"), 0)
    for _ in range(1000):
        hits = chance.binomial(n, shares)
        pairs = [(int(a), int(b)) for a, b in zip(hits, n, strict=True)]
        values = chance.beta(2, 5, 80) * 2 - 1
        found: dict[str, tuple[Any, float]] = {
            "share": (share_of(*pairs[0], alpha), shares[0]),
            "worst": (worst_of(pairs, alpha), min(shares)),
            "mean": (mean_of_classes(hits, n, alpha), sum(shares) / 3),
            "bernstein": (
                empirical_bernstein(80, float(values.sum()), float((values**2).sum()), 2.0, alpha),
                2 * 2 / 7 - 1,
            ),
        }
        for name, (interval, truth) in found.items():
            missed[name] += not interval.lower - 1e-12 <= truth <= interval.upper + 1e-12
    assert all(m <= 1000 * alpha for m in missed.values())


def test_a_profile_without_a_budget_or_with_a_share_above_one_is_refused() -> None:
    parts = [
        yaml.safe_load(p.read_text())
        for p in (PROFILES / "form-reader.yaml", PROFILES / "requirements.yaml", CHECKS)
    ]
    for wrong in ({k: v for k, v in parts[0].items() if k != "challenge"},
                  {**parts[0], "challenge": {**parts[0]["challenge"], "share": "1.5"}},
                  {**parts[0], "challenge": {**parts[0]["challenge"], "norm": "l7"}}):  # fmt: skip
        with pytest.raises(Invalid):
            trust.profile_of(wrong, parts[1], parts[2])
    more = {
        "value": "3",
        "reason": {"en": "r", "zh": "r"},
        "citation": {"en": "c", "zh": "c"},
        "status": "proposal",
    }
    richer = {**parts[0], "thresholds": {**parts[0]["thresholds"], "epsilon_max": more}}
    assert trust.profile_of(richer, parts[1], parts[2]).thresholds["epsilon_max"].value == 3


def test_words_of_a_plan_say_what_it_costs_and_what_it_can_reach(network_case: Case) -> None:
    plan = network_case.plan(5)
    assert trust.plan_of(plan.as_json()).digest == plan.digest
    evasion = next(c for c in plan.claims if c.id == "R3.evasion")
    assert evasion.queries == 40 * 120 and evasion.passes_from is not None
    assert plan.reachable["F"] == 1 and isinstance(evasion.statement, Text)


def test_a_test_whose_statistics_refuse_is_not_run_and_any_other_refusal_is_heard(
    linear_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hutong.engines.trust import registry, slices

    def refusing(rule: str) -> Any:
        def observe(claim: trust.Claim, bench: Any) -> Any:
            raise Invalid(Text("too few", "过少"), rule=rule, remedy=Text("more", "增加"))

        return observe

    for rule, heard in (("statistics.size", False), ("output.finite", True)):
        room = tuple(replace(m, observe=refusing(rule)) for m in slices.METHODS)
        monkeypatch.setattr(slices, "METHODS", room)
        registry._methods.cache_clear()
        told = next(m.observe for m in registry._methods() if m.id == "slices")
        claim = linear_case.counted("Q2.accuracy")[0]
        assert told is not None
        if heard:
            with pytest.raises(Invalid):
                told(claim, linear_case.bench())
        else:
            assert told(claim, linear_case.bench()) == {"not_run": {"en": "too few", "zh": "过少"}}
    monkeypatch.undo()
    registry._methods.cache_clear()
