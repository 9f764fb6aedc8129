"""A small, strict HTTP/1.1 client on asyncio streams (RFC 9112): POST JSON, get JSON, over connections that are kept.

What is not exactly a JSON answer of bounded size is refused by name: compressed bodies (never unpacked, so no bomb goes off),
event streams, HTML, half answers, doubled lengths. One deadline covers the whole exchange, so a slow drip of
bytes ends like silence.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import SupportsIndex

from hutong.engines.trust.reach.address import Url, follow, resolve
from hutong.engines.trust.reach.heads import Head, read_head, seconds_of, trouble

LARGEST = 16 * 2**20
HEAD = 32 * 2**10
REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """status: of HTTP. body: bytes of the answer. retry_after: seconds the endpoint asks to wait, or None."""

    status: int
    body: bytes
    retry_after: float | None = None


class _Reader(asyncio.StreamReader):
    """Counts what arrives: bytes that nobody asked for would be taken for the next answer."""

    fed = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.fed += len(data)  # type: ignore[arg-type]
        super().feed_data(data)


@dataclass(slots=True)
class _Line:
    """An open connection. taken: bytes of it read so far."""

    reader: _Reader
    writer: asyncio.StreamWriter
    taken: int = 0

    async def until(self, end: bytes) -> bytes:
        try:
            part = await self.reader.readuntil(end)
        except asyncio.LimitOverrunError as error:
            raise trouble("endpoint.http") from error
        self.taken += len(part)
        return part

    async def exactly(self, size: int) -> bytes:
        part = await self.reader.readexactly(size)
        self.taken += size
        return part

    @property
    def clean(self) -> bool:
        return self.reader.fed == self.taken and not self.reader.at_eof() and not self.writer.is_closing()

    def close(self) -> None:
        self.writer.close()


@dataclass(slots=True)
class Wire:
    """Connections to endpoints. allowed: hosts of the operator's own network. headers: sent to the first origin only
    (keys never follow a redirect elsewhere). timeout_s: of one whole exchange. largest: bytes of a body. redirects: most
    that are followed; 0 where somebody else's server must not say whom this machine asks."""

    allowed: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0
    largest: int = LARGEST
    redirects: int = REDIRECTS
    opened: int = 0
    _free: dict[tuple[str, str, int], list[_Line]] = field(default_factory=lambda: defaultdict(list))
    _pinned: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _trust: ssl.SSLContext | None = None

    async def post(self, url: Url, body: bytes) -> Reply:
        """One exchange, redirects (307, 308) followed. `Invalid` with a rule of `heads.WORDS`, endpoint.address or .name."""
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._post(url, body)
        except TimeoutError as error:
            raise trouble("endpoint.timeout") from error

    async def _post(self, url: Url, body: bytes) -> Reply:
        here = url
        for _ in range(self.redirects + 1):
            head, content = await self._exchange(here, body, here.origin == url.origin)
            if head.status not in (301, 302, 303, 307, 308):
                return Reply(head.status, content, seconds_of(head.fields.get("retry-after")))
            # 301 to 303 would turn the question into a GET.
            if not self.redirects or head.status not in (307, 308) or "location" not in head.fields:
                break
            here = follow(here, head.fields["location"])
        raise trouble("endpoint.redirect")

    async def _exchange(self, url: Url, body: bytes, own: bool) -> tuple[Head, bytes]:
        line = await self._line(url)
        try:
            line.writer.write(self._request(url, len(body), own) + body)
            head = await self._head(line)
            content = await self._body(line, head)
        except BaseException as error:
            line.close()
            if isinstance(error, ConnectionError | ssl.SSLError):
                raise trouble("endpoint.connection") from error
            raise
        if head.wants_close() or not line.clean:
            line.close()
        else:
            self._free[url.origin].append(line)
        return head, content

    async def _line(self, url: Url) -> _Line:
        free = self._free[url.origin]
        while free:
            line = free.pop()
            if line.clean:
                return line
            line.close()
        if url.origin not in self._pinned:
            self._pinned[url.origin] = await resolve(url, self.allowed)
        self.opened += 1
        if url.scheme == "https" and self._trust is None:
            self._trust = ssl.create_default_context()
        return await _open(url, self._pinned[url.origin], self._trust if url.scheme == "https" else None)

    def _request(self, url: Url, size: int, own: bool) -> bytes:
        fields = {
            "Host": url.authority,
            "Content-Type": "application/json",
            "Content-Length": str(size),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **(self.headers if own else {}),
        }
        lines = [f"POST {url.target} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        if not all(one.isascii() and one.isprintable() for one in lines):
            raise trouble("endpoint.http")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def _head(self, line: _Line) -> Head:
        while True:
            try:
                raw = await line.until(b"\r\n\r\n")
            except asyncio.IncompleteReadError as error:
                silent = not error.partial
                raise trouble("endpoint.connection" if silent else "endpoint.truncated") from error
            head = read_head(raw)
            if head.status >= 200:
                return head

    async def _body(self, line: _Line, head: Head) -> bytes:
        if head.status == 204 or 300 <= head.status < 400:
            await self._content(line, head)
            return b""
        if head.fields.get("content-encoding", "identity").lower() != "identity":
            raise trouble("endpoint.encoding")
        kind = head.fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            raise trouble("endpoint.streaming")
        if head.status == 200 and kind != "application/json":
            raise trouble("endpoint.not_json")
        return await self._content(line, head)

    async def _content(self, line: _Line, head: Head) -> bytes:
        try:
            if "transfer-encoding" in head.fields:
                return await self._chunks(line)
            size = int(head.fields["content-length"]) if "content-length" in head.fields else None
            if size is None:
                # Without a length, a whole answer and half of one look alike.
                raise trouble("endpoint.http")
            if size > self.largest:
                raise trouble("endpoint.size")
            return await line.exactly(size)
        except asyncio.IncompleteReadError as error:
            raise trouble("endpoint.truncated") from error

    async def _chunks(self, line: _Line) -> bytes:
        parts, total = [], 0
        while True:
            digits = (await line.until(b"\r\n"))[:-2].partition(b";")[0].strip()
            if not 0 < len(digits) <= 8 or not set(digits) <= set(b"0123456789abcdefABCDEF"):
                raise trouble("endpoint.http")
            size = int(digits, 16)
            total += size
            if total > self.largest:
                raise trouble("endpoint.size")
            parts.append(await line.exactly(size))
            if await line.exactly(2) != b"\r\n":
                raise trouble("endpoint.http")
            if not size:
                return b"".join(parts)

    def close(self) -> None:
        """Give all connections up; pinned addresses are forgotten."""
        for lines in self._free.values():
            for line in lines:
                line.close()
        self._free.clear()
        self._pinned.clear()


async def _open(url: Url, place: str, context: ssl.SSLContext | None) -> _Line:
    """A connection to that very address; the certificate is that of the host."""
    loop = asyncio.get_running_loop()
    name = url.host if context else None
    reader = _Reader(limit=HEAD, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        transport, _ = await loop.create_connection(
            lambda: protocol, place, url.port, ssl=context, server_hostname=name
        )
    except ssl.SSLCertVerificationError as error:
        raise trouble("endpoint.certificate") from error
    except OSError as error:
        raise trouble("endpoint.connection") from error
    return _Line(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
