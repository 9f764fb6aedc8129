"""Foreign files are opened in a child: limits, no network, empty environment, a folder of its own, a time limit.

The file goes in as the child's standard input and one line of JSON comes back; the child knows no path but its temporary
folder. A child that is stopped, dies or tries what it may not do gives a finding, never an error.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import hutong
from hutong.engines.trust.reach.filewords import found
from hutong.engines.trust.types import Finding
from hutong.kernel.text import Text

LARGEST = 256 * 2**20
_ANSWER = 4 * 2**20
_START = "import sys; sys.path[:0] = [sys.argv[1]]; from hutong.engines.trust.reach.cell import main; main(sys.argv[2], *map(int, sys.argv[3:6]))"
LOOK = "hutong.engines.trust.reach.look:look"


@dataclass(frozen=True, slots=True)
class Limits:
    """cpu_s, wall_s: seconds. memory: bytes of address space. file_size: bytes of any file written. largest: bytes read."""

    cpu_s: int = 20
    wall_s: float = 30.0
    memory: int = 3 * 2**30
    file_size: int = 2**20
    largest: int = LARGEST


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Told:
    """What the child said. result: its JSON value, or None with the finding why not. walls: which walls held."""

    result: Any
    finding: Finding | None
    walls: Mapping[str, object] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Inspection:
    """kind: "onnx", "skops" or "refused". finding: what is against the file, None if nothing. types: of a skops file."""

    kind: str
    finding: Finding | None
    types: tuple[str, ...]
    walls: Mapping[str, object] = field(hash=False)


def inspect_file(file: bytes | Path, limits: Limits = USUAL) -> Inspection:
    """Look at a foreign file without loading it. One finding at most, of `filewords.WORDS`."""
    size = len(file) if isinstance(file, bytes) else file.stat().st_size
    if size > limits.largest:
        return Inspection("refused", found("file.size"), (), {})
    told = run_jailed(LOOK, file, limits)
    if told.finding is not None:
        return Inspection("refused", told.finding, (), told.walls)
    against = told.result["finding"]
    return Inspection(
        str(told.result["kind"]),
        None if against is None else _finding(against),
        tuple(str(t) for t in told.result["types"]),
        told.walls,
    )


def _finding(record: Mapping[str, Any]) -> Finding:
    return Finding(
        record["claim"], record["state"], Text(**record["words"]), details=tuple(record["details"])
    )


def run_jailed(task: str, file: bytes | Path, limits: Limits = USUAL) -> Told:
    """Run "module:function" of this package on the bytes of a file, in a child behind walls."""
    with tempfile.TemporaryDirectory(prefix="hutong-jail-") as folder:
        if isinstance(file, Path):
            with file.open("rb") as source:
                return _run(task, source, folder, limits)
        with tempfile.TemporaryFile() as source:
            source.write(file)
            source.seek(0)
            return _run(task, source, folder, limits)


def _run(task: str, source: IO[bytes], folder: str, limits: Limits) -> Told:
    root = (
        str(Path(hutong.__file__).parent.parent) if hutong.__file__ else str(Path(hutong.__path__[0]).parent)
    )
    numbers = [str(n) for n in (limits.cpu_s, limits.memory, limits.file_size)]
    child = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _START, root, task, *numbers],
        cwd=folder,
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Threads of the arithmetic library count against the limit on processes.
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        line, in_time = _listen(child, limits.wall_s)
    finally:
        _end(child)
    if not in_time:
        return Told(None, found("jail.time"), {})
    return _told(line, child.returncode)


def _listen(child: subprocess.Popen[bytes], wall_s: float) -> tuple[bytes, bool]:
    """What the child writes until it closes the pipe, cut at the limit; False if the time ran out first."""
    assert child.stdout is not None
    parts: list[bytes] = []
    size, deadline = 0, time.monotonic() + wall_s
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while size <= _ANSWER:
            if not ready.select(max(0.0, deadline - time.monotonic())):
                return b"", False
            part = os.read(child.stdout.fileno(), 2**16)
            if not part:
                break
            parts.append(part)
            size += len(part)
    return b"".join(parts), True


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _told(line: bytes, status: int) -> Told:
    try:
        record = json.loads(line)
        trouble, walls = record.get("trouble"), record["walls"]
    except (ValueError, KeyError, AttributeError):
        return Told(None, found("jail.time" if status == -signal.SIGXCPU else "jail.crash"), {})
    if trouble is not None:
        return Told(None, found(str(trouble), str(record["what"])), walls)
    return Told(record["result"], None, walls)
