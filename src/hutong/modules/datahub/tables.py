"""Files of rows: reading what is uploaded, writing Parquet whose bytes repeat, and the manifest of a version."""

from __future__ import annotations

import io
import math
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from hutong.kernel.errors import Invalid
from hutong.kernel.normalise import clean_text
from hutong.kernel.text import Text

PARQUET_MAGIC = b"PAR1"
ENCODINGS = ("utf-8-sig", "gb18030")
FEW = 20
BINS = 12
LONGEST_NAME = 200


def _refuse(what: Text, rule: str) -> Invalid:
    remedy = Text(
        "Upload a Parquet file, or a CSV file with a heading of different names.",
        "请上传Parquet文件，或首行列名互不相同的CSV文件。",
    )
    return Invalid(what, rule=f"table.{rule}", remedy=remedy, field="file")


def read_table(content: bytes) -> pa.Table:
    """Rows of a Parquet or CSV file (UTF-8 or GB18030), their columns named as an input may name them. Raises
    `Invalid`."""
    try:
        parquet = content[:4] == PARQUET_MAGIC
        table = pq.ParquetFile(io.BytesIO(content)).read() if parquet else _csv(content)
        # Parquet does not look at what it reads: a text may hold bytes that are none, a list may point outside.
        table.validate(full=True)
        given = table.column_names
    except (pa.ArrowException, OSError, ValueError) as problem:
        words = (str(problem).splitlines() or [""])[0][:160]
        raise _refuse(
            Text("The file cannot be read as rows: {p}", "文件无法读取为数据行：{p}").format(p=words),
            "unreadable",
        ) from None
    if not table.num_rows or not table.num_columns:
        raise _refuse(Text("The file holds no rows.", "文件不含数据行。"), "empty")
    names = [clean_text(name, field="file", max_length=LONGEST_NAME, required=False) for name in given]
    if len(set(names)) != len(names) or not all(names):
        raise _refuse(Text("Column names are empty or repeated.", "列名为空或重复。"), "names")
    return table.rename_columns(names)


def _csv(content: bytes) -> pa.Table:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return csv.read_csv(io.BytesIO(text.encode()))
    raise _refuse(
        Text("The file is neither UTF-8 nor GB18030.", "文件编码既非UTF-8也非GB18030。"), "encoding"
    )


def parquet_bytes(table: pa.Table) -> bytes:
    """The rows as Parquet; the same rows give the same bytes under one version of the writer."""
    sink = io.BytesIO()
    plain = table.replace_schema_metadata(None)
    pq.write_table(plain, sink, compression="zstd", version="2.6", write_statistics=True, store_schema=False)
    return sink.getvalue()


def manifest(table: pa.Table, file_sha256: str, *, values: bool = True) -> dict[str, Any]:
    """What a version holds, without its rows: per column the type, empty cells, least and largest as text, how many
    different values, for few of them how often each occurs, and for many numbers how they spread. No floats: decimals are text.

    values: whether values may be told. Least, largest and counts of a column of names are its rows.
    """
    return {
        "format": "hutong-manifest/1",
        "file_sha256": file_sha256,
        "rows": table.num_rows,
        "columns": [_column(name, table.column(name), values) for name in table.column_names],
    }


def _column(name: str, cells: pa.ChunkedArray, values: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "type": str(cells.type), "empty": _empty(cells)}
    if pa.types.is_floating(cells.type):
        found["not_finite"] = sum(1 for v in cells.to_pylist() if v is not None and not math.isfinite(v))
    # Arrow neither orders nor counts lists, objects and a few others: of these only the above is told.
    with suppress(pa.ArrowNotImplementedError):
        found["different"] = pc.count_distinct(cells).as_py()
        if values:
            found |= _values(cells, found["different"])
    return found


def _empty(cells: pa.ChunkedArray) -> int:
    """Cells without a value; a text of no characters, as CSV leaves it in a column of text, is none."""
    blank = int(pc.sum(pc.equal(cells, "")).as_py() or 0) if pa.types.is_string(cells.type) else 0
    return int(cells.null_count) + blank


def _values(cells: pa.ChunkedArray, different: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if pa.types.is_primitive(cells.type) or pa.types.is_string(cells.type):
        limits = pc.min_max(cells)
        found["least"], found["largest"] = _text(limits["min"]), _text(limits["max"])
    if different > FEW and _numeric(cells.type):
        found["bins"] = _bins(cells)
    if different <= FEW:
        counted = [(_text(c["values"]), c["counts"].as_py()) for c in cells.value_counts()]
        found["counts"] = [list(c) for c in sorted(counted, key=lambda c: str(c[0]))]
    return found


def _numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _bins(cells: pa.ChunkedArray) -> list[int]:
    """How many values lie in each of `BINS` equal ranges from the least to the largest; infinities lie in none."""
    values = np.asarray(cells.drop_null().to_numpy(), dtype=float)
    finite = values[np.isfinite(values)]
    return [int(n) for n in np.histogram(finite, bins=BINS)[0]] if finite.size else []


def _text(value: pa.Scalar) -> str | None:
    try:
        plain = value.as_py()
    except (ValueError, OverflowError):
        # A moment that Python has no date for, or finer than its microseconds.
        plain = value.cast(pa.string()).as_py()
    return None if plain is None else str(plain)
