"""The side of the jailed child: one model, opened behind the walls, answers tables of rows until its input ends.

Two kinds of model are kept: an ONNX graph run by onnxruntime on one thread, and a scikit-learn estimator of types that
skops trusts. What comes back is labels or probabilities as numbers; rules, words and verdicts are made outside.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import numpy as np

from hutong.engines.trust.reach.estimator import EstimatorTarget, estimator_of
from hutong.engines.trust.reach.frames import BrokenFrame, packed, table_in
from hutong.engines.trust.reach.look import look
from hutong.engines.trust.targets import Answered, OnnxTarget
from hutong.engines.trust.types import Column, Domain, System
from hutong.kernel.errors import Invalid

# Loaded before the walls, so that what these need of the machine is in place; a skops file may name any of the latter.
NEEDED: dict[str, tuple[str, ...]] = {
    "onnx": ("onnxruntime",),
    "skops": (
        "skops.io", "sklearn.calibration", "sklearn.compose", "sklearn.discriminant_analysis", "sklearn.ensemble",
        "sklearn.feature_selection", "sklearn.gaussian_process", "sklearn.impute", "sklearn.linear_model",
        "sklearn.naive_bayes", "sklearn.neighbors", "sklearn.neural_network", "sklearn.pipeline", "sklearn.svm",
    ),
}  # fmt: skip
Frame = tuple[dict[str, Any], bytes]


class Model(Protocol):
    @property
    def access(self) -> str: ...
    def answer(self, rows: Any) -> Answered: ...


def prepare(kind: str) -> None:
    """Import what this kind of model needs. What is not installed is told when the file is opened."""
    for name in NEEDED[kind]:
        try:
            importlib.import_module(name)
        except ImportError:
            return


def keep(kind: str, frames: Iterator[Frame], tell: Callable[[bytes], None]) -> None:
    """Answer every frame with one. {"do": "open"} brings a model file and names it; {"do": "ask"} rows for a named one."""
    models: dict[int, Model] = {}
    with _sequential(kind):
        for head, body in frames:
            try:
                if head["do"] == "open":
                    tell(_open(kind, models, head, body))
                else:
                    tell(_answer(models[int(head["model"])], table_in(head, body)))
            except BrokenFrame:
                raise
            except Invalid as refusal:
                tell(packed({"rule": refusal.rule, "what": refusal.what.as_json()}))
            except MemoryError:
                tell(packed({"rule": "jail.memory"}))
            except Exception as error:
                # The model's own way to refuse an input: its family has no common base.
                tell(packed({"declined": type(error).__name__[:80]}))


def _open(kind: str, models: dict[int, Model], head: dict[str, Any], file: bytes) -> bytes:
    seen: Any = look(file)
    if seen["finding"] is not None:
        return packed({"finding": seen["finding"]})
    if seen["kind"] != kind:
        return packed({"rule": "file.kind"})
    system = _system([str(v) for v in head["labels"]])
    models[int(head["model"])] = made = (
        OnnxTarget(file, system)
        if kind == "onnx"
        else EstimatorTarget(estimator_of(file, tuple(seen["types"])), system, "")
    )
    return packed({"access": made.access})


def _system(labels: list[str]) -> System:
    """Only the labels matter to a model; its rule and its domain stay outside."""
    return System("", "", Domain("table", (Column("x"),)), tuple(labels))


def _answer(model: Model, rows: Any) -> bytes:
    found = model.answer(rows)
    if found.probabilities is not None:
        wide = np.ascontiguousarray(found.probabilities, dtype="<f8")
        return packed({"scores": wide.shape[1] if wide.ndim == 2 else 0, "n": len(wide)}, wide.tobytes())
    codes = np.ascontiguousarray(found.labels, dtype="<i8")
    return packed({"scores": 0, "n": len(codes)}, codes.tobytes())


@contextmanager
def _sequential(kind: str) -> Iterator[None]:
    """No estimator starts threads or processes, whatever its n_jobs says: the walls allow none."""
    try:
        made = (
            importlib.import_module("joblib").parallel_config(backend="sequential")
            if kind == "skops"
            else None
        )
    except ImportError:
        made = None
    with made or nullcontext():
        yield
