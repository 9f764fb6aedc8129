"""The attacks on targets that remember and on targets that do not, with controls that must find nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.membership.references import (
    References,
    closest_family,
    family,
    train_references,
)
from hutong.engines.trust.membership.rmia import offline_marginal, online_marginal, ratios, scores
from hutong.engines.trust.membership.roc import auc_limits, low_fpr, placements, tpr_limits
from hutong.engines.trust.membership.signals import loss, true_label, votes
from hutong.engines.trust.statistics.forms import Interval
from hutong.kernel.errors import Invalid


def auc(score: Any, members: Any, alpha: float = 0.05) -> Interval:
    given, inside = np.asarray(score, dtype=np.float64), np.asarray(members, dtype=np.bool_)
    return auc_limits(placements(given[inside], given[~inside]), alpha)


def test_rmia_is_its_formula_row_by_row() -> None:
    chance = np.random.default_rng(0)
    included = np.array([[True, False, True, False], [False, True, False, True]] * 2)
    refs = References(included, chance.random((4, 4)), chance.random((4, 5)))
    target, apart = chance.random(4), chance.random(5)
    a, gamma = 0.3, 1.5
    for x in range(4):
        out = np.mean([refs.pool[m, x] for m in range(4) if not included[m, x]])
        inside = np.mean([refs.pool[m, x] for m in range(4) if included[m, x]])
        for marginal, px in (
            (offline_marginal(refs, a), 0.5 * ((1 + a) * out + (1 - a))),
            (online_marginal(refs), 0.5 * (out + inside)),
        ):
            wins = sum((target[x] / px) / (apart[z] / refs.apart[:, z].mean()) >= gamma for z in range(5))
            assert scores(target, marginal, apart, refs, gamma)[x] == wins


def test_rmia_beats_the_loss_threshold_where_there_is_memory(forest: Any, noisy: Any) -> None:
    for target in (forest, noisy):
        plain = auc(target.said, target.members)
        for marginal in (online_marginal, offline_marginal):
            score = ratios(target.said, marginal(target.references))
            found = auc(score, target.members)
            assert found.value > plain.value + 0.05 and found.lower > 0.65


def test_ranking_by_the_ratio_is_rmia_with_all_the_strangers_there_are(noisy: Any) -> None:
    marginal = online_marginal(noisy.references)
    score = scores(noisy.said, marginal, noisy.said_apart, noisy.references, 1.0)
    ratio = ratios(noisy.said, marginal)
    order = np.argsort(ratio, kind="stable")
    assert (np.diff(score[order]) >= 0).all()
    members = noisy.members
    assert auc(score, members).value == pytest.approx(auc(ratio, members).value, abs=0.01)


def test_a_model_that_remembers_little_gives_little_away(linear: Any) -> None:
    score = ratios(linear.said, online_marginal(linear.references))
    found = auc(score, linear.members)
    assert found.covers(0.5) and found.upper < 0.6
    members = linear.members
    low = tpr_limits(low_fpr(score[members], score[~members], 0.01, 0.05), 0.01, 0.05)
    assert low.upper < 0.1


def test_permuted_membership_stays_inside_its_interval(forest: Any) -> None:
    """Members dealt out before anything is scored: the whole attack runs on a membership that means
    nothing.
    """
    outside = 0
    score = ratios(forest.said, online_marginal(forest.references))
    for seed in range(200):
        dealt = np.random.default_rng(seed).permutation(forest.members)
        outside += not auc(score, dealt, 0.05).covers(0.5)
    assert outside <= 10


def test_a_reference_model_in_the_targets_place_finds_nothing(forest: Any) -> None:
    refs = forest.references
    rest = References(refs.included[2:], refs.pool[2:], refs.apart[2:])
    blind = ratios(refs.pool[0], online_marginal(rest))
    assert auc(blind, forest.members, 0.001).covers(0.5)
    # Its own members it does know.
    assert auc(blind, refs.included[0]).lower > 0.7


def test_low_rates_are_found_with_limits_that_hold_the_value(forest: Any) -> None:
    score = ratios(forest.said, online_marginal(forest.references))
    members = forest.members
    found = tpr_limits(low_fpr(score[members], score[~members], 0.01, 0.05), 0.01, 0.05)
    assert 0.1 < found.lower <= found.value <= found.upper
    assert found.exact


def test_label_only_votes_find_what_is_learnt_by_heart(noisy: Any, linear: Any) -> None:
    for target, remembers in ((noisy, True), (linear, False)):
        rows, labels = target.pool
        kept = votes(
            lambda asked, t=target: t.predict(asked).argmax(axis=1),
            rows,
            labels,
            np.ones(64),
            np.random.default_rng(0),
        )
        assert kept.min() >= 0 and kept.max() <= 32
        found = auc(kept, target.members)
        assert (found.lower > 0.5) is remembers


def test_noise_touches_only_columns_with_a_span_and_stays_in_shape() -> None:
    seen = []

    def ask(
        rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        seen.append(rows)
        return np.zeros(len(rows), np.int64)

    rows = np.full((6, 3), 0.5, np.float32)
    kept = votes(
        ask,
        rows,
        [0] * 5 + [1],
        [1.0, 0.0, 1.0],
        np.random.default_rng(0),
        (0.5,),
        3,
        lambda r: np.clip(r, 0, 1),
    )
    assert kept.tolist() == [3] * 5 + [0]
    every = np.concatenate(seen)
    assert (
        (every[:, 1] == 0.5).all()
        and every.min() >= 0
        and every.max() <= 1
        and len(np.unique(every[:, 0])) > 5
    )


def test_each_row_is_in_half_of_the_references_and_the_seed_decides_which(linear: Any) -> None:
    included = linear.references.included
    assert (included.sum(axis=0) == 8).all() and (included.sum(axis=1) == 700).all()
    rows, labels = (v[:40] for v in linear.pool)
    none = rows[:0], labels[:0]
    one, two, other = (
        train_references(family("linear", 10), rows, labels, none, 2, seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.included, two.included) and np.array_equal(one.pool, two.pool)
    assert not np.array_equal(one.included, other.included)


def test_the_closest_family_is_the_targets_own(forest: Any, linear: Any) -> None:
    for target, want in ((forest, "forest"), (linear, ("linear", "forest", "network"))):
        rows, labels = target.pool
        name = closest_family(target.predict(rows), rows, labels, target.members, None, 0)
        assert name == want or name in want


def test_a_class_that_the_rows_lack_has_probability_nought() -> None:
    rows = np.random.default_rng(0).random((30, 3)).astype(np.float32)
    predict = family("linear", 4)(rows, np.arange(30, dtype=np.int64) % 2 * 2, 0)
    found = predict(rows)
    assert found.shape == (30, 4) and (found[:, [1, 3]] == 0).all()


@pytest.mark.parametrize("name", ["linear", "forest", "network"])
def test_rows_of_one_class_give_a_model_that_always_says_it(name: str) -> None:
    rows = np.zeros((6, 2), np.float32)
    assert family(name, 3)(rows, np.full(6, 2, np.int64), 0)(rows).tolist() == [[0, 0, 1]] * 6


@pytest.mark.parametrize("models", [0, 3])
def test_references_that_do_not_come_in_pairs_are_refused(models: int) -> None:
    rows, labels = np.zeros((10, 2), np.float32), np.arange(10, dtype=np.int64) % 2
    with pytest.raises(Invalid):
        train_references(family("linear", 2), rows, labels, (rows[:0], labels[:0]), models, 0)


def test_labels_out_of_range_have_probability_nought_and_a_finite_loss() -> None:
    p = [[0.2, 0.8], [1.0, 0.0]]
    assert true_label(p, [1, -1]).tolist() == [0.8, 0.0]
    assert loss(p, [1, 1])[1] == pytest.approx(69.08, abs=0.01)
    with pytest.raises(Invalid):
        true_label(p, [0])
    with pytest.raises(Invalid):
        family("unheard of", 2)
