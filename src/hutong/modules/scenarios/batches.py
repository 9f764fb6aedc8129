"""A batch of pilot records from a file: JSON list of objects or Parquet, checked row by row, never trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hutong.kernel.clock import parse_instant
from hutong.kernel.errors import HutongError, Invalid
from hutong.kernel.text import Text

COLUMNS = ("input_sha256", "answer", "truth", "latency_us", "at")
MOST_ROWS = 200_000
LONGEST = 200
SLOWEST_US = 10**12
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a batch; truth is empty while unknown."""

    input_sha256: str
    answer: str
    truth: str
    latency_us: int
    at: datetime


def read_batch(path: Path, opened: datetime, closed: datetime) -> list[Row]:
    """The rows of a stored file, each between the start of the pilot and now. `Invalid` names row and column."""
    raw = _parquet(path) if path.read_bytes()[:4] == b"PAR1" else _json(path)
    rows = [_row(number, given, opened, closed) for number, given in enumerate(raw)]
    if not rows:
        raise _refused("empty", Text("The file holds no record.", "文件中没有记录。"))
    seen: set[tuple[str, datetime]] = set()
    for number, row in enumerate(rows):
        key = (row.input_sha256, row.at)
        if key in seen:
            raise _refused(
                "twice", Text("Row {n} repeats an earlier row.", "第{n}行与前面的行重复。"), n=number
            )
        seen.add(key)
    return rows


def _parquet(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise _refused(
            "parquet", Text("The file is not readable Parquet.", "该文件不是可读的 Parquet。")
        ) from None
    _limit(file.metadata.num_rows)
    if set(file.schema_arrow.names) != set(COLUMNS):
        raise _columns(file.schema_arrow.names)
    return file.read().to_pylist()  # type: ignore[no-any-return]


def _json(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        raise _refused(
            "json", Text("The file is neither JSON nor Parquet.", "该文件既不是 JSON 也不是 Parquet。")
        ) from None
    if not isinstance(raw, list):
        raise _refused("list", Text("The file holds no list of records.", "文件内容不是记录列表。"))
    _limit(len(raw))
    return raw


def _limit(rows: int) -> None:
    if rows > MOST_ROWS:
        raise _refused("rows", Text("A batch holds at most {n} rows.", "每批最多{n}行。"), n=MOST_ROWS)


def _row(number: int, given: Any, opened: datetime, closed: datetime) -> Row:
    if not isinstance(given, Mapping) or set(given) != set(COLUMNS):
        raise _columns(given if isinstance(given, Mapping) else ())
    digest, latency = given["input_sha256"], given["latency_us"]
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _cell(number, "input_sha256")
    if type(latency) is not int or not 0 <= latency <= SLOWEST_US:
        raise _cell(number, "latency_us")
    answer, truth = _label(number, "answer", given["answer"]), _label(number, "truth", given["truth"] or "")
    if not answer:
        raise _cell(number, "answer")
    return Row(digest, answer, truth, latency, _moment(number, given["at"], opened, closed))


def _label(number: int, column: str, raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > LONGEST or not raw.isprintable():
        raise _cell(number, column)
    return raw


def _moment(number: int, raw: Any, opened: datetime, closed: datetime) -> datetime:
    try:
        at = parse_instant(raw, field="at")
    except HutongError:
        raise _cell(number, "at") from None
    if not opened <= at <= closed:
        raise _refused(
            "outside",
            Text("Row {n} lies outside the time of the pilot.", "第{n}行的时间不在试点期间内。"),
            n=number,
        )
    return at


def _cell(number: int, column: str) -> Invalid:
    return _refused("cell", Text("Row {n}: “{c}” is not valid.", "第{n}行：“{c}”无效。"), n=number, c=column)


def _columns(found: Iterable[object]) -> Invalid:
    shown = ", ".join(sorted(str(f) for f in found)) or "-"
    return _refused("columns", Text("The columns are {f}.", "现有列为 {f}。"), f=shown)


def _refused(rule: str, what: Text, **fields: object) -> Invalid:
    return Invalid(
        what.format(**fields),
        rule=f"pilot.batch.{rule}",
        remedy=Text(
            "Give the columns {c}: digest in hex, two short texts (truth may be empty), whole microseconds, a time with zone.",
            "请提供列 {c}：十六进制摘要、两个短文本（truth 可为空）、整数微秒、带时区的时间。",
        ).format(c=", ".join(COLUMNS)),
        field="records",
    )
