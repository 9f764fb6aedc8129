"""An ONNX file whose learned numbers are permuted: the same architecture and the same numbers, nothing learned.

Permuted are: coefficients of linear operators, with signs drawn anew (two rows that mirror each other stay mirrored, so
that probabilities still add up); in tree ensembles the thresholds among the nodes that ask the same column and the
leaves of each tree; every tensor that a Gemm, MatMul or Conv takes. Scaling and intercepts stay.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

_LINEAR = ("LinearClassifier", "LinearRegressor")
_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
_DENSE = ("Gemm", "MatMul", "Conv")


def randomise(content: bytes, chance: np.random.Generator) -> bytes | None:
    """The permuted artefact, or None where the file holds nothing that is known to be learned."""
    import onnx

    proto = onnx.load_model_from_string(content)
    dense = {name for node in proto.graph.node if node.op_type in _DENSE for name in node.input}
    found = 0
    for tensor in proto.graph.initializer:
        if tensor.name in dense and tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
            table = onnx.numpy_helper.to_array(tensor)
            mixed = chance.permutation(table.ravel()).reshape(table.shape)
            tensor.CopyFrom(onnx.numpy_helper.from_array(mixed, tensor.name))
            found += table.size > 1
    for node in proto.graph.node:
        given = {a.name: a for a in node.attribute}
        if node.op_type in _LINEAR and "coefficients" in given:
            found += _linear(given, chance)
        elif node.op_type in _TREES:
            found += _trees(given, "class" if node.op_type.endswith("Classifier") else "target", chance)
    return bytes(proto.SerializeToString()) if found else None


def _linear(given: dict[str, Any], chance: np.random.Generator) -> int:
    weights = np.asarray(given["coefficients"].floats, np.float32)
    half = weights[: len(weights) // 2]
    mirrored = len(weights) % 2 == 0 and bool((half == -weights[len(half) :]).all())
    part = half if mirrored else weights
    drawn = chance.permutation(part) * np.where(chance.random(len(part)) < 0.5, -1, 1).astype(np.float32)
    _set(given["coefficients"], np.concatenate([drawn, -drawn]) if mirrored else drawn)
    return 1


def _set(attribute: Any, values: Any) -> None:
    del attribute.floats[:]
    attribute.floats.extend(float(v) for v in values)


def _trees(given: dict[str, Any], prefix: str, chance: np.random.Generator) -> int:
    if "nodes_values" not in given or f"{prefix}_weights" not in given:
        return 0
    bars = np.asarray(given["nodes_values"].floats, np.float32)
    column = np.asarray(given["nodes_featureids"].ints)
    leaf = np.array([mode == b"LEAF" for mode in given["nodes_modes"].strings])
    for one in np.unique(column[~leaf]):
        mine = np.flatnonzero(~leaf & (column == one))
        bars[mine] = chance.permutation(bars[mine])
    _set(given["nodes_values"], bars)
    return int(_leaves(given, prefix, chance) or len(bars) > 3)


def _leaves(given: dict[str, Any], prefix: str, chance: np.random.Generator) -> int:
    """Leaves change places with leaves of their tree that give to the same classes, so that shares still add up."""
    trees, nodes = given[f"{prefix}_treeids"].ints, given[f"{prefix}_nodeids"].ints
    ids = given[f"{prefix}_ids"].ints
    weights = np.asarray(given[f"{prefix}_weights"].floats, np.float32)
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at, key in enumerate(zip(trees, nodes, strict=True)):
        places[key].append(at)
    alike: dict[tuple[int, tuple[int, ...]], list[list[int]]] = defaultdict(list)
    for (tree, _), where in places.items():
        alike[tree, tuple(ids[i] for i in where)].append(where)
    moved = 0
    for blocks in alike.values():
        table = np.array(blocks)
        weights[table] = weights[table[chance.permutation(len(table))]]
        moved += len(table) > 1
    _set(given[f"{prefix}_weights"], weights)
    return moved
