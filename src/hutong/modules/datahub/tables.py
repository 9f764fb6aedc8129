"""Files of rows: reading what is uploaded, writing Parquet whose bytes repeat, and the manifest of a version."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

PARQUET_MAGIC = b"PAR1"
ENCODINGS = ("utf-8-sig", "gb18030")


def _refuse(what: Text, rule: str) -> Invalid:
    remedy = Text(
        "Upload a Parquet file, or a CSV file with a heading of different names.",
        "请上传Parquet文件，或首行列名互不相同的CSV文件。",
    )
    return Invalid(what, rule=f"table.{rule}", remedy=remedy, field="file")


def read_table(path: Path) -> pa.Table:
    """Rows of a Parquet or CSV file (UTF-8 or GB18030). Raises `Invalid`."""
    content = path.read_bytes()
    try:
        table = pq.read_table(io.BytesIO(content)) if content[:4] == PARQUET_MAGIC else _csv(content)
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as problem:
        words = str(problem).splitlines()[0][:160]
        raise _refuse(
            Text("The file cannot be read as rows: {p}", "文件无法读取为数据行：{p}").format(p=words),
            "unreadable",
        ) from None
    if not table.num_rows or not table.num_columns:
        raise _refuse(Text("The file holds no rows.", "文件不含数据行。"), "empty")
    if len(set(table.column_names)) != table.num_columns or not all(n.strip() for n in table.column_names):
        raise _refuse(Text("Column names are empty or repeated.", "列名为空或重复。"), "names")
    return table


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


def manifest(table: pa.Table, file_sha256: str) -> dict[str, Any]:
    """What a version holds, without its rows: per column the type, empty cells, least and largest as text, how many
    different values, and for few of them how often each occurs. No floats: decimals are text."""
    return {
        "format": "hutong-manifest/1",
        "file_sha256": file_sha256,
        "rows": table.num_rows,
        "columns": [_column(name, table.column(name)) for name in table.column_names],
    }


def _column(name: str, values: pa.ChunkedArray) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "type": str(values.type), "empty": values.null_count}
    if pa.types.is_floating(values.type):
        found["not_finite"] = sum(1 for v in values.to_pylist() if v is not None and not math.isfinite(v))
    if pa.types.is_primitive(values.type) or pa.types.is_string(values.type):
        limits = pc.min_max(values)
        found["least"], found["largest"] = (_text(limits[k].as_py()) for k in ("min", "max"))
    different = pc.count_distinct(values).as_py()
    found["different"] = different
    if different <= 20:
        counted = values.value_counts().to_pylist()
        found["counts"] = [
            [_text(c["values"]), c["counts"]] for c in sorted(counted, key=lambda c: str(c["values"]))
        ]
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
