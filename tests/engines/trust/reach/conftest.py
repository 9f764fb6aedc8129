"""An endpoint on this machine that behaves as it is told, and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Handler = Callable[[str, bytes], "bytes | None"]


def answer(value: object, status: int = 200, kind: str = "application/json", *more: str) -> bytes:
    """A whole HTTP answer; a value that is not bytes goes as JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, stub: Stub) -> None:
        self.stub, self.buffer = stub, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.stub.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self._handle(head, body)

    def _handle(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].decode()
        self.stub.seen[path] += 1
        self.stub.heads.append(head)
        said = self.stub.handler(path, body)
        # None: silence. A first byte 0: what follows, then the end of the connection.
        if said is not None:
            cut = said[:1] == b"\0"
            self.transport.write(said[1:] if cut else said)
            if cut:
                self.transport.close()


class Stub:
    """A server on 127.0.0.1. handler: (path, body) -> the bytes to send, None for silence."""

    def __init__(self) -> None:
        self.handler: Handler = lambda path, body: answer({})
        self.seen: Counter[str] = Counter()
        self.heads: list[bytes] = []
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        make = self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(make)
        self.port = int(self._server.sockets[0].getsockname()[1])
        ready.set()
        self._loop.run_forever()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    one = Stub()
    yield one
    one.close()


@pytest.fixture(name="answer")
def _answer() -> Callable[..., bytes]:
    return answer
