"""A dense ReLU network as numbers, beside the ONNX runtime that decides what the file really answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """z = weight @ a + bias, in real arithmetic up to what rounding the fields themselves carry.

    weight: (outputs, inputs). bias: (outputs,). weight_size, bias_size: the same sums over absolute values,
    before anything cancels. terms: the longest chain of roundings from `a` to `z`, whoever computes it. A
    computation of z in a precision of unit u is within gamma(terms, u) * (weight_size @ |a| + bias_size).
    """

    weight: F64
    bias: F64
    weight_size: F64
    bias_size: F64
    terms: int

    @property
    def width(self) -> int:
        return len(self.bias)


class Runtime:
    """The artefact itself in onnxruntime: one thread, float32, rows in and rows out."""

    def __init__(self, model: bytes, name: str, shape: tuple[int, ...], fixed: bool) -> None:
        import onnxruntime as ort

        ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a family without a common public base
            what = Text("The network cannot be run.", "网络无法运行。")
            raise refuse("network.form", what, where="network") from error
        self._name, self._shape, self._fixed = name, shape, fixed

    def run(self, rows: F32) -> F32:
        """(n, inputs) -> (n, outputs), flattened in row-major order."""
        size = 1 if self._fixed else max(len(rows), 1)
        parts = [
            self._session.run(None, {self._name: rows[i : i + size].reshape(-1, *self._shape)})[0]
            for i in range(0, len(rows), size)
        ]
        joined = [np.asarray(p, dtype=np.float32).reshape(min(size, len(rows)), -1) for p in parts]
        return np.concatenate(joined) if joined else np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Affine layers with a ReLU between any two. model: the ONNX bytes. runtime: what replays on them."""

    layers: tuple[Layer, ...]
    model: bytes
    runtime: Runtime = field(repr=False)

    @property
    def inputs(self) -> int:
        return int(self.layers[0].weight.shape[1])

    @property
    def outputs(self) -> int:
        return self.layers[-1].width

    @property
    def hidden(self) -> tuple[int, ...]:
        """The number of ReLU units of each hidden layer."""
        return tuple(layer.width for layer in self.layers[:-1])

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model).hexdigest()

    def forward(self, rows: F64) -> F64:
        """(n, inputs) -> (n, outputs) in float64: for search, never for a verdict."""
        return self.trace(rows)[-1]

    def trace(self, rows: F64) -> list[F64]:
        """The pre-activations of every layer, (n, width) each; the last ones are the outputs."""
        found: list[F64] = []
        for layer in self.layers:
            active = np.maximum(found[-1], 0.0) if found else rows
            found.append(active @ layer.weight.T + layer.bias)
        return found

    def pull(self, trace: list[F64], rows: F64) -> F64:
        """Gradient of sum(rows * outputs) in the inputs, (n, inputs), at the points of a `trace`."""
        for k in range(len(self.layers) - 1, 0, -1):
            rows = (rows @ self.layers[k].weight) * (trace[k - 1] > 0.0)
        return np.asarray(rows @ self.layers[0].weight, dtype=np.float64)

    def replay(self, rows: F32) -> F32:
        """What the file answers: onnxruntime in float32. (n, inputs) -> (n, outputs)."""
        return self.runtime.run(np.ascontiguousarray(rows, dtype=np.float32))
