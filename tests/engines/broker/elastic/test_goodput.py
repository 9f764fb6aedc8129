"""Speed and efficiency models: the formulas, the fit and the choice of a batch size."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.elastic import StepTime, best_goodput, efficiency, fit_step_time
from hutong.engines.broker.elastic.goodput import BatchLimits, Observations, _loss

TRUE = StepTime(0.02, 0.003, 0.05, 0.002, 0.01, 0.001, 1.5)
LIMITS = BatchLimits(smallest=32, largest=512, chip_smallest=4, chip_largest=64)


def seen() -> Observations:
    rows = [
        (n, r, b)
        for n, r in ((1, 1), (1, 2), (1, 4), (2, 4), (2, 8), (4, 16))
        for b in (8.0, 16.0, 32.0, 64.0)
    ]
    nodes, chips, batch = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return Observations(
        nodes, chips, batch, TRUE.compute(batch), TRUE.seconds(nodes, chips, batch, np.zeros(len(batch)))
    )


def test_efficiency_is_one_at_the_smallest_batch_and_falls_as_noise_is_used_up() -> None:
    assert efficiency(np.array([32.0]), 32, 0.5, 2.0)[0] == pytest.approx(1.0)
    # by hand: scale 4; gain = (2 + 0.5) / (2 / 4 + 0.5) = 2.5; efficiency 2.5 / 4
    assert efficiency(np.array([128.0]), 32, 0.5, 2.0)[0] == pytest.approx(0.625)
    assert efficiency(np.array([128.0]), 32, 0.0, 2.0)[0] == pytest.approx(1.0)  # pure noise: more is as good


def test_a_step_by_hand() -> None:
    model = StepTime(0.1, 0.01, 0.5, 0.1, 0.2, 0.05, 1.0)
    one = model.seconds(np.array([1.0]), np.array([4.0]), np.array([10.0]), np.array([2.0]))
    assert one[0] == pytest.approx(2 * 0.2 + 0.2 + (0.2 + 0.05 * 2))
    far = model.seconds(np.array([2.0]), np.array([4.0]), np.array([10.0]), np.array([0.0]))
    assert far[0] == pytest.approx(0.2 + 0.5 + 0.1 * 2)


def test_the_fit_foretells_what_it_saw() -> None:
    data = seen()
    model = fit_step_time(data)
    told = model.seconds(data.nodes, data.chips, data.chip_batch, np.zeros(len(data.nodes)))
    assert np.abs(np.log(told / data.step_s)).mean() < 0.06


def test_the_gradient_of_the_loss_is_its_gradient() -> None:
    values = np.array([0.03, 0.004, 0.06, 0.003, 0.02, 0.002, 1.7])
    _, gradient = _loss(values, seen())
    for index in range(7):
        step = np.zeros(7)
        step[index] = 1e-6 * values[index]
        numeric = (_loss(values + step, seen())[0] - _loss(values - step, seen())[0]) / (2 * step[index])
        assert gradient[index] == pytest.approx(numeric, rel=1e-4, abs=1e-7)


def test_no_batch_beats_the_chosen_one() -> None:
    gradient = (0.2, 3.0)
    value, chip_batch, accumulated = best_goodput(
        TRUE, np.array([1.0, 2.0]), np.array([4.0, 8.0]), LIMITS, gradient
    )
    for column, (nodes, chips) in enumerate(((1.0, 4.0), (2.0, 8.0))):
        whole = chips * chip_batch[column] * (accumulated[column] + 1)
        assert LIMITS.smallest <= whole <= LIMITS.largest + chips
        for share in range(4, 65):
            batch = chips * share
            if LIMITS.smallest <= batch <= LIMITS.largest:
                rate = batch / TRUE.seconds(
                    np.array([nodes]), np.array([chips]), np.array([float(share)]), np.zeros(1)
                )
                other = rate * efficiency(np.array([float(batch)]), 32, *gradient)
                assert other[0] <= value[column] * 1.02  # 50 sizes are tried, not all


def test_many_chips_take_their_smallest_batch_each_even_above_the_largest_of_the_job() -> None:
    narrow = BatchLimits(smallest=32, largest=64, chip_smallest=16, chip_largest=64)
    _, chip_batch, _ = best_goodput(TRUE, np.array([4.0]), np.array([16.0]), narrow, (0.2, 3.0))
    assert chip_batch[0] == 16


def test_a_chip_that_cannot_hold_its_least_batch_is_worth_nothing() -> None:
    narrow = BatchLimits(smallest=32, largest=512, chip_smallest=16, chip_largest=8)
    value, _, _ = best_goodput(TRUE, np.array([1.0]), np.array([2.0]), narrow, (0.2, 3.0))
    assert value[0] == 0.0
