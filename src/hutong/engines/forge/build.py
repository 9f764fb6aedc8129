"""Train on the rows that are not held back, export to ONNX, prove parity, count the answers on held-out rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hutong.engines.forge.augment import augment
from hutong.engines.forge.estimators import make
from hutong.engines.forge.parity import Parity, compare
from hutong.engines.forge.rows import boundary_rows, holdout_mask, labels_of, matrix
from hutong.engines.forge.spec import BuildSpec, refuse
from hutong.kernel.text import Text

FRAMEWORK = "scikit-learn"
# The newest operator set that the pinned skl2onnx and onnxruntime both know; fixed, so that digests repeat.
OPSET = 18
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build leaves: the model file, its digest, the parity report, counts on the rows held back."""

    model: bytes
    model_sha256: str
    spec_sha256: str
    parity: Parity
    trained_rows: int
    held_rows: int
    hits: int

    def as_json(self) -> dict[str, object]:
        return {
            "framework": FRAMEWORK,
            "model_sha256": self.model_sha256,
            "spec_sha256": self.spec_sha256,
            "parity": self.parity.as_json(),
            "trained_rows": self.trained_rows,
            "held_rows": self.held_rows,
            "hits": self.hits,
        }


def build(spec: BuildSpec, table: pa.Table, say: Say = lambda line: None) -> Built:
    """The whole build. The same specification and table give the same bytes. Raises `Invalid`."""
    rows, labels = matrix(table, spec), labels_of(table, spec)
    held = holdout_mask(len(rows), spec)
    _enough(labels[~held], int(held.sum()))
    inputs, answers = _training(spec, rows[~held].astype(np.float64), labels[~held])
    say(f"training {spec.model} on {len(inputs)} rows, {len(spec.features)} inputs")
    trained = make(spec.model, spec.parameters).fit(inputs, answers)
    say("exporting to ONNX")
    model = _export(trained, spec, rows.shape[1])
    parity = compare(trained, model, rows[held], boundary_rows(rows, spec), spec.tolerance)
    say(f"parity: {parity.rows} rows and {parity.edges} edges, largest difference {parity.worst}")
    hits = int((trained.predict(rows[held].astype(np.float64)) == labels[held]).sum())
    say(f"held out: {hits} of {int(held.sum())} answered as labelled")
    digest = hashlib.sha256(model).hexdigest()
    return Built(model, digest, spec.digest, parity, int((~held).sum()), int(held.sum()), hits)


def _training(spec: BuildSpec, rows: Any, labels: Any) -> tuple[Any, Any]:
    if spec.image is None or not spec.augment:
        return rows, labels
    first = spec.features[0]
    bounds = (
        float(first.low) if first.low is not None else float(rows.min()),
        float(first.high) if first.high is not None else float(rows.max()),
    )
    return augment(rows, labels, spec.augment, spec.image, bounds, spec.seed)


def _enough(labels: Any, held: int) -> None:
    if len(set(labels.tolist())) < 2 or not held:
        raise refuse(
            "too_few",
            Text(
                "After holding rows back there is too little to learn from.", "留出验证行后，训练数据不足。"
            ),
            "split",
            Text("Give more data or another share.", "请增加数据或调整留出比例。"),
        )


def _export(trained: Any, spec: BuildSpec, width: int) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    order = [str(c) for c in trained.classes_]
    if sorted(order) != sorted(spec.labels):
        raise refuse(
            "labels",
            Text("Not every label occurs in the training rows.", "训练数据未覆盖全部标签。"),
            "labels",
        )
    proto = to_onnx(
        trained,
        initial_types=[("input", FloatTensorType([None, width]))],
        options={id(trained): {"zipmap": False}},
        target_opset=OPSET,
    )
    proto.graph.name = "hutong-build"
    proto.doc_string = ""
    proto.producer_version = ""
    content: bytes = proto.SerializeToString(deterministic=True)
    return content
