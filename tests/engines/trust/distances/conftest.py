"""Random ensembles, typed domains and replays on onnxruntime, as the tests of distances share them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hutong.engines.trust.distances import TreeEnsemble, tree
from hutong.engines.trust.types import Column, Domain

Runner = Callable[[Any], Any]


def make_ensemble(chance: np.random.Generator, trees: int, depth: int, width: int, k: int) -> TreeEnsemble:
    """Random trees with thresholds on a coarse grid, so that trees share thresholds and rows lie on them."""

    def one() -> Any:
        feature: list[int] = []
        threshold: list[float] = []
        left: list[int] = []
        right: list[int] = []
        values: list[Any] = []

        def grow(level: int) -> int:
            at = len(feature)
            leaf = level == depth or (level > 1 and chance.random() < 0.2)
            feature.append(-1 if leaf else int(chance.integers(width)))
            threshold.append(float(chance.integers(1, 12)) / 4)
            values.append(chance.normal(size=k) if leaf else np.zeros(k))
            left.append(0)
            right.append(0)
            if not leaf:
                left[at], right[at] = grow(level + 1), grow(level + 1)
            return at

        grow(0)
        return tree(feature, threshold, left, right, np.array(values))

    base = chance.normal(size=k).astype(np.float32) * np.float32(0.3)
    labels = ("a", "b") if k == 1 else tuple("abcdef"[:k])
    return TreeEnsemble(tuple(one() for _ in range(trees)), base, labels, width)


def make_domain(chance: np.random.Generator, width: int) -> Domain:
    """Bounds that cut the grid, some whole and some immutable columns; column 0 is always free."""
    columns = []
    for j in range(width):
        whole, fixed = chance.random() < 0.3, bool(j) and chance.random() < 0.2
        low, high = Fraction(int(chance.integers(0, 2))), Fraction(int(chance.integers(5, 13)), 4)
        columns.append(Column(f"c{j}", low, high + 1 if whole else high, bool(whole), bool(fixed)))
    return Domain("table", tuple(columns))


def make_rows(chance: np.random.Generator, n: int, domain: Domain) -> NDArray[np.float32]:
    """Feasible rows, a third of their values on the grid of thresholds."""
    low = np.array([float(c.low or 0) for c in domain.columns])
    high = np.array([float(c.high or 3) for c in domain.columns])
    rows = low + chance.random((n, len(low))) * (high - low)
    rows = np.where(chance.random(rows.shape) < 0.3, np.round(rows * 4) / 4, rows)
    whole = np.array([c.whole for c in domain.columns])
    rows = np.where(whole, np.floor(rows), rows)
    return np.clip(rows, np.where(whole, np.ceil(low), low), high).astype(np.float32)


def make_runner(content: bytes) -> Runner:
    """The answers of an ONNX file as onnxruntime gives them on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: np.asarray(rows, np.float32)})


def export(model: Any, width: int) -> bytes:
    from skl2onnx import to_onnx

    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    made = to_onnx(
        model, np.zeros((1, width), np.float32), options=options, target_opset={"": 15, "ai.onnx.ml": 3}
    )
    content: bytes = made.SerializeToString()
    return content


@pytest.fixture
def ensemble_of() -> Callable[..., TreeEnsemble]:
    return make_ensemble


@pytest.fixture
def domain_of() -> Callable[..., Domain]:
    return make_domain


@pytest.fixture
def rows_of() -> Callable[..., NDArray[np.float32]]:
    return make_rows


@pytest.fixture
def runner_of() -> Callable[[bytes], Runner]:
    return make_runner


@pytest.fixture
def onnx_of() -> Callable[[Any, int], bytes]:
    return export


@pytest.fixture(scope="session")
def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    return (features / 16).astype(np.float32), labels


@pytest.fixture(scope="session")
def digits_model(digits: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000).fit(digits[0][:1200], digits[1][:1200])
