"""Parity: the exported model answers as the trained one does, on held-out rows and on the edges."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hutong.engines.forge.rows import Matrix
from hutong.kernel.values import decimal_text


@dataclass(frozen=True, slots=True)
class Parity:
    """rows and edges: how many were compared. worst: largest difference of a probability (decimal). differing: rows
    whose label differs. passed: worst within tolerance and no label differs."""

    rows: int
    edges: int
    worst: str
    differing: int
    tolerance: str
    passed: bool

    def as_json(self) -> dict[str, object]:
        return {n: getattr(self, n) for n in ("rows", "edges", "worst", "differing", "tolerance", "passed")}


def compare(trained: Any, model: bytes, rows: Matrix, edges: Matrix, tolerance: Fraction) -> Parity:
    """Ask the trained pipeline and the ONNX file the same questions. Labels are compared where the trained model's
    two best probabilities are further apart than the tolerance: a tie may fall either way without being wrong."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    asked = np.concatenate([rows, edges])
    want = trained.predict_proba(asked.astype(np.float64))
    got = np.asarray(session.run(["probabilities"], {"input": asked})[0], dtype=np.float64)
    worst = float(np.abs(want - got).max())
    best = np.sort(want, axis=1)
    clear = best[:, -1] - best[:, -2] > float(tolerance)
    differing = int((want.argmax(axis=1) != got.argmax(axis=1))[clear].sum())
    exact = Fraction(worst).limit_denominator(10**12)
    passed = exact <= tolerance and differing == 0
    return Parity(len(rows), len(edges), decimal_text(exact, 9), differing, decimal_text(tolerance), passed)
