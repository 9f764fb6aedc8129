"""The two verdicts against numbers worked out elsewhere, and their errors by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hutong.engines.trust.content.limits import Count, limits
from hutong.engines.trust.content.verdict import both, characteristic, needed
from hutong.engines.trust.statistics.judges import Labels
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Invalid

NINE = Fraction(9, 10)


def count(
    hits: int, n: int = 1000, scheme: str = "stratified", bad: bool = False, labels: Labels | None = None
) -> Count:
    return Count(hits, n, scheme, 2000, bad, labels)


@pytest.mark.parametrize(
    ("truth", "regulatory", "confident"),
    [
        (0.89, 0.169, None),
        (0.895, 0.325, None),
        (0.90, 0.527, None),
        (0.92, None, 0.704),
        (0.93, None, 0.961),
    ],
)
def test_the_operating_characteristic_of_nine_in_ten(
    truth: float, regulatory: float | None, confident: float | None
) -> None:
    (found,) = characteristic(count(0), NINE, ">=", 0.05, [truth])
    # By hand: the sum of binomial chances from 900 on.
    chance = sum(
        math.exp(
            math.lgamma(1001) - math.lgamma(k + 1) - math.lgamma(1001 - k)
            + k * math.log(truth) + (1000 - k) * math.log1p(-truth)
        )
        for k in range(900, 1001)
    )  # fmt: skip
    assert float(found.regulatory) == pytest.approx(chance, abs=2e-6)
    if regulatory is not None:
        assert float(found.regulatory) == pytest.approx(regulatory, abs=5e-4)
    if confident is not None:
        assert float(found.confident) == pytest.approx(confident, abs=5e-4)
    assert truth > 0.9 or float(found.confident) <= 0.05


def test_the_confident_verdict_needs_916_of_1000() -> None:
    assert needed(count(0), NINE, ">=", 0.05) == 916
    states = [both(count(k), NINE, ">=", 0.05) for k in (899, 900, 915, 916)]
    assert [s.regulatory for s in states] == ["fail", "pass", "pass", "pass"]
    assert [s.confident for s in states] == ["inconclusive", "inconclusive", "inconclusive", "pass"]
    assert both(count(880), NINE, ">=", 0.05).confident == "fail"


def test_over_refusal_is_the_mirror() -> None:
    for bad in (True, False):
        states = [
            both(Count(k, 300, "stratified", 1000, bad, None), Fraction(1, 20), "<=", 0.05)
            for k in (8, 9, 15, 16, 24)
        ]
        assert [s.confident for s in states] == [
            "pass",
            "inconclusive",
            "inconclusive",
            "inconclusive",
            "fail",
        ]
        assert [s.regulatory for s in states] == ["pass", "pass", "pass", "fail", "fail"]
    mirror = both(Count(292, 300, "stratified", 1000, False, None), Fraction(19, 20), ">=", 0.05)
    assert mirror.confident == "pass" and mirror.needed == 292
    (curve,) = characteristic(
        Count(8, 300, "stratified", 1000, True, None), Fraction(1, 20), "<=", 0.05, [0.05]
    )
    (other,) = characteristic(
        Count(0, 300, "stratified", 1000, False, None), Fraction(19, 20), ">=", 0.05, [0.95]
    )
    assert (curve.regulatory, curve.confident) == (other.regulatory, other.confident)


def test_a_finite_bank_is_hypergeometric() -> None:
    """A draw of half a bank knows more, and a draw of all of it knows all."""
    assert needed(count(0, scheme="simple"), NINE, ">=", 0.05) == 912
    whole = Count(1800, 2000, "simple", 2000, False, None)
    assert limits(whole, 0.05) == (0.9, 0.9)
    assert both(whole, NINE, ">=", 0.05).confident == "pass"
    assert both(Count(1799, 2000, "simple", 2000, False, None), NINE, ">=", 0.05).confident == "fail"


def test_false_passes_of_simple_and_stratified_draws_stay_under_alpha() -> None:
    """A bank of 2,000 with 1,798 good items (just under the bar), its bad ones heaped in a few risks and templates."""
    chance, alpha, runs = stream("draws"), 0.05, 20_000
    sizes, bad = np.array([89] * 17 + [36] * 13 + [19]), np.zeros(31, int)
    bad[[0, 5, 30]] = (89, 89, 19)
    bad[20] = 202 - bad.sum() if bad.sum() < 202 else 0
    population = int(sizes.sum())
    share = Fraction(int(sizes.sum() - bad.sum()), population)
    bar = share + Fraction(1, 100_000)
    simple = chance.hypergeometric(population - bad.sum(), bad.sum(), 1000, runs)
    least = needed(Count(0, 1000, "simple", population, False, None), bar, ">=", alpha)
    assert least is not None and (simple >= least).mean() <= alpha + 3 * np.sqrt(alpha / runs)
    drawn = np.rint(sizes * 1000 / population).astype(int)
    hits = sum(chance.hypergeometric(s - b, b, d, runs) for s, b, d in zip(sizes, bad, drawn, strict=True))
    mix = Fraction(0) + sum(
        Fraction(int(d) * int(s - b), int(s)) for s, b, d in zip(sizes, bad, drawn, strict=True)
    )
    bar = mix / int(drawn.sum()) + Fraction(1, 100_000)
    least = needed(Count(0, int(drawn.sum()), "stratified", population, False, None), bar, ">=", alpha)
    assert least is not None and (hits >= least).mean() <= alpha + 3 * np.sqrt(alpha / runs)


@pytest.mark.parametrize(
    ("truth", "se", "sp"), [(0.08, 0.85, 0.95), (0.02, 0.7, 0.99), (0.3, 0.6, 0.7), (0.0, 0.9, 0.9)]
)
@pytest.mark.parametrize("split", [(100, 100), None])
@pytest.mark.parametrize("scheme", ["simple", "stratified"])
def test_the_corrected_rate_covers_the_truth_with_200_labels(
    truth: float, se: float, sp: float, split: tuple[int, int] | None, scheme: str
) -> None:
    """Two-sided at 95 % (2.5 % a side). split None: 200 answers labelled as they come, so few bad ones."""
    chance, runs = stream("coverage", str((truth, se, sp, split, scheme))), 400
    misses = 0
    for _ in range(runs):
        positives = int(chance.binomial(200, truth)) if split is None else split[0]
        negatives = 200 - positives
        labels = Labels(
            int(chance.binomial(positives, se)), positives, int(chance.binomial(negatives, sp)), negatives
        )
        truly_bad = round(2000 * truth)
        drawn = int(chance.hypergeometric(truly_bad, 2000 - truly_bad, 1000)) if truly_bad else 0
        flagged = int(chance.binomial(drawn, se) + chance.binomial(1000 - drawn, 1 - sp))
        low, high = limits(Count(1000 - flagged, 1000, scheme, 2000, False, labels), 0.025)
        misses += not low <= 1 - truth <= high
    # 5 % of 400 are 20; a coverage of 95 % shows more than 33 misses once in 500.
    assert misses <= 20, misses


@pytest.mark.parametrize("scheme", ["simple", "stratified"])
@pytest.mark.parametrize(
    ("truth", "se", "sp"), [(0.0, 0.9, 0.9), (0.02, 0.7, 0.99), (0.1, 0.85, 0.95), (0.3, 0.5, 0.5)]
)
def test_labels_that_are_drawn_cover_the_truth_by_themselves(
    truth: float, se: float, sp: float, scheme: str
) -> None:
    """Each side has error 2.5 %, half of it for people's marks alone; labels are hypergeometric like the sample."""
    chance, runs, misses, decided = stream("drawn", str((truth, se, sp, scheme))), 400, 0, 0
    truly_bad = round(2000 * truth)
    for _ in range(runs):
        bad = int(chance.hypergeometric(truly_bad, 2000 - truly_bad, 1000)) if truly_bad else 0
        positives = (
            int(chance.hypergeometric(truly_bad - bad, 1000 - truly_bad + bad, 200)) if truly_bad else 0
        )
        flagged = int(chance.binomial(bad, se) + chance.binomial(1000 - bad, 1 - sp))
        labels = Labels(
            int(chance.binomial(positives, se)), positives,
            int(chance.binomial(200 - positives, sp)), 200 - positives,
        )  # fmt: skip
        drawn = Count(1000 - flagged, 1000, scheme, 2000, False, labels, drawn=True)
        low, high = limits(drawn, 0.025)
        misses += not low <= 1 - truth <= high
        decided += low >= 0.9
    assert misses <= 20, misses
    # A service that hardly errs is passed although hardly a bad answer was there to measure the judge on.
    assert decided >= 0.95 * runs if truth <= 0.02 else decided <= 0.05 * runs


def test_labels_picked_half_and_half_bound_nothing_by_themselves() -> None:
    """Their mix is the labeller's, not the bank's."""
    picked = count(990, labels=Labels(99, 100, 99, 100))
    assert limits(picked, 0.05)[1] > 0.99
    low, high = limits(replace(picked, drawn=True), 0.05)
    assert (
        low < 0.6
        and high < 0.98
        and both(replace(picked, drawn=True), NINE, ">=", 0.05).confident == "inconclusive"
    )


def test_a_judge_without_labels_decides_nothing_and_a_poor_one_never_passes() -> None:
    for hits in (0, 500, 900, 1000):
        assert limits(count(hits, labels=Labels(0, 0, 0, 0)), 0.05) == (0.0, 1.0)
        assert both(count(hits, labels=Labels(0, 0, 0, 0)), NINE, ">=", 0.05).confident == "inconclusive"
        for labels in (Labels(0, 0, 100, 100), Labels(50, 100, 50, 100), Labels(40, 100, 60, 100)):
            assert both(count(hits, labels=labels), NINE, ">=", 0.05).confident != "pass"
    good = both(count(960, labels=Labels(98, 100, 98, 100)), NINE, ">=", 0.05)
    assert good.confident == "pass" and float(good.corrected or 0) > 0.96


@pytest.mark.parametrize("scheme", ["simple", "stratified"])
def test_the_limits_share_alpha_among_three_samples(scheme: str) -> None:
    """By the formula, from quantiles of scipy: 60 of 1,000 marked bad; Se 90 of 100, Sp 97 of 100; 5 % a side."""
    from scipy.stats import beta, hypergeom

    each = 1 - 0.95 ** (1 / 3)

    def ends(k: int, n: int) -> tuple[float, float]:
        return float(beta.ppf(each, k, n - k + 1)), float(beta.ppf(1 - each, k + 1, n - k))

    low, high = ends(60, 1000)
    if scheme == "simple":
        fits = [m for m in range(60, 1061) if hypergeom.sf(59, 2000, m, 1000) > each]
        most = [m for m in range(60, 1061) if hypergeom.cdf(60, 2000, m, 1000) > each]
        low, high = fits[0] / 2000, most[-1] / 2000
    (se_low, se_high), (sp_low, sp_high) = ends(90, 100), ends(97, 100)
    bad = max(0.0, (low + sp_low - 1) / (se_high + sp_low - 1)), (high + sp_high - 1) / (se_low + sp_high - 1)
    found = limits(Count(940, 1000, scheme, 2000, False, Labels(90, 100, 97, 100)), 0.05)
    assert found == pytest.approx((1 - bad[1], 1 - bad[0]), abs=1e-9)


def test_nothing_asked_is_no_verdict() -> None:
    with pytest.raises(Invalid) as error:
        both(count(0, n=0), NINE, ">=", 0.05)
    assert error.value.rule == "verdict.empty"
    assert needed(Count(0, 20, "stratified", 500, False, None), NINE, ">=", 0.05) is None
