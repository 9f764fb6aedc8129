"""A scikit-learn classifier as a target: an object at hand; from a skops file only in the jail, of types that skops trusts."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.filewords import found, refused
from hutong.engines.trust.targets import Answered, Predictions, in_batches, label_codes
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
        return in_batches(rows, self.raw)

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, without the promise that the rows are well formed: the estimator's own checks answer."""
        return self.answer(rows).predictions(self.system)

    def answer(self, rows: Any) -> Answered:
        """What the estimator gives: labels, or probabilities in the order of `System.labels`."""
        names = [str(c) for c in self.estimator.classes_]
        table = np.asarray(rows) if np.asarray(rows).dtype.kind not in "fiu" else np.asarray(rows, np.float64)
        if self.access == "scores":
            columns = [names.index(label) for label in self.system.labels]
            given = np.asarray(self.estimator.predict_proba(table), dtype=np.float64)
            return Answered(probabilities=given[:, columns])
        return Answered(label_codes(np.asarray(self.estimator.predict(table)).astype(str), self.system))


def estimator_of(file: bytes, types: tuple[str, ...]) -> Any:
    """The estimator of a skops file, loaded here: only ever called in the jail (`keeping`). types: named by the file.

    It is loaded only if skops itself trusts every type in it, and then with nothing added to its list. `Invalid`:
    file.skops_missing, file.skops_types, file.skops_form.
    """
    try:
        skops = importlib.import_module("skops.io")
    except ImportError as error:
        raise refused(found("file.skops_missing", details=[{"type": t} for t in types])) from error
    try:
        unknown = sorted(str(t) for t in skops.get_untrusted_types(data=file))
        if unknown:
            details = [{"type": t} for t in unknown]
            raise refused(found("file.skops_types", ", ".join(unknown[:4]), details))
        return skops.loads(file, trusted=[])
    except (KeyError, TypeError, ValueError, AttributeError, ImportError, RecursionError) as error:
        raise refused(found("file.skops_form")) from error
