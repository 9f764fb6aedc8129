"""The rows an evaluation works on: checked, of known types, with a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.types import System, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

Rows = NDArray[np.float32]
Codes = NDArray[np.int64]
KEYS = ("features", "labels", "groups", "train_features", "train_labels")


@dataclass(frozen=True, slots=True)
class Data:
    """features: (n, d) float32. labels: (n,) positions in `System.labels`. groups: attribute -> (n,) names.

    train_*: what the model was trained on, if its owner gives it. digest: over all of it.
    """

    features: Rows
    labels: Codes
    groups: Mapping[str, NDArray[np.str_]] = field(hash=False)
    train_features: Rows | None
    train_labels: Codes | None
    digest: str

    @property
    def n(self) -> int:
        return len(self.labels)


def data_of(columns: Mapping[str, object], system: System) -> Data:
    """Check and type the columns (`KEYS`; the first two are needed). `Invalid` names the column that is wrong."""
    for key in columns:
        if key not in KEYS:
            raise refuse("data.key", Text("Unknown part of the data.", "数据中存在未知部分。"), where=key)
    groups = columns.get("groups") or {}
    if not isinstance(groups, Mapping):
        raise refuse(
            "data.groups", Text("Groups are not columns by name.", "分组应为按名称给出的列。"), where="groups"
        )
    features = _features(columns.get("features"), system, "features")
    labels = _labels(columns.get("labels"), system, len(features), "labels")
    train = columns.get("train_features")
    train_features = None if train is None else _features(train, system, "train_features")
    train_labels = (
        None
        if train_features is None
        else _labels(columns.get("train_labels"), system, len(train_features), "train_labels")
    )
    named = {str(k): _names(v, len(features), str(k)) for k, v in groups.items()}
    return Data(
        features,
        labels,
        named,
        train_features,
        train_labels,
        _digest(features, labels, named, train_features, train_labels),
    )


def _features(value: object, system: System, where: str) -> Rows:
    try:
        wide = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise refuse(
            "data.features", Text("The rows are not numbers.", "数据行不是数值。"), where=where
        ) from error
    if wide.ndim != 2 or wide.shape[1] != system.domain.width or not len(wide):
        what = Text("The rows do not have {n} columns.", "数据行的列数不是{n}。").format(
            n=system.domain.width
        )
        raise refuse("data.shape", what, where=where)
    if not np.isfinite(wide).all():
        raise refuse(
            "data.finite", Text("A row holds no number or infinity.", "数据行含有空值或无穷值。"), where=where
        )
    rows: Rows = wide.astype(np.float32)
    if np.any((rows != wide) & (np.rint(wide) == wide)):
        # Identifiers of 64 bits would be silently merged.
        raise refuse(
            "data.precision",
            Text("A whole number is too large for the model.", "整数超出模型数值精度。"),
            where=where,
        )
    return rows


def _labels(value: object, system: System, n: int, where: str) -> Codes:
    names = np.asarray(value).astype(str) if value is not None else np.array([], dtype=str)
    if names.shape != (n,):
        raise refuse(
            "data.labels", Text("There is not one label for each row.", "标签与数据行数不一致。"), where=where
        )
    codes = np.full(n, -1, dtype=np.int64)
    for position, label in enumerate(system.labels):
        codes[names == label] = position
    if (codes < 0).any():
        found = str(names[codes < 0][0])[:40]
        what = Text("The label {v} is not declared.", "标签{v}未声明。").format(v=found)
        raise refuse("data.label", what, where=where)
    return codes


def _names(value: object, n: int, where: str) -> NDArray[np.str_]:
    raw = np.asarray(value)
    if raw.shape != (n,):
        raise refuse(
            "data.group", Text("The groups do not match the rows.", "分组与数据行数不一致。"), where=where
        )
    if (raw.dtype.kind == "f" and np.isnan(raw).any()) or (
        raw.dtype.kind == "O" and any(v is None or v != v for v in raw)
    ):
        # A person whose group is not known must not drop out of the comparison.
        what = Text("The group of some rows is missing.", "部分数据行缺少分组信息。")
        raise refuse(
            "data.group_missing", what, Text("Name a group for unknown.", "请将未知者单列为一组。"), where
        )
    return raw.astype(str)


def _digest(
    features: Rows,
    labels: Codes,
    groups: Mapping[str, NDArray[np.str_]],
    train: Rows | None,
    train_labels: Codes | None,
) -> str:
    def one(array: NDArray[np.float32] | Codes | None) -> str | None:
        if array is None:
            return None
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        return hashlib.sha256(f"{little.dtype.str}{little.shape}".encode() + little.tobytes()).hexdigest()

    return digest(
        {
            "features": one(features),
            "labels": one(labels),
            "groups": {k: digest(v.tolist()) for k, v in groups.items()},
            "train_features": one(train),
            "train_labels": one(train_labels),
        }
    )
