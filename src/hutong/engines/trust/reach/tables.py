"""Tables from files: CSV or Parquet with a header, or NPZ without objects; nothing that could run code is read."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

Table = dict[str, NDArray[Any]]
TABLES = (".csv", ".parquet", ".npz")
LARGEST = 2**32
_FORMS = Text("Give CSV or Parquet with a header, or NPZ.", "请提供带表头的CSV、Parquet或NPZ文件。")


def table_of(content: bytes, suffix: str, name: str = "") -> Table:
    """Columns by name. `Invalid` data.form where the bytes cannot be read as a table of that kind."""
    try:
        if suffix == ".npz":
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return {column: arrays[column] for column in arrays.files}
        return _arrow(content, suffix)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        what = Text("The table {f} cannot be read.", "无法读取数据表{f}。").format(f=name)
        raise refuse("data.form", what, _FORMS, "data") from error


def _arrow(content: bytes, suffix: str) -> Table:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        source = pa.BufferReader(content)
        read = parquet.read_table(source) if suffix == ".parquet" else csv.read_csv(source)
    except pa.ArrowException as error:
        raise ValueError("table") from error
    return {name: read.column(name).to_numpy(zero_copy_only=False) for name in read.column_names}
