"""Quantities of computing as people read them: counts, money, chip-time, spans and moments, in both languages."""

from __future__ import annotations

from datetime import datetime

from hutong.kernel.clock import ZONE
from hutong.kernel.quantity import HOUR, ChipTime, Money
from hutong.kernel.text import Text


def count(n: int) -> Text:
    return Text(f"{n:,}", f"{n:,}")


def counted(n: int, one: str, zh: str) -> Text:
    """A number of things: ``counted(2, "chip", "芯片")``. The English plural takes an s."""
    return Text(f"{n:,} {one}{'' if n == 1 else 's'}", f"{n:,}{zh}")


def money(fen: int) -> Text:
    """Of a price or a cost."""
    return Text(Money.of(fen).say("en"), Money.of(fen).say("zh"))


def chip_time(ms: int) -> Text:
    return Text(ChipTime.of(ms).say("en"), ChipTime.of(ms).say("zh"))


def hours(ms: int, *, signed: bool = False) -> str:
    """Chip-hours to four places, for a column whose heading has the unit; ≈ where that is rounded, half up."""
    units = (abs(ms) * 10_000 + HOUR // 2) // HOUR
    whole, part = divmod(units, 10_000)
    said = f"{whole:,}" + (f".{part:04d}".rstrip("0") if part else "")
    # A true minus, so that columns of figures stay even.
    sign = "" if not units else "\u2212" if ms < 0 else "+" if signed else ""
    exact = units * HOUR == abs(ms) * 10_000
    return f"{'' if exact else '≈ '}{sign}{said}"


def percent(part: int, whole: int) -> Text:
    """A share in percent, rounded half up, with one decimal below ten; a word where there is no whole."""
    if whole <= 0:
        return Text("undefined", "无法计算")
    tenths = (2000 * part + whole) // (2 * whole)
    if 0 < tenths < 100 and tenths % 10:
        return Text(f"{tenths // 10}.{tenths % 10} %", f"{tenths // 10}.{tenths % 10}%")
    n = (200 * part + whole) // (2 * whole)
    return Text(f"{n} %", f"{n}%")


def span(ms: int) -> Text:
    """A stretch of time in its two largest units: 3 d 4 h, 2 h 05 min, 45 s."""
    seconds = max(0, ms) // 1000
    days, hours = divmod(seconds // 3600, 24)
    minutes = seconds // 60 % 60
    if days:
        return Text(f"{days} d {hours} h", f"{days}天{hours}小时")
    if hours and not minutes:
        return Text(f"{hours} h", f"{hours}小时")
    if hours:
        return Text(f"{hours} h {minutes:02d} min", f"{hours}小时{minutes:02d}分")
    if minutes:
        return Text(f"{minutes} min", f"{minutes}分钟")
    return Text(f"{seconds} s", f"{seconds}秒")


def clock(at: datetime) -> str:
    """Beijing time to the minute, without the year: for moments near to now."""
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def stamp(at: datetime) -> str:
    """Beijing time to the minute, for a column whose heading says the zone."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
