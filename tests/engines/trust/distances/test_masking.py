"""Signs of masked scores and leaks: seen where planted, silent on honest models and separate data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.distances import evade, falling_signs, flat_signs, leaks, masked_signs
from hutong.engines.trust.types import Domain

IMAGE = Domain.image(8, 8)
KINDS = {"score": ("square",), "label": ("start", "hop"), "transfer": ("transfer",)}


def test_masked_scores_are_noticed_and_honest_ones_are_not(digits: Any, digits_model: Any) -> None:
    rows, pool = digits[0][1200:1212], digits[0][:150]
    honest = digits_model.predict_proba

    def masked(asked: Any) -> Any:
        """The same decisions behind scores that say nothing of the way: labels only."""
        return np.eye(10)[digits_model.predict(asked)]

    def signs(predict: Any) -> set[str]:
        found = {
            k: evade(predict, rows, "linf", IMAGE, budget=700, pool=pool, seed="s", attacks=v)
            for k, v in KINDS.items()
        }
        # A stand-in learnt from another model of the same task is what transfer means here.
        found["transfer"] = evade(
            honest, rows, "linf", IMAGE, budget=700, pool=pool, seed="s", attacks=("transfer",)
        )
        return {s.rule for s in masked_signs(found, 0.08)}

    assert "masking.label_beats_score" not in signs(honest)
    assert "masking.transfer_beats_score" in signs(masked)
    scale = np.full(64, 0.01)
    assert flat_signs(honest, rows, scale) == ()
    assert {s.rule for s in flat_signs(masked, rows, scale)} >= {"masking.flat", "masking.saturated"}
    constant = flat_signs(lambda asked: np.tile([0.3, 0.7], (len(asked), 1)), rows, scale)
    assert [s.rule for s in constant] == ["masking.constant"]


def test_more_room_must_not_help_less() -> None:
    assert falling_signs({0.1: 0.2, 0.2: 0.4, 0.3: 0.4}) == ()
    (sign,) = falling_signs({0.3: 0.1, 0.1: 0.2, 0.2: 0.4})
    assert sign.rule == "masking.falling" and sign.value == pytest.approx(0.3)


def test_leaked_rows_are_found_and_only_those() -> None:
    chance = np.random.default_rng(2)
    train = chance.normal(size=(500, 6)).astype(np.float32)
    test = chance.normal(size=(100, 6)).astype(np.float32)
    train[:, 5] = 4.0
    test[:, 5] = 4.0
    clean = leaks(test, train)
    assert clean.share == 0.0 and not len(clean.exact) and not len(clean.near)
    train[7, 2], test[3] = 0.0, train[7]
    test[3, 2] = -0.0
    reach = np.ptp(train, axis=0)
    test[10] = train[20] + reach * 5e-4 * np.array([1, -1, 1, -1, 1, 0])
    test[11] = train[21] + reach * 5e-3
    test[12] = train[22]
    test[12, 5] = np.nextafter(np.float32(4), np.float32(5))
    found = leaks(test, train, np.zeros(100, np.int64), np.ones(500, np.int64))
    assert found.exact.tolist() == [[3, 7]] and found.near.tolist() == [[10, 20]]
    assert found.share == 0.02 and found.conflicts == 1


def test_no_rows_leak_nothing() -> None:
    empty = np.zeros((0, 3), np.float32)
    assert leaks(empty, empty).share == 0.0 and leaks(np.zeros((2, 3), np.float32), empty).share == 0.0
