"""Hourly series: carbon intensity of the grid (gCO2e per kWh) or tariff (fen per kWh), and forecasts of them.

The hub ships no series: an operator brings a file. ``synthetic`` makes one for tests and what-if, and is named so.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Floats = NDArray[np.float64]
HOUR = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class HourlySeries:
    """One value per hour from ``start`` (UTC, a full hour) on. ``source`` says where it came from."""

    start: datetime
    values: Floats
    unit: str
    source: str

    def slots(self, per_hour: int) -> Floats:
        """The series in slots of 1/per_hour hour: each hour's value repeated."""
        return np.repeat(self.values, per_hour)


def load_series(path: Path, column: str, unit: str) -> HourlySeries:
    """Read a CSV with columns ``time`` (ISO 8601 with UTC offset, hourly, no gap) and ``column``.

    Raises Invalid naming the line for a value that is no number, a negative one, a missing offset, a gap, a
    repetition, or what is no text. Instants are compared in UTC, so a day of 23 or 25 local hours is no gap.
    """
    rows: list[tuple[datetime, float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if column not in (reader.fieldnames or ()) or "time" not in (reader.fieldnames or ()):
                raise _wrong(1, f"the header lacks time or {column}", f"表头缺少 time 或 {column}", column)
            for line, row in enumerate(reader, 2):
                rows.append((_instant(row["time"] or "", line), _value(row[column] or "", line, column)))
    except (UnicodeDecodeError, csv.Error):
        raise _wrong(len(rows) + 2, "no text in UTF-8", "不是 UTF-8 文本", "time") from None
    if not rows:
        raise _wrong(2, "no hours", "没有任何小时数据", column)
    for line, (before, after) in enumerate(pairwise(rows), 3):
        if after[0] - before[0] != HOUR:
            raise _wrong(line, "not one hour after the line before", "与上一行相差不是一小时", "time")
    return HourlySeries(rows[0][0], np.array([value for _, value in rows]), unit, str(path.name))


def synthetic(
    hours: int, seed: int, start: datetime, mean: float = 500.0, swing: float = 0.3
) -> HourlySeries:
    """An invented series: a day's wave with a noon trough (sun) and an evening peak, times slow weather.

    value = mean x (1 + swing x (0.6 cos(2 pi (h - 20) / 24) - 0.4 cos(4 pi (h - 14) / 24)) + w), w an AR(1) process
    with a memory of 18 hours and a deviation of swing / 3; h is the hour of the day in UTC+8. No real grid is meant.
    """
    generator = np.random.default_rng(seed)
    local = (np.arange(hours) + start.hour + 8) % 24
    wave = 0.6 * np.cos(2 * np.pi * (local - 20) / 24) - 0.4 * np.cos(4 * np.pi * (local - 14) / 24)
    memory = np.exp(-1 / 18)
    shocks = generator.normal(0.0, swing / 3 * np.sqrt(1 - memory**2), hours)
    weather = np.empty(hours)
    level = 0.0
    for hour in range(hours):
        level = memory * level + shocks[hour]
        weather[hour] = level
    values = np.maximum(mean * (1 + swing * wave + weather), 0.05 * mean)
    return HourlySeries(start, values, "gCO2e/kWh", f"synthetic, seed {seed}")


def _instant(text: str, line: int) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(line, f"{text!r} is no time", f"{text!r} 不是时间", "time") from None
    if read.tzinfo is None:
        raise _wrong(line, f"{text!r} has no UTC offset", f"{text!r} 没有 UTC 偏移", "time")
    instant = read.astimezone(UTC)
    if (instant.minute, instant.second, instant.microsecond) != (0, 0, 0):
        raise _wrong(line, f"{text!r} is no full hour", f"{text!r} 不是整点", "time")
    return instant


def _value(text: str, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or value < 0:
        raise _wrong(line, f"{text!r} is no amount of at least 0", f"{text!r} 不是非负数", column)
    return value


def _wrong(line: int, en: str, zh: str, field: str) -> Invalid:
    return Invalid(
        Text(f"line {line}: {en}", f"第 {line} 行：{zh}"),
        rule="broker.carbon.series",
        remedy=Text("correct the file and import it again", "请更正文件后重新导入"),
        field=field,
    )
