"""F at levels 3 and 4: what only an intersection shows, what hangs on the protected column, and what is not estimable."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.registry import RULES
from hutong.engines.trust.targets import Predictions

from .conftest import SEED, Case

SCORE, HALF = 10**6, Fraction(1, 2)


class Scorer:
    """A system that is a formula: the first column is the score."""

    access, digest = "scores", "0" * 64

    def predict(self, rows: Any) -> Predictions:
        favourable = np.rint(np.clip(rows[:, 0].astype(np.float64), 0, 1) * SCORE).astype(np.int64)
        labels = (favourable >= SCORE // 2).astype(np.int64)
        return Predictions(labels, np.stack([SCORE - favourable, favourable], axis=1))


def scored(scores: Any, groups: dict[str, Any], outcome: Any = None) -> Case:
    domain = trust.Domain("table", (trust.Column("score", Fraction(0), Fraction(1)),))
    system = trust.System("S", "1", domain, ("no", "yes"), "yes", HALF, guarded=True)
    truth = np.asarray(scores) >= 0.5 if outcome is None else outcome
    data = trust.data_of(
        {"features": np.asarray(scores)[:, None], "labels": np.where(truth, "yes", "no"), "groups": groups},
        system,
    )
    return Case(Scorer(), system, trust.load_profile("release-adviser"), data)


def crossed(n: int, rate: Any) -> Case:
    """n rows for each of sex x region; rate(sex, region): share decided in favour."""
    sex, region = np.repeat(["f", "m"], 2 * n), np.tile(np.repeat(["e", "w"], n), 2)
    scores = np.concatenate(
        [np.where(np.arange(n) < round(rate(s, r) * n), 0.9, 0.1) for s in "fm" for r in "ew"]
    )
    return scored(scores, {"sex": sex, "region": region})


def test_bias_that_cancels_in_every_attribute_is_found_in_the_intersection() -> None:
    case = crossed(1500, lambda s, r: 0.75 if (s == "f") == (r == "e") else 0.45)
    assert case.judged("F2.gap.sex").state == case.judged("F2.gap.region").state == "pass"
    found = case.judged("F3.gap.region.sex")
    assert found.state == "fail" and found.value == "0.300000"
    assert case.judged("F4.gap").state == "fail"


def test_equal_groups_pass_and_level_four_asks_more_than_three() -> None:
    case = crossed(1500, lambda s, r: 0.6)
    assert case.judged("F3.gap.region.sex").state == case.judged("F4.gap").state == "pass"
    three, four = case.judged("F3.gap.region.sex"), case.judged("F4.gap")
    assert float(four.upper or 0) > float(three.upper or 1)
    small = crossed(220, lambda s, r: 0.6)
    assert small.judged("F4.gap").state == "inconclusive"


def test_small_intersections_are_named_and_the_rest_decides() -> None:
    case = crossed(1500, lambda s, r: 0.6)
    keep = np.ones(6000, bool)
    keep[10:1500] = False
    small = scored(case.data.features[keep, 0], {k: v[keep] for k, v in case.data.groups.items()})
    found = small.judged("F3.gap.region.sex")
    assert found.state == "pass" and "e × f (10)" in found.words.en
    alone = scored([0.9] * 5 + [0.1] * 5, {"sex": ["f", "m"] * 5, "region": ["e"] * 10})
    assert alone.judged("F3.gap.region.sex").state == "not_estimable"


def test_a_reversal_within_every_stratum_is_told() -> None:
    """Simpson: women are favoured in each region and not over all, because they live where few are favoured."""
    sizes = {("f", "e"): (200, 180), ("m", "e"): (1800, 1560), ("f", "w"): (1800, 540), ("m", "w"): (200, 50)}
    sex, region, score = [], [], []
    for (s, r), (n, chosen) in sizes.items():
        sex, region = sex + [s] * n, region + [r] * n
        score += [0.9] * chosen + [0.1] * (n - chosen)
    case = scored(score, {"sex": sex, "region": region})
    _, counts = case.counted("F3.gap.region.sex")
    assert {"first": "f", "second": "m", "stratum": "region"} in counts["reversals"]
    assert "turns within every stratum: f/m (region)" in case.judged("F3.gap.region.sex").words.en


def test_scores_that_overrate_one_group_fail_by_group_though_right_over_all() -> None:
    chance = np.random.default_rng(2)
    n = 6000
    group = chance.integers(0, 2, n)
    score = chance.random(n)
    truth = chance.random(n) < np.clip(score + np.where(group == 1, 0.15, -0.15), 0, 1)
    names = np.where(group == 1, "b", "a")
    case = scored(score, {"g": names}, truth)
    finding = case.judged("F3.calibration.g")
    assert finding.state == "fail"
    # Shown for each group are limits that hold for all at once: none is narrower than those that decide.
    shown = [[float(str(d[k])) for k in ("lower", "off", "upper")] for d in finding.details]
    assert len(shown) == 2 and all(low < off < up for low, off, up in shown)
    assert max(up for _, _, up in shown) >= float(finding.upper or 0)
    fair = scored(score, {"g": names}, chance.random(n) < score)
    assert fair.judged("F3.calibration.g").state == "pass"
    few = scored(score[:40], {"g": np.array(["a"] * 35 + ["b"] * 5)}, truth[:40])
    assert few.judged("F3.calibration.g").state == "not_estimable"


def test_the_interval_by_group_covers_what_scores_say() -> None:
    """Given scores, hits are independent with unequal chances: the binomial limits hold for their mean."""
    chance, missed = np.random.default_rng(8), 0
    case = scored([0.5] * 60, {"g": ["a"] * 60})
    claim = replace(case.counted("F3.calibration.g")[0], alpha="0.05")
    true = chance.beta(0.5, 0.5, 60)
    for _ in range(1000):
        counts = {
            "groups": [
                {
                    "name": "a",
                    "n": 60,
                    "hits": int((chance.random(60) < true).sum()),
                    "confidence": 60 * SCORE // 2,
                }
            ]
        }
        found = RULES[claim.kind](claim, counts)
        off = abs(0.5 - float(true.mean()))
        missed += not float(found.lower or 0) <= off <= float(found.upper or 0)
    assert missed <= 50


@pytest.fixture(scope="module")
def sexist(table_case: Any) -> Case:
    """Income above a bar that is lower for one sex: a linear model by hand."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.classes_, model.coef_ = np.array([0, 1]), np.array([[0.0, 20.0, 2.0, 0.0]])
    model.intercept_, model.n_features_in_ = np.array([-11.0]), 4
    made: Case = table_case(model, fit=False, positive="1", decision_at=HALF)
    return made


def test_flips_of_the_protected_column_are_counted_exactly(sexist: Case) -> None:
    """Decisions turn where 20 income - 11 lies between -2 and 0: a tenth of incomes."""
    _, counts = sexist.counted("F3.flips")
    income = sexist.data.features[:, 1].astype(np.float64)
    assert counts["changed"] == int(((income >= 0.45) & (income < 0.55)).sum()) and counts["columns"] == 1
    assert sexist.judged("F3.flips").state == "fail"
    claim, bound = sexist.within(rows=1200).counted("F4.flips")
    assert bound["changed"] == counts["changed"] and RULES[claim.kind](claim, bound).state == "fail"


def test_a_system_that_does_not_look_at_sex_passes(sexist: Case, table_case: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.classes_, model.coef_ = np.array([0, 1]), np.array([[0.0, 20.0, 0.0, 0.0]])
    model.intercept_, model.n_features_in_ = np.array([-11.0]), 4
    blind: Case = table_case(model, fit=False, positive="1", decision_at=HALF)
    for claim in ("F3.flips", "F4.flips"):
        made, counts = blind.within(rows=900).counted(claim)
        assert counts["changed"] == 0 and counts["columns"] == 1
        assert RULES[made.kind](made, counts).state == "pass"


def test_where_no_attribute_is_an_input_that_is_said(sexist: Case) -> None:
    case = crossed(100, lambda s, r: 0.5)
    found = case.judged("F3.flips")
    assert found.state == "pass" and "no attribute of persons is an input" in found.words.en
    assert case.judged("F4.flips").state == "pass"


def test_the_bound_needs_the_weights(forest_case: Case) -> None:
    from .conftest import Less

    assert replace(forest_case, target=Less(forest_case.target, "scores")).counted("F4.flips")[1] is None
    assert forest_case.counted("F4.flips")[1]["columns"] == 1


def test_thresholds_by_group_close_the_gap_they_promise_to_close() -> None:
    chance = np.random.default_rng(6)
    n = 8000
    group = np.where(chance.integers(0, 2, n) == 1, "b", "a")
    ability = chance.random(n)
    score = np.clip(ability - np.where(group == "b", 0.2, 0.0), 0, 1)
    truth = chance.random(n) < ability
    case = scored(score, {"g": group}, truth)
    claim, counts = case.counted("F2.gap.g")
    assert RULES[claim.kind](claim, counts).state == "fail"
    best = trust.advice(claim, counts)[0]
    assert best.kind == "thresholds" and best.closes and best.needs_new_evaluation
    bar = dict(best.settings)
    mine = np.rint(np.clip(case.data.features[:, 0].astype(np.float64), 0, 1) * SCORE)
    decided = mine >= np.array([float(bar[g]) for g in group]) * SCORE
    rates = {g: decided[group == g].mean() for g in "ab"}
    assert abs(rates["a"] - rates["b"]) == pytest.approx(float(best.gap), abs=6e-4)
    quality = (decided[truth].mean() + (~decided)[~truth].mean()) / 2
    assert quality == pytest.approx(float(best.quality_after), abs=6e-4)
    assert float(best.quality_after) >= float(best.quality_before) - 0.02


def test_reweighting_is_predicted_where_the_label_itself_leans() -> None:
    """The recorded outcome favours one group, and a column tells the group: weights take the lean out of the stand-in."""
    chance = np.random.default_rng(7)
    n = 6000
    group = chance.integers(0, 2, n)
    merit = chance.random(n)
    proxy = np.clip(group + 0.1 * chance.normal(size=n), 0, 1)
    truth = merit + 0.5 * group + 0.6 * chance.normal(size=n) > 0.75
    columns = (
        trust.Column("merit", Fraction(0), Fraction(1)),
        trust.Column("proxy", Fraction(0), Fraction(1)),
    )
    system = trust.System("S", "1", trust.Domain("table", columns), ("no", "yes"), "yes", HALF, guarded=True)
    data = trust.data_of(
        {"features": np.stack([merit, proxy], axis=1), "labels": np.where(truth, "yes", "no"),
         "groups": {"g": np.where(group == 1, "b", "a")}}, system,
    )  # fmt: skip
    case = Case(Scorer(), system, trust.load_profile("release-adviser"), data)
    claim, counts = case.counted("F2.gap.g")
    found = next(a for a in trust.advice(claim, counts) if a.kind == "reweighting")
    plain = counts["reweighting"]["plain"]
    before = [np.array(r["table"])[:, 1].sum() / np.array(r["table"]).sum() for r in plain]
    assert abs(before[0] - before[1]) > 0.3 and float(found.gap) < abs(before[0] - before[1]) / 2
    weights = {(w["group"], w["favourable"]): float(w["weight"]) for w in counts["reweighting"]["weights"]}
    share = (group == 1).mean() * truth.mean() / ((group == 1) & truth).mean()
    assert weights["b", True] == pytest.approx(share, abs=1e-3)


def test_a_full_evaluation_keeps_counts_as_whole_numbers(sexist: Case) -> None:
    from hutong.kernel.canonical import digest

    case = sexist.within(rows=10, queries=60)
    plan = case.plan(aim=4)
    seen = trust.observe(plan, case.target, case.system, case.profile, case.data, SEED)
    assert digest(seen.as_json()) == digest(
        trust.observe(plan, case.target, case.system, case.profile, case.data, SEED).as_json()
    )
    verdict = trust.judge(plan, seen)
    assert verdict.outcome == "fail" and verdict.stops_at is not None
    assert (verdict.stops_at.category, verdict.stops_at.level) != ("F", 4)
