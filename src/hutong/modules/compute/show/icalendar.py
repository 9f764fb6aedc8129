"""Events as an iCalendar file (RFC 5545, Internet Calendaring and Scheduling Core Object Specification)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

# Longest line in octets, its break excluded (RFC 5545, 3.1).
LONGEST = 75


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event. uid: the same for ever; revision grows with each change; confirmed: False once it is called off."""

    uid: str
    stamp: datetime
    begins: datetime
    ends: datetime
    summary: str
    description: str
    location: str
    revision: int
    confirmed: bool = True


def icalendar(name: str, events: Iterable[CalendarEvent]) -> bytes:
    """The file, UTF-8, lines broken by CRLF and folded at 75 octets; times in UTC."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Hutong//Computing//EN",
        f"X-WR-CALNAME:{escaped(name)}",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def _event(event: CalendarEvent) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"DTSTAMP:{_utc(event.stamp)}",
        f"DTSTART:{_utc(event.begins)}",
        f"DTEND:{_utc(event.ends)}",
        f"SEQUENCE:{event.revision}",
        f"STATUS:{'CONFIRMED' if event.confirmed else 'CANCELLED'}",
        f"SUMMARY:{escaped(event.summary)}",
        f"DESCRIPTION:{escaped(event.description)}",
        f"LOCATION:{escaped(event.location)}",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    """A value of type TEXT (3.3.11): backslash, semicolon, comma and line breaks are escaped, other controls left out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for mark in ("\\", ";", ","):
        plain = plain.replace(mark, f"\\{mark}")
    return "".join("\\n" if c == "\n" else c for c in plain if c == "\n" or (c >= " " and c != "\x7f"))


def folded(line: str) -> bytes:
    """A content line with its break; longer ones go on in lines that begin with a space, no character cut in two."""
    parts: list[bytes] = []
    part = b""
    for character in line:
        octets = character.encode("utf-8", "replace")
        room = LONGEST if not parts else LONGEST - 1
        if len(part) + len(octets) > room:
            parts.append(part)
            part = b""
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
