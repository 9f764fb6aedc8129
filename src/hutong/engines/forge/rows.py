"""Rows as a model sees them: the input matrix, the labels, the groups, which rows are held back, the edges."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hutong.engines.forge.spec import BuildSpec, Feature, refuse
from hutong.kernel.text import Text

Matrix = NDArray[np.float32]


def _column(table: pa.Table, name: str, where: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise refuse(
            "column_missing",
            Text("The data has no column “{c}”.", "数据中没有列“{c}”。").format(c=name[:60]),
            where,
            Text("Columns are: {k}.", "可用列：{k}。").format(k=", ".join(table.column_names[:40])),
        )
    column = table.column(name)
    if column.null_count:
        raise refuse(
            "nulls",
            Text("Column “{c}” has {n} empty cells.", "列“{c}”有{n}个空值。").format(
                c=name, n=column.null_count
            ),
            where,
            Text(
                "Fill or leave out these rows in a new version of the data.",
                "请在新数据版本中补齐或剔除这些行。",
            ),
        )
    return column


def matrix(table: pa.Table, spec: BuildSpec) -> Matrix:
    """The inputs as (rows, features) float32, words coded as the specification says. Raises `Invalid`."""
    return np.column_stack([_coded(table, feature) for feature in spec.features]).astype(np.float32)


def _coded(table: pa.Table, feature: Feature) -> NDArray[np.float64]:
    column = _column(table, feature.column, "features")
    if feature.values is not None:
        codes = dict(feature.values)
        try:
            return np.array([codes[str(v)] for v in column.to_pylist()], dtype=np.float64)
        except KeyError as unknown:
            raise refuse(
                "value_unknown",
                Text("Column “{c}” holds {v}, which has no code.", "列“{c}”含有未编码的取值{v}。").format(
                    c=feature.column, v=str(unknown)[:40]
                ),
                "features.values",
            ) from None
    try:
        numbers = np.asarray(column.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(
            "numbers",
            Text("Column “{c}” is not of numbers.", "列“{c}”不是数值列。").format(c=feature.column),
            "features",
        ) from None
    if not np.isfinite(numbers).all():
        raise refuse(
            "finite",
            Text("Column “{c}” holds NaN or infinity.", "列“{c}”含有NaN或无穷值。").format(c=feature.column),
            "features",
        )
    return numbers


def labels_of(table: pa.Table, spec: BuildSpec) -> NDArray[np.str_]:
    """The label of each row as text. Raises `Invalid` for one that is not declared."""
    found = np.array([str(v) for v in _column(table, spec.target, "target").to_pylist()])
    unknown = sorted(set(found) - set(spec.labels))
    if unknown:
        raise refuse(
            "label_unknown",
            Text("The label {v} is not declared.", "标签{v}未声明。").format(v=unknown[0][:40]),
            "labels",
        )
    return found


def groups_of(table: pa.Table, spec: BuildSpec) -> dict[str, NDArray[np.str_]]:
    """The groups of each row by sensitive column."""
    return {
        name: np.array([str(v) for v in _column(table, name, "groups").to_pylist()]) for name in spec.groups
    }


def holdout_mask(rows: int, spec: BuildSpec) -> NDArray[np.bool_]:
    """Which rows are held back from training: row i when SHA-256(seed | i) as a fraction of 2^64 is below the share.

    It depends on the seed, the share and the row's place in the immutable version only: anyone can repeat it.
    """
    bar = int(spec.holdout * Fraction(1 << 64))
    marks = (hashlib.sha256(f"{spec.seed}|{i}".encode()).digest()[:8] for i in range(rows))
    return np.array([int.from_bytes(m, "big") < bar for m in marks], dtype=np.bool_)


def boundary_rows(rows: Matrix, spec: BuildSpec) -> Matrix:
    """Rows at the edges: the median row with each input in turn at its least, its largest, zero, and a hair beside."""
    middle = np.median(rows, axis=0)
    made = [middle]
    for i, feature in enumerate(spec.features):
        low = float(feature.low) if feature.low is not None else float(rows[:, i].min())
        high = float(feature.high) if feature.high is not None else float(rows[:, i].max())
        for value in dict.fromkeys((low, high, 0.0, low + 1e-3, high - 1e-3)):
            edge = middle.copy()
            edge[i] = value
            made.append(edge)
    corners = [np.full_like(middle, 0.0), rows.min(axis=0), rows.max(axis=0)]
    return np.array([*made, *corners], dtype=np.float32)
