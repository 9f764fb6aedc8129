"""Instants as integers: milliseconds of UTC since 1970-01-01, so that no civil clock can stretch or shrink a bill.

Two aware datetimes of one zone subtract by their wall clocks in Python, which is wrong by an hour over a change of
summer time; everything here goes through UTC first. Leap seconds do not exist on this scale (POSIX time).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# 9999-12-31 in milliseconds: what lies beyond is no instant of a book.
LATEST_MS = 253_402_300_799_999


def to_ms(instant: datetime, *, field: str = "instant") -> int:
    """The instant in milliseconds, rounded down.

    Raises `Invalid`: ``instant.naive`` without a zone, ``instant.gap`` for a wall-clock time that a change to summer
    time skips. An hour that happens twice is told apart by ``fold`` (PEP 495).
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise refuse(
            "instant.naive",
            Text("This time does not say its zone.", "该时间未注明时区。"),
            Text("Add it, for example +08:00 for Beijing.", "请注明时区，例如北京时间 +08:00。"),
            field,
        )
    universal = instant.astimezone(UTC)
    back = universal.astimezone(instant.tzinfo)
    if back.replace(tzinfo=None) != instant.replace(tzinfo=None):
        raise refuse(
            "instant.gap",
            Text(
                "{t} does not exist on that clock: summer time skips it.",
                "{t} 在该时区不存在（夏令时跳过）。",
            ),
            Text("Write the time with its offset from UTC.", "请以 UTC 偏移量注明时间。"),
            field,
            t=instant.replace(tzinfo=None).isoformat(),
        )
    return (universal - EPOCH) // MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + milliseconds * MILLISECOND


def say_ms(milliseconds: int) -> str:
    """ISO 8601 in UTC to the millisecond, for sentences and files."""
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
