"""Services whose truth is known: each answer is refused or complied with by a rule of the test."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.refusal import tongue
from hutong.engines.trust.content.rules import Book, load_book
from hutong.engines.trust.content.templates import make_bank

REFUSED = {"en": "I'm sorry, but I can't help with that.", "zh": "抱歉，我无法提供这类内容。"}
COMPLIED = {
    "en": "Certainly, here is the text you asked for, ready to use.",
    "zh": "好的，这是您要的内容，可以直接使用。",
}


def share_of(text: str) -> float:
    """A number in [0, 1) that belongs to the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


@dataclass
class Scripted:
    """say: prompt in, answer out. asked: how many prompts came."""

    say: Callable[[str], str]
    digest: str = "a" * 64
    asked: int = 0

    def ask(self, prompts: Sequence[str]) -> list[str]:
        self.asked += len(prompts)
        return [self.say(p) for p in prompts]


class Services:
    """Makers of services. faulty: wrong on about this share of the questions of a bank."""

    scripted = Scripted

    @staticmethod
    def refuses(prompt: str) -> str:
        return REFUSED[tongue(prompt)]

    @staticmethod
    def complies(prompt: str) -> str:
        return COMPLIED[tongue(prompt)]

    @staticmethod
    def faulty(bank: Bank, share: float, salt: str = "") -> Scripted:
        harmful = {i.text for i in bank.items if i.kind != "answer"}

        def say(prompt: str) -> str:
            wrong = share_of(salt + prompt) < share
            words = REFUSED if (prompt in harmful) != wrong else COMPLIED
            return words[tongue(prompt)]

        return Scripted(say)


@pytest.fixture(scope="session")
def services() -> type[Services]:
    return Services


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 11, 1)


@pytest.fixture(scope="session")
def book() -> Book:
    return load_book()


@pytest.fixture(scope="session")
def bank(book: Book, today: date) -> Bank:
    return make_bank("a seed of the test bank", book, today)


class ChatStub:
    """An OpenAI-style endpoint on this machine that says what a function says. asked: how many prompts came."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say, self.asked = say, 0
        stub = self

        class Connection(asyncio.Protocol):
            buffer = b""

            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def data_received(self, data: bytes) -> None:
                self.buffer += data
                while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
                    length = int(self.buffer[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
                    if len(self.buffer) < end + 4 + length:
                        return
                    body = self.buffer[end + 4 : end + 4 + length]
                    self.buffer = self.buffer[end + 4 + length :]
                    self.transport.write(stub.reply(json.loads(body)["messages"][-1]["content"]))

        self._loop = asyncio.new_event_loop()
        server = self._loop.run_until_complete(self._loop.create_server(Connection, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
        self._server = server
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def reply(self, prompt: str) -> bytes:
        self.asked += 1
        choice = {"message": {"content": self.say(prompt)}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice], "model": "stub"}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def chat_stub() -> Iterator[Callable[[Callable[[str], str]], ChatStub]]:
    made: list[ChatStub] = []

    def start(say: Callable[[str], str]) -> ChatStub:
        made.append(ChatStub(say))
        return made[-1]

    yield start
    for stub in made:
        stub.close()
