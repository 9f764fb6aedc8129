"""Bounds hold for whatever is sampled, in float64 and on the runtime, at any multipliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.trust.networks import read_network
from hutong.engines.trust.networks.bounds import Bounder, Boxes
from hutong.engines.trust.networks.dual import Dual, Multipliers

seeds = st.integers(0, 10**6)


def _case(make: Any, seed: int) -> tuple[Any, Boxes, Any]:
    """A random network, some boxes of very different widths, and points in them: (boxes, points, inputs)."""
    chance = np.random.default_rng(seed)
    sizes = [int(chance.integers(1, 7)), *(int(n) for n in chance.integers(1, 9, 3)), 3]
    network = make.random(seed, sizes, scale=float(chance.uniform(0.5, 4)))
    middle = chance.uniform(-2, 2, (6, sizes[0])).astype(np.float32).astype(np.float64)
    radius = 10.0 ** chance.uniform(-6, 0.5, (6, 1)) * chance.integers(0, 2, (6, sizes[0]))
    boxes = Boxes((middle - radius).astype(np.float32) + 0.0, (middle + radius).astype(np.float32) + 0.0)
    boxes = Boxes(boxes.low.astype(np.float64), boxes.high.astype(np.float64))
    share = chance.random((6, 40, sizes[0]))
    share[:, :10] = np.round(share[:, :10])
    points = boxes.low[:, None] + share * (boxes.high - boxes.low)[:, None]
    return network, boxes, np.clip(points.astype(np.float32), boxes.low[:, None], boxes.high[:, None])


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_no_sampled_value_escapes_its_bounds(make: Any, seed: int) -> None:
    network, boxes, points = _case(make, seed)
    rows = np.vstack([np.eye(3), -np.eye(3), [[1, -1, 0]]])
    limits = np.linspace(-1, 1, len(rows))
    for runtime in (True, False):
        bounder = Bounder(network, runtime)
        bounds = bounder.over(boxes)
        owner = np.repeat(np.arange(6), len(rows))
        linear = bounder.outputs(bounds, np.tile(rows, (6, 1)), np.tile(limits, 6), owner)
        least = linear.least.reshape(6, -1)
        for i in range(6):
            trace = network.trace(points[i].astype(np.float64))
            for h, z in zip(bounds.hidden, trace[:-1], strict=True):
                assert (h.low[i] <= z + 1e-13).all() and (z <= h.high[i] + 1e-13).all()
            assert (least[i] <= (trace[-1] @ rows.T - limits).min(axis=0) + 1e-12).all()
            if runtime:
                answers = network.replay(points[i].astype(np.float32)).astype(np.float64)
                assert (least[i] <= (answers @ rows.T - limits).min(axis=0)).all()
        assert not bounds.void.any()


def test_the_margin_covers_a_runtime_that_loses_every_digit(make: Any) -> None:
    """c x + c y - (c x + c y) + tiny: float32 may answer below 0, and a proof about it has to know."""
    big = 1e7 / 3
    network = read_network(
        make.dense([[[big, 0], [0, big], [big, big]], [[1.0, 1.0, -1.0]]], [np.zeros(3), np.array([1e-3])])
    )
    low, high = np.array([[0.5, 0.0]]), np.array([[2.0, 1.0]])
    x = np.random.default_rng(0).uniform(low, high, (2000, 2)).astype(np.float32)
    assert network.forward(x.astype(np.float64)).min() > 0.0 >= network.replay(x).min()
    least = {
        runtime: b.outputs(b.over(Boxes(low, high)), np.eye(1), np.zeros(1), np.zeros(1, np.intp)).least[0]
        for runtime in (True, False)
        for b in [Bounder(network, runtime)]
    }
    assert least[False] == pytest.approx(1e-3, abs=1e-6) and least[True] <= network.replay(x).min()


def test_what_overflows_bounds_nothing(make: Any) -> None:
    huge = np.full((2, 2), 3e38)
    network = make.dense([huge] * 9, [np.full(2, 3e38)] * 9)
    bounder = Bounder(_unchecked(network))
    with np.errstate(all="ignore"):
        bounds = bounder.over(Boxes(np.full((1, 2), -1.0), np.full((1, 2), 1.0)))
        least = bounder.outputs(bounds, np.eye(2), np.zeros(2), np.zeros(2, np.intp)).least
    assert (least == -np.inf).all() and not bounds.void.any()


def _unchecked(model: bytes) -> Any:
    """The layers of a file that the parity check would refuse."""
    from unittest.mock import patch

    with patch("hutong.engines.trust.networks.affine._check_parity"):
        return read_network(model)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_any_multipliers_give_a_sound_bound(make: Any, seed: int) -> None:
    network, boxes, points = _case(make, seed)
    chance = np.random.default_rng(seed)
    bounder = Bounder(network)
    root = bounder.over(boxes)
    signs = [chance.integers(-1, 2, h.low.shape).astype(np.int8) for h in root.hidden]
    known = [
        (np.where(s > 0, np.maximum(h.low, 0), h.low), np.where(s < 0, np.minimum(h.high, 0), h.high))
        for h, s in zip(root.hidden, signs, strict=True)
    ]
    bounds = bounder.over(boxes, known)
    row = np.tile([[1.0, -0.5, 0.25]], (6, 1))
    dual = Dual(bounder, bounds, signs, row, np.zeros(6))
    given_ = Multipliers(
        [chance.uniform(-1, 2, s.shape) for s in signs], [chance.exponential(1, s.shape) for s in signs]
    )
    for steps in (0, 5):
        least = dual.improve(given_, steps).least
        for i in range(6):
            trace = network.trace(points[i].astype(np.float64))
            pairs = zip(signs, trace, strict=False)
            inside = np.all([(s[i] * z >= 0).all(axis=1) for s, z in pairs], axis=0)
            if inside.any():
                assert least[i] <= (trace[-1] @ row[i])[inside].min() + 1e-12
                assert not bounds.void[i]


def test_ascent_tightens_the_bound(make: Any) -> None:
    better = 0
    for seed in range(10):
        network = make.random(seed, [4, 12, 12, 1])
        bounder = Bounder(network)
        bounds = bounder.over(Boxes(np.zeros((1, 4)), np.full((1, 4), 0.5)))
        dual = Dual(bounder, bounds, [np.zeros((1, 12), np.int8)] * 2, np.ones((1, 1)), np.zeros(1))
        before = dual.improve(dual.start(), 0).least[0]
        after = dual.improve(dual.start(), 30).least[0]
        assert after >= before
        better += after > before + 1e-6
    assert better >= 8
