"""The system under test behind one call: what every target offers, and a model run by onnxruntime.

Nothing that could run code is ever loaded: pickles, archives, external data and foreign operators are refused. A stranger's
model comes through `reach.door`, which runs it in a jailed child; `open_model` runs one in this process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.onnx_checks import AS_ONNX, SELF_CONTAINED, inspect_onnx
from hutong.engines.trust.types import Domain, System, refuse
from hutong.kernel.text import Text

LARGEST = 256 * 2**20
BATCH = 4096
SCORE_UNIT = 10**6


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
    """digest: SHA-256 of the artefact. access: a rung of `reach.ladder`. predict: (n, d) rows -> n predictions.

    Beyond these a target may have: `content`, the bytes of the artefact, where its weights are given; `raw`, as `predict` for
    rows that may be malformed, `OutOfDomain` where they are refused; `beside`, another file opened as this one was;
    `under`, for which occasion it is asked; `close`.
    """

    @property
    def digest(self) -> str: ...
    @property
    def access(self) -> str: ...
    def predict(self, rows: Rows) -> Predictions: ...


class OutOfDomain(ValueError):
    """The door of a guarded system refuses this input."""


def content_of(target: Target) -> bytes | None:
    """The artefact's bytes, where the target gives its weights."""
    content = getattr(target, "content", None)
    return content if isinstance(content, bytes) else None


def asked_for(target: Target, occasion: str) -> AbstractContextManager[None]:
    """Within it, questions are asked for that occasion (a task of the plan): what was recorded for it is found again
    whatever was asked before or beside it. Targets that record nothing do not care."""
    under: Callable[[str], AbstractContextManager[None]] | None = getattr(target, "under", None)
    return nullcontext() if under is None else under(occasion)


@contextmanager
def closing(target: Target) -> Iterator[Target]:
    """The target, and at the end its child, connection and record given up, where it has any."""
    try:
        yield target
    finally:
        close: Callable[[], None] | None = getattr(target, "close", None)
        if close is not None:
            close()


def variant(target: Target, model: bytes, system: System) -> Target:
    """Another ONNX file made from the target's own, run where the target is run: in its jail, if it has one."""
    beside: Callable[[bytes], Target] | None = getattr(target, "beside", None)
    return open_model(model, system) if beside is None else beside(model)


def open_model(model: bytes, system: System) -> OnnxTarget:
    """A target that runs ONNX bytes in this process: for a model of your own making. `Invalid`: model.pickle, model.archive, model.size, model.form,
    model.external_data, model.custom_operator, model.input."""
    if model[:1] == b"\x80" or model[:2] in (b"(d", b"(l", b"cc", b"c_"):
        what = Text(
            "This is a pickle, which can run code when opened.", "该文件为pickle格式，打开时可能执行代码。"
        )
        raise refuse("model.pickle", what, AS_ONNX, "model")
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
            AS_ONNX,
            "model",
        )
    if not 0 < len(model) <= LARGEST:
        raise refuse(
            "model.size",
            Text("The model is empty or over 256 MiB.", "模型为空或超过256 MiB。"),
            where="model",
        )
    inspect_onnx(model)
    return OnnxTarget(model, system)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model itself gives for n rows, before the system's rule: labels (n,) positions, or probabilities (n, k)."""

    labels: Codes | None = None
    probabilities: NDArray[np.float64] | None = None

    def predictions(self, system: System) -> Predictions:
        """`Invalid` output.finite, output.probability: as `decide`."""
        if self.probabilities is not None:
            return decide(self.probabilities, system)
        return Predictions(np.asarray(self.labels, dtype=np.int64), None)


def in_batches(rows: Rows, ask: Callable[[Rows], Predictions]) -> Predictions:
    """Predictions of all rows, asked BATCH at a time: equal rows meet equal company wherever the model runs."""
    parts = [ask(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH)]
    if not parts:
        return Predictions(np.empty(0, np.int64), None)
    scores = [p.scores for p in parts if p.scores is not None]
    labels = np.concatenate([p.labels for p in parts])
    return Predictions(labels, np.concatenate(scores) if len(scores) == len(parts) else None)


class OnnxTarget:
    """An ONNX classifier on the CPU, in this process: one thread, so that one input has one answer."""

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
                "model.form", Text("The model cannot be run.", "模型无法运行。"), SELF_CONTAINED, "model"
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
        return in_batches(np.ascontiguousarray(rows, dtype=np.float32), self.raw)

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, without the promise that the rows are well formed: for tests of hostile input."""
        return self.answer(rows).predictions(self._system)

    def answer(self, rows: Any) -> Answered:
        """What the model gives. `Invalid`: output.form, output.labels."""
        outputs = self._session.run(None, {self._input: rows})
        probabilities = next((p for p in map(self._probabilities, outputs) if p is not None), None)
        named = np.asarray(outputs[0]) if probabilities is None else probabilities
        if named.ndim == 2 and named.shape[1] == 1:
            named = named[:, 0]
        labelled = named.ndim == 1 and named.dtype.kind != "f"
        if len(named) != len(rows) or (probabilities is None and not labelled):
            what = Text("The model gives neither labels nor probabilities.", "模型输出既非标签亦非概率。")
            raise refuse("output.form", what, where="model")
        if probabilities is not None:
            return Answered(probabilities=probabilities)
        return Answered(label_codes(named.astype(str), self._system))

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


def label_codes(names: Any, system: System) -> Codes:
    """(n,) positions in `System.labels` of (n,) names, -1 for a name not declared."""
    codes: Codes = np.full(len(names), -1, dtype=np.int64)
    for position, label in enumerate(system.labels):
        codes[np.asarray(names) == label] = position
    return codes


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
