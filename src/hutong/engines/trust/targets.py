"""The system under test behind one call: ONNX bytes run by onnxruntime, or a log of predictions.

Nothing that could run code is ever loaded: pickles, archives, external data and foreign operators are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.types import Domain, System, refuse
from hutong.kernel.text import Text

LARGEST = 256 * 2**20
BATCH = 4096
SCORE_UNIT = 10**6
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_AS_ONNX = Text(
    "Export the model to ONNX (skl2onnx, torch.onnx) and submit that file.", "请将模型导出为ONNX格式后提交。"
)
_SELF_CONTAINED = Text(
    "Save the model as one file with standard operators.", "请保存为使用标准算子的单个文件。"
)


@dataclass(frozen=True, slots=True)
class Predictions:
    """labels: (n,) positions in `System.labels`, -1 for a label not declared. scores: (n, k) in millionths, or None.

    Scores are whole millionths so that the last bits of a machine's arithmetic decide nothing.
    """

    labels: Codes
    scores: Codes | None

    def __len__(self) -> int:
        return len(self.labels)


class Target(Protocol):
    """digest: SHA-256 of the artefact. access: a step of `access.LADDER`. predict: (n, d) rows -> n predictions.

    Where the weights are given, a target also has `content`, the bytes of the artefact.
    """

    @property
    def digest(self) -> str: ...
    @property
    def access(self) -> str: ...
    def predict(self, rows: Rows) -> Predictions: ...


class OutOfDomain(ValueError):
    """The door of a guarded system refuses this input."""


def open_model(model: bytes, system: System) -> OnnxTarget:
    """A runnable target from ONNX bytes. `Invalid`: model.pickle, model.archive, model.size, model.form,
    model.external_data, model.custom_operator, model.input."""
    if model[:1] == b"\x80" or model[:2] in (b"(d", b"(l", b"cc", b"c_"):
        what = Text(
            "This is a pickle, which can run code when opened.", "该文件为pickle格式，打开时可能执行代码。"
        )
        raise refuse("model.pickle", what, _AS_ONNX, "model")
    if model[:4] in (b"PK\x03\x04", b"PK\x05\x06") or model[:2] in (
        b"\x1f\x8b",
        b"x\x9c",
        b"x\x01",
        b"x\xda",
        b"BZ",
    ):
        raise refuse(
            "model.archive",
            Text("This is an archive, not a model.", "该文件为压缩包，不是模型。"),
            _AS_ONNX,
            "model",
        )
    if not 0 < len(model) <= LARGEST:
        raise refuse(
            "model.size",
            Text("The model is empty or over 256 MiB.", "模型为空或超过256 MiB。"),
            where="model",
        )
    _inspect(model)
    return OnnxTarget(model, system)


def _inspect(model: bytes) -> None:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, TypeError) as error:
        raise refuse(
            "model.form", Text("This is not an ONNX model.", "该文件不是ONNX模型。"), _AS_ONNX, "model"
        ) from error
    if not proto.graph.node:
        raise refuse(
            "model.form", Text("The model computes nothing.", "模型不含任何计算。"), _AS_ONNX, "model"
        )
    for node in _nodes(proto):
        if node.domain not in _DOMAINS:
            what = Text("The operator {o} is not a standard one.", "算子{o}不属于标准算子。").format(
                o=f"{node.domain}:{node.op_type}"[:80]
            )
            raise refuse("model.custom_operator", what, _SELF_CONTAINED, "model")
    if any(t.data_location == onnx.TensorProto.EXTERNAL or t.external_data for t in _tensors(proto)):
        what = Text("The model takes weights from another file.", "模型引用了外部权重文件。")
        raise refuse("model.external_data", what, _SELF_CONTAINED, "model")


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        yield from _inner(node)


def _inner(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        for part in [attribute.g, *attribute.graphs]:
            if part.node or part.initializer:
                yield from _graphs(part)


def _nodes(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto.graph):
        yield from graph.node
    for function in proto.functions:
        yield from function.node
        for node in function.node:
            for graph in _inner(node):
                yield from graph.node


def _tensors(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(proto):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


class OnnxTarget:
    """An ONNX classifier on the CPU: one thread, so that one input has one answer."""

    access = "weights"

    def __init__(self, model: bytes, system: System) -> None:
        import onnxruntime as ort

        self.content = model
        self.digest = hashlib.sha256(model).hexdigest()
        self._system = system
        ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a family without a common public base
            raise refuse(
                "model.form", Text("The model cannot be run.", "模型无法运行。"), _SELF_CONTAINED, "model"
            ) from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
            what = Text(
                "The model does not take one table of 32-bit numbers.", "模型输入不是单个32位浮点数据表。"
            )
            raise refuse("model.input", what, where="model")
        self._input = inputs[0].name

    def predict(self, rows: Rows) -> Predictions:
        """`Invalid` with rule output.* when the model's answer is not a label or probabilities."""
        table = np.ascontiguousarray(rows, dtype=np.float32)
        parts = [self._batch(table[i : i + BATCH]) for i in range(0, len(table), BATCH)]
        if not parts:
            return Predictions(np.empty(0, np.int64), None)
        scores = [p.scores for p in parts if p.scores is not None]
        labels = np.concatenate([p.labels for p in parts])
        return Predictions(labels, np.concatenate(scores) if len(scores) == len(parts) else None)

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, without the promise that the rows are well formed: for tests of hostile input."""
        return self._batch(rows)

    def _batch(self, rows: Any) -> Predictions:
        outputs = self._session.run(None, {self._input: rows})
        probabilities = next((p for p in map(self._probabilities, outputs) if p is not None), None)
        if probabilities is not None:
            return decide(probabilities, self._system)
        named = np.asarray(outputs[0])
        if named.ndim == 2 and named.shape[1] == 1:
            named = named[:, 0]
        if named.shape != (len(rows),) or named.dtype.kind == "f":
            what = Text("The model gives neither labels nor probabilities.", "模型输出既非标签亦非概率。")
            raise refuse("output.form", what, where="model")
        codes = np.full(len(named), -1, dtype=np.int64)
        for position, label in enumerate(self._system.labels):
            codes[named.astype(str) == label] = position
        return Predictions(codes, None)

    def _probabilities(self, output: Any) -> NDArray[np.float64] | None:
        k = len(self._system.labels)
        if isinstance(output, list) and output and isinstance(output[0], dict):
            # ZipMap: one map from label to probability per row.
            rows = [{str(key): value for key, value in row.items()} for row in output]
            if any(set(row) != set(self._system.labels) for row in rows):
                raise refuse(
                    "output.labels",
                    Text("The model's labels are not those declared.", "模型标签与声明不一致。"),
                    where="model",
                )
            return np.array([[row[label] for label in self._system.labels] for row in rows], dtype=np.float64)
        array = np.asarray(output)
        return (
            array.astype(np.float64)
            if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] == k
            else None
        )


def decide(probabilities: NDArray[np.float64], system: System) -> Predictions:
    """Labels and scores from (n, k) probabilities, by the declared rule (or the largest).

    `Invalid`: output.finite, output.probability (logits called probabilities).
    """
    if not np.isfinite(probabilities).all():
        raise refuse(
            "output.finite", Text("The model answers with no number.", "模型输出含有非数值。"), where="model"
        )
    if (probabilities < -1e-4).any() or (np.abs(probabilities.sum(axis=1) - 1) > 1e-3).any():
        what = Text("The scores are not probabilities.", "模型分数不是概率。")
        raise refuse(
            "output.probability",
            what,
            Text("Add a softmax to the model.", "请在模型末端加入softmax。"),
            "model",
        )
    scores: Codes = np.rint(np.clip(probabilities, 0, 1) * SCORE_UNIT).astype(np.int64)
    return Predictions(by_rule(scores, system), scores)


def by_rule(scores: Codes, system: System) -> Codes:
    """(n,) labels from (n, k) scores in millionths, by the declared rule (or the largest, the first of equal ones)."""
    if system.positive is None or system.decision_at is None:
        return np.asarray(scores.argmax(axis=1), dtype=np.int64)
    favourable = system.labels.index(system.positive)
    given = scores[:, favourable] >= int(system.decision_at * SCORE_UNIT)
    return np.where(given, favourable, 1 - favourable).astype(np.int64)


@dataclass(frozen=True, slots=True)
class LogTarget:
    """Predictions already made, one per row of the data, in its order. It cannot be asked anything new."""

    system: System
    probabilities: NDArray[np.float64] | None = None
    labels: tuple[str, ...] | None = None
    access: str = field(default="log", init=False)

    @property
    def digest(self) -> str:
        body = (
            repr(self.labels).encode()
            if self.probabilities is None
            else np.asarray(self.probabilities, "<f8").tobytes()
        )
        return hashlib.sha256(body).hexdigest()

    def predict(self, rows: Rows) -> Predictions:
        found = self._all()
        if len(found) != len(rows):
            raise refuse(
                "log.rows",
                Text("The log does not have one line for each row.", "预测日志与数据行数不一致。"),
                where="log",
            )
        return found

    def _all(self) -> Predictions:
        if self.probabilities is not None:
            return decide(np.asarray(self.probabilities, dtype=np.float64), self.system)
        order = {label: i for i, label in enumerate(self.system.labels)}
        return Predictions(np.array([order.get(v, -1) for v in self.labels or ()], dtype=np.int64), None)


def outside(rows: Any, domain: Domain) -> str | None:
    """The rule that this input breaks ("shape", "type", "finite", "whole", "bounds"), or None if it is inside."""
    table = np.asarray(rows)
    if table.dtype.kind not in "fiu":
        return "type"
    if table.ndim != 2 or table.shape[1] != domain.width or not len(table):
        return "shape"
    if not np.isfinite(table).all():
        return "finite"
    for column, values in zip(domain.columns, table.T, strict=True):
        low, high = column.low, column.high
        if (low is not None and (values < float(low)).any()) or (
            high is not None and (values > float(high)).any()
        ):
            return "bounds"
        if column.whole and (np.rint(values) != values).any():
            return "whole"
    return None
