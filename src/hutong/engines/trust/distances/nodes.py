"""What the readers of ONNX graphs share: a node's attributes, its labels, and its refusal by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

SIMPLER = Text(
    "Exact distances are for linear models and sums of trees; use the attacks for this one.",
    "精确距离仅适用于线性模型和树集成；该模型请使用攻击评测。",
)
Attributes = dict[str, Any]


def named(node: Any, why: Text | None = None) -> Invalid:
    """The refusal of one node of the graph."""
    name = f"{node.op_type} {node.name}".strip()[:80]
    what = Text("The part {n} of the model is not of a plain form", "模型节点{n}不属于简单形式").format(
        n=name
    )
    end = Text("{w}.", "{w}。") if why is None else Text("{w}: {y}.", "{w}：{y}。")
    return refuse("model.form", end.format(w=what, y=why), SIMPLER, "model")


def labels_of(given: Attributes) -> tuple[str, ...]:
    """The class names of a classifier, whole numbers as text."""
    found: Sequence[Any] = ()
    for key in ("classlabels_strings", "classlabels_int64s", "classlabels_ints"):
        found = found or given.get(key, ())
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in found)


def bar_of(given: Attributes, cut: float | None) -> float | None:
    """A regressor decides only by a bar; without one there is no decision to change."""
    if cut is None:
        what = Text("A regressor needs the bar by which it decides.", "回归模型须给出判定阈值。")
        raise refuse("model.decision", what, where="cut")
    count = given.get("n_targets", given.get("targets", 1))
    return cut if count == 1 and given.get("post_transform", b"NONE") == b"NONE" else None
