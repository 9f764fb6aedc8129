"""A scikit-learn classifier as ONNX, so that it can be taken apart; and whether it is still the same model.

ONNX computes in float32, where a threshold may fall on the other side: the conversion is another artefact, and stands for the
first only where both answer alike on every row compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.estimator import EstimatorTarget
from hutong.engines.trust.targets import OnnxTarget, Predictions, Target, open_model
from hutong.engines.trust.types import Finding, refuse
from hutong.kernel.text import Text

# Scores are whole millionths; float32 may move the last of them.
_SLACK = 2


@dataclass(frozen=True, slots=True)
class Converted:
    """target: the ONNX model. finding: `parity` of both on the rows that were given."""

    target: OnnxTarget
    finding: Finding = field(hash=False)


def to_onnx(target: EstimatorTarget, rows: Rows) -> Converted:
    """Convert (skl2onnx) and compare on all rows (n, d). `Invalid` model.convert where no converter knows the model."""
    import skl2onnx

    final = target.estimator.steps[-1][1] if hasattr(target.estimator, "steps") else target.estimator
    try:
        made = skl2onnx.to_onnx(target.estimator, rows[:1], options={type(final): {"zipmap": False}})
    except Exception as error:  # skl2onnx raises whatever its converters raise
        what = Text("The model cannot be converted to ONNX.", "模型无法转换为ONNX。")
        raise refuse("model.convert", what, where="model") from error
    # In this process: the graph was made here, from an estimator that is here already.
    onnx = open_model(bytes(made.SerializeToString()), target.system)
    return Converted(onnx, parity(target, onnx, rows))


def parity(first: Target, second: Target, rows: Rows) -> Finding:
    """model.parity: "pass" if labels are equal on all rows and scores within 2 millionths, "fail" with the first rows that
    differ, "not_run" without a row."""
    if not len(rows):
        return Finding("model.parity", "not_run", Text("no row to compare", "无可比较的样本"), n=0)
    a, b = first.predict(rows), second.predict(rows)
    other = np.flatnonzero(a.labels != b.labels)
    apart = _apart(a, b)
    words = Text(
        "{k} of {n} rows get another label; scores differ by {m} millionths at most",
        "{n}行中有{k}行标签不同；分数最大相差百万分之{m}",
    ).format(k=len(other), n=len(rows), m=apart)
    state = len(other) == 0 and apart <= _SLACK
    details = tuple(
        {"row": int(i), "first": int(a.labels[i]), "second": int(b.labels[i])} for i in other[:20]
    )
    return Finding("model.parity", "pass" if state else "fail", words, n=len(rows), details=details)


def _apart(a: Predictions, b: Predictions) -> int:
    return 0 if a.scores is None or b.scores is None else int(np.abs(a.scores - b.scores).max())
