"""What an evaluator may do with a system: the ladder of access, and the plain form of a model whose weights are given.

Less access never gives a higher level: every test asks for its step, and what needs a higher one is not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.targets import SCORE_UNIT, Predictions, by_rule
from hutong.engines.trust.types import System
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.engines.trust.distances import LinearModel, TreeEnsemble
    from hutong.engines.trust.networks import Network

Wide = NDArray[np.float64]
Kind = Literal["linear", "trees", "network"]
LADDER = ("log", "labels", "scores", "gradients", "weights", "training", "retrain")
NEEDS_RUN = Text("a log cannot be asked anything new", "仅有预测日志，无法重新提问")
NO_FORM = Text(
    "needs the weights of a linear model, a sum of trees or a small ReLU network",
    "需提供线性模型、树集成或小型ReLU网络的权重",
)
NO_EXACT_FORM = Text("needs the weights of a linear model or a sum of trees", "需提供线性模型或树集成的权重")


def allows(access: str, step: str) -> bool:
    """Whether this access includes the step. An unknown access includes nothing."""
    return access in LADDER and LADDER.index(access) >= LADDER.index(step)


def unasked(setting: Setting) -> Text | None:
    """Why the system cannot be asked about new rows, which every test above level 2 has to; None where it can."""
    return None if allows(setting.access, "labels") else NEEDS_RUN


@dataclass(frozen=True, slots=True)
class Form:
    """A model as numbers. guard: margin, in its own scores, within which rounding of published scores could decide.

    Exactly one of `plain` (labels in the order of the system's, its decision rule built in) and `network` (whose outputs
    are the scores before the softmax) is given.
    """

    kind: Kind
    guard: float
    plain: LinearModel | TreeEnsemble | None = field(default=None, repr=False)
    network: Network | None = field(default=None, repr=False)

    def decide(self, rows: Rows) -> Codes:
        if self.plain is not None:
            return self.plain.decide(rows)
        if self.network is None:
            raise ValueError("a form without a model")
        return np.asarray(self.network.replay(rows).argmax(axis=1), dtype=np.int64)

    def shifted(self, label: int, side: int) -> LinearModel | TreeEnsemble:
        """The plain model with `label` weakened (side -1) or strengthened (side 1) by the guard.

        Where the weakened label still wins, the artefact gives it for certain; where the strengthened one loses, it does not.
        """
        from hutong.engines.trust.distances import LinearModel

        if self.plain is None:
            raise ValueError("no plain model")
        by = side * self.guard
        if isinstance(self.plain, LinearModel):
            more = np.zeros(len(self.plain.labels))
            more[label] = by
            return replace(self.plain, bias=self.plain.bias + more)
        if len(self.plain.base) == 1:
            return replace(self.plain, cut=self.plain.cut + (-by if label == 1 else by))
        base = self.plain.base.copy()
        base[label] = np.nextafter(base[label] + np.float32(by), np.float32(side * np.inf))
        return replace(self.plain, base=base)


def form_of(setting: Setting) -> Form | None:
    """The plain form of the artefact, or None where the weights are not given or the model has none of these forms."""
    if setting.model is None or not allows(setting.access, "weights"):
        return None
    return _read(setting.model, setting.system)


@lru_cache(maxsize=8)
def _read(model: bytes, system: System) -> Form | None:
    for reader in (_plain, _network):
        try:
            found = reader(model, system)
        except Invalid:
            continue
        if found is not None:
            return found
    return None


def _plain(model: bytes, system: System) -> Form | None:
    from hutong.engines.trust.distances import LinearModel, deciding_at, read_model

    found = read_model(model, system.domain.width)
    if found.labels != system.labels:
        return None
    if isinstance(found, LinearModel) and not found.odds:
        # Saturated scores that do not add up to one: rounding to millionths may decide anywhere.
        return None
    bar = 1 / len(system.labels)
    if system.positive is not None and system.decision_at is not None:
        found = deciding_at(found, system.positive, system.decision_at)
        bar = float(system.decision_at)
    probabilities = not isinstance(found, LinearModel) and found.post == "NONE"
    # Scores are published in millionths and computed in float32: 4e-6 of probability, or the log-odds that move it so.
    guard = 4e-6 if probabilities else 4e-6 * len(system.labels) / (bar * (1 - bar))
    return Form("linear" if isinstance(found, LinearModel) else "trees", guard, plain=found)


def _network(model: bytes, system: System) -> Form | None:
    from hutong.engines.trust.networks import read_network

    logits = logits_of(model)
    if logits is None or system.positive is not None:
        return None
    network = read_network(logits)
    if (network.inputs, network.outputs) != (system.domain.width, len(system.labels)):
        return None
    k = len(system.labels)
    return Form("network", 4e-6 * k * k / (k - 1), network=network)


def logits_of(model: bytes) -> bytes | None:
    """The same ONNX file up to the input of its one Softmax, with Scaler as Sub and Mul; None where it has no such end.

    A softmax keeps the order of its inputs, so the label is the same but for the rounding of equal scores.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, TypeError):
        return None
    graph = proto.graph
    ends = [n for n in graph.node if n.op_type == "Softmax" and n.domain in ("", "ai.onnx")]
    same = {ends[0].output[0]} if len(ends) == 1 else set()
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in same:
            same.add(node.output[0])
    if not any(o.name in same for o in graph.output):
        return None
    wanted, nodes = {ends[0].input[0]}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            nodes.append(node)
    constants = [t for t in graph.initializer if t.name in wanted]
    kept = [part for node in reversed(nodes) for part in _without_ml(node, constants)]
    end = onnx.helper.make_tensor_value_info(ends[0].input[0], onnx.TensorProto.FLOAT, None)
    fresh = onnx.helper.make_graph(kept, "logits", list(graph.input), [end], constants)
    made = onnx.helper.make_model(fresh, opset_imports=list(proto.opset_import), ir_version=proto.ir_version)
    return bytes(made.SerializeToString())


def _without_ml(node: Any, constants: list[Any]) -> list[Any]:
    """Scaler is (x - offset) * scale in float32, operation by operation; a cast to float32 of float32 is nothing."""
    import onnx

    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    first, last = node.input[0], node.output[0]
    kind = node.op_type
    if kind == "Cast" and given.get("to") == onnx.TensorProto.FLOAT:
        return [onnx.helper.make_node("Identity", [first], [last])]
    if kind != "Scaler":
        return [node]
    names = [f"{last}.{part}" for part in ("offset", "scale", "shifted")]
    for name, part in zip(names, ("offset", "scale"), strict=False):
        constants.append(onnx.numpy_helper.from_array(np.asarray(given[part], np.float32), name))
    return [
        onnx.helper.make_node("Sub", [first, names[0]], [names[2]]),
        onnx.helper.make_node("Mul", [names[2], names[1]], [last]),
    ]


def answers_of(bench: Bench) -> Callable[[Rows], Wide]:
    """(m, d) rows -> (m, k) probabilities as attacks want them; one column for the label where there are only labels."""

    def ask(rows: Rows) -> Wide:
        found = bench.target.predict(rows)
        if found.scores is not None:
            return np.asarray(found.scores / SCORE_UNIT, dtype=np.float64)
        return _one_hot(found, len(bench.setting.system.labels))

    return ask


def _one_hot(found: Predictions, labels: int) -> Wide:
    # The last column stands for an answer that is no declared label.
    codes = np.where(found.labels < 0, labels, found.labels)
    return np.asarray(np.eye(labels + 1)[codes], dtype=np.float64)


def rule_of(system: System, scored: bool) -> Callable[[Wide], Codes]:
    """The system's own rule from what `answers_of` gives to labels."""

    def decide(answers: Wide) -> Codes:
        if scored:
            return by_rule(np.rint(answers * SCORE_UNIT).astype(np.int64), system)
        return np.asarray(answers.argmax(axis=1), dtype=np.int64)

    return decide
