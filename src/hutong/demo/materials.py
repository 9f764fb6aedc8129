"""The real data of the journey, out of PyPI packages: nothing is downloaded, nothing is made up.

Form reader: the digits of scikit-learn (1,797 scans of 8 by 8 pixels; Alpaydin & Kaynak, UCI 1998). The last 297
scans stay out of the hub's dataset: they arrive later, as the forms of the pilot.
Release adviser: the arrests of scikit-lego (5,226 cases of Toronto 1997-2002; from R's carData).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PILOT_SCANS = 297
PIXELS = tuple(f"p{i}" for i in range(64))


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans as rows of 64 whole numbers 0 to 16, and the digit that each shows."""

    pixels: np.ndarray[Any, np.dtype[np.int64]]
    digits: np.ndarray[Any, np.dtype[np.int64]]


def scans() -> tuple[Scans, Scans]:
    """All scans in their published order: those for the dataset, and those kept back for the pilot."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    pixels, digits = loaded.data.astype(np.int64), loaded.target.astype(np.int64)
    cut = len(digits) - PILOT_SCANS
    return Scans(pixels[:cut], digits[:cut]), Scans(pixels[cut:], digits[cut:])


def scans_parquet() -> bytes:
    """The dataset of the form reader as Parquet: columns p0 to p63 and digit."""
    known, _ = scans()
    columns = {name: known.pixels[:, i] for i, name in enumerate(PIXELS)}
    return _parquet(pa.table({**columns, "digit": known.digits}))


def arrests_parquet() -> bytes:
    """The dataset of the release adviser as Parquet: all columns of the published table."""
    from sklego.datasets import load_arrests

    frame = load_arrests(as_frame=True)
    return _parquet(pa.table({str(name): frame[name].to_list() for name in frame.columns}))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
