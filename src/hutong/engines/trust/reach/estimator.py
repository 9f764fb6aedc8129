"""A scikit-learn classifier as a target: an object at hand, or a skops file whose every type is on skops' trusted list."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.filewords import found, refused
from hutong.engines.trust.reach.jail import USUAL, Limits, inspect_file
from hutong.engines.trust.targets import BATCH, OnnxTarget, Predictions, decide, open_model
from hutong.engines.trust.types import System, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class EstimatorTarget:
    """A fitted classifier with `predict` and, for scores, `predict_proba`. digest: SHA-256 of the file it came from.

    Rows go in as float64, as scikit-learn computes; columns of scores are put into the order of `System.labels`.
    """

    estimator: Any = field(hash=False)
    system: System
    digest: str

    def __post_init__(self) -> None:
        classes = getattr(self.estimator, "classes_", None)
        if classes is None or not hasattr(self.estimator, "predict"):
            raise refuse(
                "model.form", Text("This is no fitted classifier.", "不是已训练的分类器。"), where="model"
            )
        if {str(c) for c in classes} != set(self.system.labels):
            what = Text("The model's labels are not those declared.", "模型标签与声明不一致。")
            raise refuse("output.labels", what, where="model")

    @property
    def access(self) -> str:
        return "scores" if hasattr(self.estimator, "predict_proba") else "labels"

    def predict(self, rows: Rows) -> Predictions:
        """`Invalid` with rule output.* when the model's answer is not a label or probabilities."""
        if not len(rows):
            return Predictions(np.empty(0, np.int64), None)
        parts = [self.raw(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH)]
        scores = [p.scores for p in parts if p.scores is not None]
        labels = np.concatenate([p.labels for p in parts])
        return Predictions(labels, np.concatenate(scores) if scores else None)

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, without the promise that the rows are well formed: the estimator's own checks answer."""
        names = [str(c) for c in self.estimator.classes_]
        table = np.asarray(rows) if np.asarray(rows).dtype.kind not in "fiu" else np.asarray(rows, np.float64)
        if self.access == "scores":
            columns = [names.index(label) for label in self.system.labels]
            given = np.asarray(self.estimator.predict_proba(table), dtype=np.float64)
            return decide(given[:, columns], self.system)
        answered = np.asarray(self.estimator.predict(table)).astype(str)
        return Predictions(label_codes(answered, self.system), None)


def label_codes(names: Any, system: System) -> Any:
    """(n,) positions in `System.labels` of (n,) names, -1 for a name not declared."""
    codes = np.full(len(names), -1, dtype=np.int64)
    for position, label in enumerate(system.labels):
        codes[np.asarray(names) == label] = position
    return codes


def open_skops(file: bytes, system: System, limits: Limits = USUAL) -> EstimatorTarget:
    """The estimator of a skops file. `Invalid` under the name of the finding: file.skops_missing, file.skops_types,
    file.pickle, file.archive_*, jail.*.

    The file is looked at in the jail first; it is loaded only if skops itself trusts every type in it, and then
    with nothing added to its list.
    """
    inspection = inspect_file(file, limits)
    if inspection.finding is not None:
        raise refused(inspection.finding)
    if inspection.kind != "skops":
        raise refused(found("file.archive_kind"))
    return _load(file, inspection.types, system)


def _load(file: bytes, types: tuple[str, ...], system: System) -> EstimatorTarget:
    try:
        skops = importlib.import_module("skops.io")
    except ImportError as error:
        raise refused(found("file.skops_missing", details=[{"type": t} for t in types])) from error
    try:
        unknown = sorted(str(t) for t in skops.get_untrusted_types(data=file))
        if unknown:
            details = [{"type": t} for t in unknown]
            raise refused(found("file.skops_types", ", ".join(unknown[:4]), details))
        estimator = skops.loads(file, trusted=[])
    except (KeyError, TypeError, ValueError, AttributeError, ImportError, RecursionError) as error:
        raise refused(found("file.skops_form")) from error
    return EstimatorTarget(estimator, system, hashlib.sha256(file).hexdigest())


def open_file(path: Path, system: System, limits: Limits = USUAL) -> EstimatorTarget | OnnxTarget:
    """A target from a foreign file: ONNX or skops, looked at in the jail before anything of it is loaded.

    `Invalid` under the name of the finding (`filewords.WORDS`), or of `targets.open_model`.
    """
    if path.stat().st_size > limits.largest:
        raise refused(found("file.size"))
    # Read once: what was looked at is what is loaded, whatever becomes of the path.
    file = path.read_bytes()
    inspection = inspect_file(file, limits)
    if inspection.finding is not None:
        raise refused(inspection.finding)
    if inspection.kind == "skops":
        return _load(file, inspection.types, system)
    return open_model(file, system)
