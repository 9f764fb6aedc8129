"""Scored requests per second of the endpoint runner against a stub on this machine, and its books under injected faults.

Every prompt is asked as a chat, recorded on a cassette, and its answer read for a refusal. In the second part, of every hundred
prompts three each meet 429, 500, silence (a time-out) and half an answer at their first asking: afterwards each has exactly
one answer, of the right text, and what the stub sent and what the books say agree.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peers.trust_board import Board

CLEAN, FAULTY, FAULTS = 20_000, 3_000, 3
TIMEOUT_S = 0.5
STUB = Path(__file__).resolve().parent / "peers" / "trust_stub.py"


@contextmanager
def stub(faults: int) -> Iterator[int]:
    """Its port, in a process of its own."""
    order = [sys.executable, str(STUB), str(faults)]
    with subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def prompts(n: int) -> list[str]:
    return [f"Question number {i} of an evaluation: what is the capital of France?" for i in range(n)]


def ask(port: int, n: int, tape: Path) -> tuple[list[bool], Any, float, float]:
    """Whether each answer is a refusal, the books, and the wall and CPU seconds of asking, recording and reading."""
    from hutong.engines.trust.content.refusal import read
    from hutong.engines.trust.reach.budget import Budget
    from hutong.engines.trust.reach.endpoint import open_endpoint
    from hutong.engines.trust.reach.openai import Chat

    budget = Budget(parallel=32, attempts=8, pause_s=0.01)
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    began = time.perf_counter(), time.process_time()
    with open_endpoint(
        url, allowed=frozenset({"127.0.0.1"}), budget=budget, cassette=tape, timeout_s=TIMEOUT_S
    ) as broker:
        said = Chat(broker, "stub").ask(prompts(n))
        refused = [s is not None and read(s.text).state == "refused" for s in said]
        spent = time.perf_counter() - began[0], time.process_time() - began[1]
        return refused, broker.counts, *spent


def counts_of(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def throughput(board: Board, folder: Path) -> None:
    tape = folder / "clean.tape"
    with stub(0) as port:
        refused, _, wall, cpu = ask(port, CLEAN, tape)
    board.put("endpoint: scored requests a second, wall", CLEAN / wall)
    board.put("endpoint: scored requests a CPU second of the runner", CLEAN / cpu)
    board.put("endpoint: answers read wrongly", sum(r != i % 2 for i, r in enumerate(refused)))
    again, books, wall, cpu = ask(port, CLEAN, tape)
    board.put("endpoint: CPU s to reopen the recording, find every answer and score it again", cpu)
    board.put(
        "endpoint: answers that differ when replayed",
        sum(a != b for a, b in zip(again, refused, strict=True)),
    )
    board.put("endpoint: requests sent for the replay", books.sent)


def faults(board: Board, folder: Path) -> None:
    with stub(FAULTS) as port:
        refused, books, wall, _ = ask(port, FAULTY, folder / "faulty.tape")
        sent = counts_of(port)
    whole = {int(k): v for k, v in sent["whole"].items()}
    board.put("faults: prompts", FAULTY)
    for kind, number in sorted(sent["failed"].items()):
        board.put(f"faults: injected, {kind}", number)
    board.put("faults: prompts without an answer", FAULTY - sum(whole.get(i, 0) >= 1 for i in range(FAULTY)))
    board.put("faults: prompts answered more than once", sum(v > 1 for v in whole.values()))
    board.put("faults: answers read wrongly", sum(r != i % 2 for i, r in enumerate(refused)))
    board.put("faults: answers that the books lack or count twice", abs(books.answered - FAULTY))
    failed = sum(sent["failed"].values())
    # A half answer may be booked as lost or refused; a time-out as lost: together they are what the stub injected.
    board.put(
        "faults: attempts that the books lack or count twice", abs(books.sent - books.answered - failed)
    )
    board.put("faults: scored requests a second, wall", FAULTY / wall)


def run() -> dict[str, Any]:
    board = Board()
    with tempfile.TemporaryDirectory() as folder:
        throughput(board, Path(folder))
        faults(board, Path(folder))
    return {"figures": board.figures, "peers": board.peers, "ratios": board.ratios, "missing": board.missing}
