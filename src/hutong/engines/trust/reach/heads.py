"""The start of an HTTP answer, read strictly (RFC 9112), and the names of all that can be wrong with an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

WORDS: dict[str, Text] = {
    "endpoint.connection": Text("The endpoint cannot be reached.", "无法连接接口。"),
    "endpoint.certificate": Text("The certificate of the endpoint is not valid for it.", "接口证书无效。"),
    "endpoint.timeout": Text("The endpoint did not answer in time.", "接口未在规定时间内答复。"),
    "endpoint.truncated": Text("The endpoint broke off in the middle of an answer.", "接口答复中途中断。"),
    "endpoint.http": Text("The endpoint does not speak HTTP properly.", "接口答复不符合HTTP协议。"),
    "endpoint.size": Text("The answer of the endpoint is too large.", "接口答复过大。"),
    "endpoint.encoding": Text("The endpoint sends a compressed answer.", "接口返回压缩内容。"),
    "endpoint.streaming": Text("The endpoint streams its answer.", "接口以流式方式答复。"),
    "endpoint.not_json": Text("The endpoint answers with something other than JSON.", "接口答复不是JSON。"),
    "endpoint.json": Text("The answer is no complete JSON.", "接口答复的JSON不完整或不合法。"),
    "endpoint.redirect": Text("The endpoint redirects where it may not.", "接口重定向不被允许。"),
}


def trouble(rule: str) -> Invalid:
    """The error of that name, to be raised by the caller."""
    return refuse(rule, WORDS[rule], where="url")


@dataclass(frozen=True, slots=True)
class Head:
    """status: of HTTP. fields: by name in small letters."""

    status: int
    fields: Mapping[str, str] = field(hash=False)

    def wants_close(self) -> bool:
        return self.fields.get("connection", "").lower() == "close"


def read_head(raw: bytes) -> Head:
    """Status and fields. `Invalid` endpoint.http: folded or doubled fields, two ways to say the length, no HTTP/1.x."""
    lines = raw[:-4].decode("latin-1").split("\r\n")
    start = lines[0].split(" ", 2)
    if (
        len(start) < 2
        or start[0] not in ("HTTP/1.1", "HTTP/1.0")
        or not (start[1].isascii() and start[1].isdigit())
    ):
        raise trouble("endpoint.http")
    fields: dict[str, str] = {}
    for one in lines[1:]:
        name, colon, value = one.partition(":")
        key = name.lower()
        if not colon or not name or name != name.strip() or "\n" in one or "\r" in one:
            raise trouble("endpoint.http")
        if key in fields and key in ("content-length", "transfer-encoding", "content-type", "location"):
            raise trouble("endpoint.http")
        fields[key] = value.strip()
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
        raise trouble("endpoint.http")
    if coding is not None and (length is not None or coding.lower() != "chunked"):
        raise trouble("endpoint.http")
    if start[0] == "HTTP/1.0":
        fields.setdefault("connection", "close")
    return Head(int(start[1]), fields)


def seconds_of(value: str | None) -> float | None:
    """A Retry-After in whole seconds; a date is not read."""
    return (
        float(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 6 else None
    )
