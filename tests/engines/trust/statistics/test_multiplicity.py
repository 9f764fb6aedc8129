"""Many claims: procedures against their definitions, and a ledger that cannot be overdrawn."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from hutong.engines.trust.statistics.ledger import AlphaLedger, Slot, attempt_share
from hutong.engines.trust.statistics.multiplicity import (
    benjamini_hochberg,
    e_bh,
    holm,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Conflict, Exhausted, Invalid

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
TWENTIETH = Fraction(1, 20)


def holm_steps(p: list[float], alpha: float) -> set[int]:
    """Holm by its own words: go up while p is within alpha over the number that is left."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    shown: set[int] = set()
    for step, i in enumerate(order):
        if p[i] * (len(p) - step) > alpha:
            break
        shown.add(i)
    return shown


@given(
    st.lists(st.integers(0, 30).map(lambda i: i / 400), min_size=1, max_size=8),
    st.sampled_from([0.03, 0.05, 0.5]),
)
def test_holm_shows_what_its_steps_show(p: list[float], alpha: float) -> None:
    assert set(np.flatnonzero(holm(p) <= alpha).tolist()) == holm_steps(p, alpha)
    assert np.all(holm(p) <= np.minimum(1.0, len(p) * np.array(p)) + 1e-15)


@given(P_VALUES)
def test_false_discovery_values_are_those_of_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p, method="bh"), abs=1e-12)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=12), st.sampled_from([0.05, 0.3]))
def test_e_bh_is_the_largest_self_consistent_set(e: list[float], alpha: float) -> None:
    m = len(e)
    sizes = [k for k in range(1, m + 1) if sorted(e, reverse=True)[k - 1] * alpha * k >= m]
    shown = e_bh(e, alpha)
    assert shown.sum() == (max(sizes) if sizes else 0)
    assert not shown.any() or min(np.array(e)[shown]) >= max(np.array(e)[~shown], default=0)


def test_e_bh_keeps_its_rate_under_one_shared_shock() -> None:
    # 50 claims, 40 null, all driven by one normal: as dependent as can be.
    shock = stream("e-bh").standard_normal(20_000)
    e = np.exp(2.5 * shock - 2.5**2 / 2)
    false, rate = [], 0.05
    for value in e:
        shown = e_bh(np.concatenate([np.full(40, value), np.full(10, 400.0)]), rate)
        false.append(shown[:40].sum() / max(shown.sum(), 1))
    assert 0 < np.mean(false) <= rate


def test_what_is_no_evidence_is_refused() -> None:
    for wrong in ([1.5], [float("nan")], [-0.1]):
        with pytest.raises(Invalid):
            holm(wrong)
    with pytest.raises(Invalid):
        e_bh([-1.0], 0.05)


def test_a_global_test_of_many_systems_keeps_its_error() -> None:
    # 200 deployed systems that share half of their noise, none of them drifted.
    chance = stream("surveillance")
    shared, own = chance.standard_normal((10_000, 1)), chance.standard_normal((10_000, 200))
    z = (shared + own) / np.sqrt(2)
    e = np.exp(z * 2 - 2).mean(axis=1)
    assert (e >= 20).mean() <= 0.05


FAMILIES = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.tuples(st.sampled_from("QRXF"), st.integers(1, 5)),
    min_size=1,
)


@given(FAMILIES, st.data())
def test_shares_add_up_to_alpha_exactly(claims: dict[str, tuple[str, int]], data: st.DataObject) -> None:
    families = {f for f, _ in claims.values()}
    weights = {f: data.draw(st.integers(1, 9)) for f in families}
    ledger = AlphaLedger(TWENTIETH).open("1", claims, weights, share=attempt_share(TWENTIETH, 1))
    assert ledger.spent == attempt_share(TWENTIETH, 1)
    ledger = ledger.open("2", claims, weights)
    assert ledger.spent == TWENTIETH and ledger.left == 0
    for claim, (family, _) in claims.items():
        assert ledger.of("2", claim) == Fraction(weights[family], sum(weights.values())) * (
            TWENTIETH - attempt_share(TWENTIETH, 1)
        )
    with pytest.raises(Exhausted):
        ledger.open("3", claims)


def test_attempts_never_spend_more_than_alpha() -> None:
    assert sum(attempt_share(TWENTIETH, k) for k in range(1, 2000)) == TWENTIETH * Fraction(1999, 2000)
    with pytest.raises(Invalid):
        attempt_share(TWENTIETH, 0)


def test_the_ledger_refuses_what_would_break_it() -> None:
    ledger = AlphaLedger(TWENTIETH).open("1", {"a": ("Q", 1)}, share=Fraction(1, 40))
    for error, what in [
        (Conflict, lambda: ledger.open("1", {"a": ("Q", 1)})),
        (Exhausted, lambda: ledger.open("2", {"a": ("Q", 1)}, share=Fraction(1, 30))),
        (Exhausted, lambda: AlphaLedger(TWENTIETH, (Slot("1", "a", "Q", 1, Fraction(1, 10)),))),
        (Invalid, lambda: ledger.open("2", {})),
        (Invalid, lambda: ledger.open("2", {"a": ("Q", 1)}, {"Q": 0})),
        (Invalid, lambda: ledger.of("1", "b")),
        (Invalid, lambda: AlphaLedger(Fraction(2))),
    ]:
        with pytest.raises(error):
            what()


def test_levels_stop_at_the_first_that_fails_and_nothing_missing_passes() -> None:
    claims = {"q1": ("Q", 1), "q2a": ("Q", 2), "q2b": ("Q", 2), "q3": ("Q", 3), "r2": ("R", 2)}
    ledger = AlphaLedger(TWENTIETH).open("1", claims)
    good = {"q1": 0.001, "q2a": 0.02, "q2b": 0.02, "q3": 0.0, "r2": 0.5}
    assert ledger.levels("1", good) == {"Q": 3, "R": 0}
    assert ledger.levels("1", {**good, "q2b": 0.03}) == {"Q": 1, "R": 0}
    assert ledger.levels("1", {**good, "q1": float("nan")}) == {"Q": 0, "R": 0}
    del good["q2a"]
    assert ledger.levels("1", good)["Q"] == 1
    # Within a family nothing is split: two claims at 0.025 each, not 0.0125.
    assert ledger.of("1", "q2a") == ledger.of("1", "q2b") == Fraction(1, 40)


@pytest.mark.parametrize("kind", ["one shock", "opposed", "independent"])
def test_false_passes_of_a_certificate_are_at_most_alpha(kind: str) -> None:
    # Two families; in each, level 1 true and sure to pass, level 2 false in one claim, level 3 false in both.
    claims = {f"{f}{lv}{x}": (f, lv) for f in "QR" for lv in (1, 2, 3) for x in "ab"}
    ledger = AlphaLedger(TWENTIETH).open("1", claims)
    chance, runs, false = stream("certificate", kind), 10_000, 0
    for _ in range(runs):
        z = chance.standard_normal()
        shocks = {"one shock": (z, z), "opposed": (z, -z), "independent": (z, chance.standard_normal())}[kind]
        p = {}
        for f, shock in zip("QR", shocks, strict=True):
            null = float(norm.sf(shock)) if kind != "one shock" else float(norm.cdf(shock))
            p |= {f"{f}1a": 0.0, f"{f}1b": 0.0, f"{f}2a": 0.0, f"{f}2b": null, f"{f}3a": null, f"{f}3b": null}
        false += any(level >= 2 for level in ledger.levels("1", p).values())
    ceiling = 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert 0 < false / runs <= ceiling
    if kind == "opposed":
        # Disjoint false passes: the bound is reached, so it could not be looser by chance.
        assert false / runs > 0.04
