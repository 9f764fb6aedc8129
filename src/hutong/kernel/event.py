"""One committed operation as the evidence log keeps it: a small header whose canonical bytes are the leaf.

The payload lies beside the header, which holds only its digest: a payload can be erased while the header's proof
survives. Personal values enter a payload as ``{"commitment": hex}`` only. The bytes of an entry are RFC 8785.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from unicodedata import is_normalized

from hutong.kernel.canonical import LARGEST_INTEGER
from hutong.kernel.errors import Invalid
from hutong.kernel.merkle import leaf_hash
from hutong.kernel.text import Text

VERSION = 1
# C2SP tlog-tiles: an entry bundle prefixes each entry with a 16-bit length.
LONGEST_ENTRY = 65_535

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").fullmatch
_INSTANT = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
).fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_PATTERNS = (("id", _UUID7), ("valid_at", _INSTANT), ("recorded_at", _INSTANT), ("payload_sha256", _SHA256))
_TEXTS = ("operation", "subject", "subject_kind", "actor")
_MAYBE_TEXTS = ("passport", "organisation", "from_state", "to_state")


@dataclass(frozen=True, slots=True)
class Event:
    """The header of one event. `seq` is its leaf number from 0; times are ISO 8601 UTC with milliseconds and Z.

    subject: code of the record ("SYS-0007"); passport: code of the system it belongs to; actor: "PER-0001" or
    "SYSTEM"; organisation: on whose behalf; valid_at: since when it is true; recorded_at: when the hub knew.
    Raises `Invalid`, naming the field, for anything that could not be read back exactly.
    """

    seq: int
    id: str
    operation: str
    subject: str
    subject_kind: str
    passport: str | None
    actor: str
    organisation: str | None
    from_state: str | None
    to_state: str | None
    valid_at: str
    recorded_at: str
    payload_sha256: str
    files: tuple[str, ...] = ()
    v: int = VERSION

    def __post_init__(self) -> None:
        bad = self._bad()
        if bad is not None:
            raise Invalid(
                Text("The event's “{f}” is not valid.", "事件的“{f}”无效。").format(f=bad),
                rule=f"event.{bad}",
                remedy=Text("Give the value as the log's format says.", "请按日志格式填写该值。"),
                field=bad,
            )

    def _bad(self) -> str | None:
        """The first field that is not as the format says, or None."""
        if type(self.seq) is not int or not 0 <= self.seq <= LARGEST_INTEGER:
            return "seq"
        if type(self.v) is not int or self.v != VERSION:
            return "v"
        if type(self.files) is not tuple or not all(type(f) is str and _SHA256(f) for f in self.files):
            return "files"
        for name, matches in _PATTERNS:
            value = getattr(self, name)
            if type(value) is not str or not matches(value):
                return name
        for name in _TEXTS:
            if not _is_text(getattr(self, name)):
                return name
        for name in _MAYBE_TEXTS:
            value = getattr(self, name)
            if value is not None and not _is_text(value):
                return name
        return None

    def as_json(self) -> dict[str, object]:
        """The header as a JSON object, `files` as a list."""
        header: dict[str, object] = {name: getattr(self, name) for name in FIELDS}
        header["files"] = list(self.files)
        return header

    @classmethod
    def from_json(cls, header: Mapping[str, object]) -> Event:
        """The event of a header object. Raises `Invalid` for a missing, surplus or wrong field."""
        listed = header.get("files")
        if set(header) != set(FIELDS) or not isinstance(listed, list | tuple):
            raise Invalid(
                Text("This is not the header of an event.", "此内容不是事件头。"),
                rule="event.fields",
                remedy=Text("Give exactly the fields {f}.", "请恰好提供下列字段：{f}。").format(
                    f=", ".join(FIELDS)
                ),
            )
        return cls(**{**header, "files": tuple(listed)})  # type: ignore[arg-type]


FIELDS: tuple[str, ...] = tuple(sorted(f.name for f in fields(Event)))


def entry_bytes(event: Event) -> bytes:
    """The RFC 8785 bytes of the header: the fields by name, written by hand because this is the hot path.

    Raises `Invalid` when they are more than 65 535 bytes (C2SP tlog-tiles).
    """
    # Tests compare this template with the RFC 8785 library on random events. What is quoted without escaping
    # (times, digests, the id) was matched against a pattern that has nothing to escape.
    files = '","'.join(event.files)
    entry = (
        f'{{"actor":{_quoted(event.actor)},"files":{f"""["{files}"]""" if files else "[]"},'
        f'"from_state":{_maybe(event.from_state)},"id":"{event.id}","operation":{_quoted(event.operation)},'
        f'"organisation":{_maybe(event.organisation)},"passport":{_maybe(event.passport)},'
        f'"payload_sha256":"{event.payload_sha256}","recorded_at":"{event.recorded_at}","seq":{event.seq},'
        f'"subject":{_quoted(event.subject)},"subject_kind":{_quoted(event.subject_kind)},'
        f'"to_state":{_maybe(event.to_state)},"v":1,"valid_at":"{event.valid_at}"}}'
    ).encode()
    if len(entry) > LONGEST_ENTRY:
        raise Invalid(
            Text("The event's header is longer than an entry may be.", "事件头超出条目长度上限。"),
            rule="event.length",
            remedy=Text("Attach fewer files to one operation.", "请减少单次操作所附的文件。"),
            field="files",
        )
    return entry


def leaf(event: Event) -> bytes:
    """The event's leaf hash (32 bytes), RFC 9162 section 2.1.1 over `entry_bytes`."""
    return leaf_hash(entry_bytes(event))


def uuid7(now_ms: int, random: bytes) -> str:
    """A UUID version 7 (RFC 9562 section 5.7) of this Unix time in milliseconds and 10 random bytes."""
    if not 0 <= now_ms < 1 << 48 or len(random) != 10:
        raise Invalid(
            Text(
                "A UUID needs a time of 48 bits and 10 random bytes.", "UUID须由48位时间与10字节随机数生成。"
            ),
            rule="event.uuid7",
            remedy=Text("Give milliseconds since 1970 and 10 bytes.", "请提供1970年以来的毫秒数与10个字节。"),
        )
    noise = int.from_bytes(random, "big")
    value = now_ms << 80 | 7 << 76 | (noise >> 62 & 0xFFF) << 64 | 2 << 62 | noise & (1 << 62) - 1
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def instant(moment: datetime) -> str:
    """An aware datetime as the log writes it: UTC, milliseconds (cut, not rounded), ``Z``. Raises `Invalid`."""
    if moment.tzinfo is None:
        raise Invalid(
            Text("A time without a zone is not a moment.", "未注明时区的时间无法确定时刻。"),
            rule="event.zone",
            remedy=Text("Give the time with its zone.", "请提供带时区的时间。"),
        )
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _maybe(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _is_text(value: object) -> bool:
    """A string that is not empty, is NFC and has no half character."""
    if type(value) is not str or not value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return is_normalized("NFC", value)
