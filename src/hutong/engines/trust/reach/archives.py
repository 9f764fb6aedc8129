"""Archives of strangers, read with a budget: sizes are counted while unpacking, never believed.

Refused: an archive cut off, one whose members overlap (the zip bombs of Fifield 2019, WOOT) or unpack beyond the budget, and
a member whose name leads outside. Nothing is written to disk.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from hutong.engines.trust.reach.filewords import found
from hutong.engines.trust.types import Finding

BUDGET = 512 * 2**20
MEMBERS = 20_000
_STEP = 2**20
_STREAMS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
    (b"x\x01", zlib.decompressobj),
    (b"x\x5e", zlib.decompressobj),
    (b"x\x9c", zlib.decompressobj),
    (b"x\xda", zlib.decompressobj),
)


class Refused(Exception):
    """Carries the one finding about a file."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.claim)
        self.finding = finding


def is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def stream_of(data: bytes) -> Callable[[], Any] | None:
    """The decompressor of a compressed stream, or None if this is none."""
    return next((make for start, make in _STREAMS if data.startswith(start)), None)


def inflate(data: bytes, budget: int = BUDGET) -> bytes:
    """The content of one compressed stream. `Refused` archive_bomb beyond the budget (bytes), archive_truncated."""
    make = stream_of(data)
    if make is None:
        raise Refused(found("file.kind"))
    step, parts, size = make(), [], 0
    feed = data
    try:
        while not step.eof:
            part = step.decompress(feed, _STEP)
            feed = getattr(step, "unconsumed_tail", b"")
            size += len(part)
            if size > budget:
                raise Refused(found("file.archive_bomb"))
            parts.append(part)
            if not part and not feed and not step.eof:
                raise Refused(found("file.archive_truncated"))
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise Refused(found("file.archive_truncated")) from error
    return b"".join(parts)


def members(data: bytes, budget: int = BUDGET) -> zipfile.ZipFile:
    """The zip, its directory checked. `Refused` archive_truncated, archive_bomb, archive_path."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
        raise Refused(found("file.archive_truncated")) from error
    entries = archive.infolist()
    if len(entries) > MEMBERS or sum(e.file_size for e in entries) > budget or _overlap(entries, len(data)):
        raise Refused(found("file.archive_bomb"))
    for entry in entries:
        if _leads_out(entry):
            raise Refused(found("file.archive_path", details=({"name": entry.filename[:200]},)))
    return archive


def _overlap(entries: list[zipfile.ZipInfo], size: int) -> bool:
    """Whether two members share bytes of the file, or together claim more than it has."""
    end = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < end:
            return True
        end = entry.header_offset + 30 + len(entry.orig_filename) + entry.compress_size
    return end > size


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    return link or name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/")


def take(archive: zipfile.ZipFile, name: str, budget: int = BUDGET) -> bytes:
    """One member. `Refused` as `members`; a size that lies is found by counting."""
    parts, size = [], 0
    try:
        with archive.open(name) as member:
            while part := member.read(_STEP):
                size += len(part)
                if size > budget:
                    raise Refused(found("file.archive_bomb"))
                parts.append(part)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Refused(found("file.archive_truncated")) from error
    return b"".join(parts)
