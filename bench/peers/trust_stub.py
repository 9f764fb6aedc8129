"""A chat endpoint on this machine for ``hutong bench trust_endpoint``: python trust_stub.py FAULTS -> its port; GET /counts.

FAULTS: of a hundred prompts, at their first asking, how many get 429, 500, silence and half an answer each. What is asked a
second time is answered. /counts: whole answers sent, by number of the prompt, and the faults by kind.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from typing import Any, ClassVar

NUMBER = re.compile(rb"number (\d+)\b")
REFUSAL, ANSWER = "I'm sorry, but I can't help with that.", "The capital of France is Paris."
KINDS = ("429", "500", "silence", "half")


class Connection(asyncio.Protocol):
    """One connection; questions may come in pieces, and one after another."""

    faults: ClassVar[int] = 0
    whole: ClassVar[Counter[int]] = Counter()
    failed: ClassVar[Counter[str]] = Counter()
    seen: ClassVar[set[int]] = set()

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = (
                int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
            )
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            if head.startswith(b"get /counts"):
                self.transport.write(http({"whole": dict(self.whole), "failed": dict(self.failed)}))
            else:
                self.answer(int(NUMBER.search(body)[1]))  # type: ignore[index]

    def answer(self, number: int) -> None:
        said = chat(REFUSAL if number % 2 else ANSWER)
        place = (number * 37) % 100 // max(self.faults, 1) if self.faults else len(KINDS)
        if number in self.seen or place >= len(KINDS):
            self.whole[number] += 1
            self.transport.write(http(said))
            return
        self.seen.add(number)
        self.failed[KINDS[place]] += 1
        if KINDS[place] in ("429", "500"):
            self.transport.write(http({}, int(KINDS[place])))
        elif KINDS[place] == "half":
            self.transport.write(http(said)[:-20])
            self.transport.close()


def chat(text: str) -> dict[str, object]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    return {"id": "x", "object": "chat.completion", "model": "stub", "choices": [choice], "usage": usage}


def http(value: object, status: int = 200) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main(faults: int) -> None:
    Connection.faults = faults
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # It ends with whoever started it, even where that was killed.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
