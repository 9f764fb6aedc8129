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
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import hutong
from hutong.engines.trust.reach.filewords import WORDS, found, refused
from hutong.engines.trust.types import Finding
from hutong.kernel.text import Text

LARGEST = 256 * 2**20
_ANSWER = 4 * 2**20
_START = (
    "import sys; sys.path[:0] = sys.argv[1].split(':'); from hutong.engines.trust.reach import cell; "
    "getattr(cell, sys.argv[2])(sys.argv[3], *map(int, sys.argv[4:7]))"
)
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
        None if against is None else finding_of(against),
        tuple(str(t) for t in told.result["types"]),
        told.walls,
    )


def finding_of(record: Mapping[str, Any]) -> Finding:
    """The finding that a child told; jail.crash where it is none of those there are."""
    try:
        if record["claim"] not in WORDS:
            raise KeyError("claim")
        words = Text(str(record["words"]["en"])[:400], str(record["words"]["zh"])[:400])
        details = tuple(dict(d) for d in record["details"])
        return Finding(record["claim"], "fail", words, details=details)
    except (KeyError, TypeError, ValueError):
        return found("jail.crash")


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
    child = start("main", task, folder, limits, source)
    try:
        line, in_time = _listen(child, limits.wall_s)
    finally:
        end(child)
    if not in_time:
        return Told(None, found("jail.time"), {})
    return _told(line, child.returncode)


def start(
    how: str, what: str, folder: str, limits: Limits, source: IO[bytes] | int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """The child of `cell`: its function `how` is called with `what` and the limits. `Invalid` jail.unavailable where no
    jail can be made: the limits, walls and locks are those of Linux, and nothing is opened without them."""
    if not sys.platform.startswith("linux"):
        raise refused(found("jail.unavailable"))
    numbers = [str(n) for n in (limits.cpu_s, limits.memory, limits.file_size)]
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _START, ":".join(_roots()), how, what, *numbers],
        cwd=folder,
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Threads of the arithmetic library count against the limit on processes.
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def _roots() -> list[str]:
    """Where this package is imported from, and skops where it is not installed beside it."""
    root = Path(hutong.__file__).parent.parent if hutong.__file__ else Path(hutong.__path__[0]).parent
    skops = find_spec("skops")
    return [
        str(root),
        *([str(Path(skops.origin).parent.parent)] if skops is not None and skops.origin else []),
    ]


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


def end(child: subprocess.Popen[bytes], patience: float = 0.2) -> None:
    """Wait so many seconds for it to end by itself, then kill it and all it started."""
    try:
        child.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _told(line: bytes, status: int) -> Told:
    try:
        record = json.loads(line)
        trouble, walls = record.get("trouble"), record["walls"]
    except (ValueError, KeyError, AttributeError):
        return Told(None, found("jail.time" if status == -signal.SIGXCPU else "jail.crash"), {})
    if trouble is not None:
        return Told(None, found(str(trouble), str(record["what"])), walls)
    return Told(record["result"], None, walls)
