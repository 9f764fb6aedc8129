"""Exposure against its definition, and label canaries of models that remember."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from hutong.engines.trust.membership.canaries import exact_exposure, exposure, label_canaries
from hutong.engines.trust.membership.references import family
from hutong.kernel.errors import Invalid


def test_full_enumeration_gives_all_bits_to_the_best_and_none_to_the_worst() -> None:
    losses = np.arange(1024.0)
    best, worst = exact_exposure(losses, 0), exact_exposure(losses, 1023)
    assert best.value[0] == 10.0 and int(best.rank[0]) == 1
    assert worst.value[0] == 0.0 and worst.p[0] == 1.0


def test_sampled_exposure_has_limits_that_hold_the_truth() -> None:
    chance, missed = np.random.default_rng(0), 0
    for _ in range(400):
        truth = chance.random()
        found = exposure([truth], chance.random(500), 0.05)
        missed += not found.lower[0] <= -math.log2(truth) <= found.upper[0]
    assert missed <= 0.05 * 400 + 9


def test_nothing_liked_as_much_leaves_the_exposure_open_above() -> None:
    found = exposure([0.0], np.ones(999), 0.05)
    assert math.isinf(found.upper[0]) and found.value[0] == pytest.approx(math.log2(1000))
    assert found.p[0] == 1 / 1000
    assert found.lower[0] == pytest.approx(-math.log2(1 - 0.025 ** (1 / 999)), rel=1e-6)


def test_a_tie_counts_against_exposure() -> None:
    assert exposure([1.0], [1.0, 1.0, 2.0]).rank.tolist() == [3]


def test_a_canary_that_was_not_put_in_has_a_uniform_rank() -> None:
    chance = np.random.default_rng(1)
    p = [exposure(chance.normal(size=1), chance.normal(size=19)).p[0] for _ in range(2000)]
    counts = np.bincount(np.rint(np.array(p) * 20).astype(int), minlength=21)[1:]
    assert abs(counts - 100).max() < 50


def rows_with_drawn_labels(
    seed: int,
) -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.float32]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]
]:
    chance = np.random.default_rng(seed)
    return chance.random((200, 8)).astype(np.float32), chance.integers(0, 4, 200)


def test_a_model_that_learns_by_heart_gives_label_canaries_away_and_one_that_never_saw_them_does_not() -> (
    None
):
    rows, labels = rows_with_drawn_labels(0)
    predict = family("forest", 4)(rows, labels, 0)
    known = label_canaries(predict(rows), labels)
    assert known.first > 190 and known.p < 1e-60
    assert known.epsilon_at_least > math.log(0.9 * 3 / 0.1)
    fresh_rows, fresh = rows_with_drawn_labels(1)
    none = label_canaries(predict(fresh_rows), fresh)
    assert none.p > 0.001 and none.epsilon_at_least < 0.3


def test_the_limit_of_epsilon_is_below_the_truth_of_label_randomised_response() -> None:
    """Labels released by 4-ary randomised response at epsilon 1: the best guess is the released label
    itself.
    """
    chance, k, epsilon, above = np.random.default_rng(2), 4, 1.0, 0
    truth = math.exp(epsilon) / (math.exp(epsilon) + k - 1)
    found = []
    for _ in range(400):
        labels = chance.integers(0, k, 300)
        released = np.where(chance.random(300) < truth, labels, (labels + chance.integers(1, k, 300)) % k)
        found.append(label_canaries(np.eye(k)[released], labels, 0.05).epsilon_at_least)
        above += found[-1] > epsilon
    assert above <= binom.ppf(0.999, 400, 0.05) and np.median(found) > 0.7


def test_answers_that_are_all_alike_show_nothing() -> None:
    found = label_canaries(np.full((50, 4), 0.25), np.arange(50) % 4)
    assert found.first == 0 and found.p == 1.0 and found.epsilon_at_least == 0.0


@pytest.mark.parametrize("labels", [[0, 1, 4], [0, -1, 2], [0]])
def test_labels_that_the_model_has_not_are_refused(labels: list[int]) -> None:
    with pytest.raises(Invalid):
        label_canaries(np.full((3, 4), 0.25), labels)
