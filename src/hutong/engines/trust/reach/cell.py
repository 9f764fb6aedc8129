"""The child of `jail`: raises its walls, then reads the first foreign byte from standard input.

`main` reads one file, answers one line of JSON, ends. `keep` reads a model and answers frames until its input ends
(`keeping`). Started as `python -I -c "... cell.main()"` in an empty folder with an empty environment.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

# Loaded before the walls: these open their own files, and foreign bytes must find everything in place.
import onnx
from google.protobuf.message import DecodeError

from hutong.engines.trust.reach.walls import Blocked, limit, raise_walls

LOADED = (onnx.load_model_from_string, DecodeError)


def main(task: str, cpu_s: int, memory: int, file_size: int) -> None:
    """Run `task` ("module:function" of this package, bytes -> JSON value) on standard input, inside the walls."""
    answer = _answers()
    run = _task(task)
    limit(cpu_s, memory, file_size)
    walls = raise_walls(os.getcwd())
    result = _guarded(run)
    line = json.dumps({**result, "walls": walls.as_json()})
    os.write(answer, line.encode()) if len(line) < 2**16 else _all(answer, line.encode())
    os._exit(0)


def keep(kind: str, cpu_s: int, memory: int, file_size: int) -> None:
    """Keep one model of this kind ("onnx" or "skops") behind the walls and answer frames; the first says which walls hold."""
    from hutong.engines.trust.reach import keeping
    from hutong.engines.trust.reach.frames import packed

    answer = _answers()

    def tell(frame: bytes) -> None:
        _all(answer, frame)

    keeping.prepare(kind)
    limit(cpu_s, memory, file_size)
    walls = raise_walls(os.getcwd())
    tell(packed({"walls": walls.as_json()}))
    try:
        keeping.keep(kind, _frames(), tell)
    except Blocked as tried:
        tell(packed({"rule": "jail.blocked", "what": str(tried)}))
    os._exit(0)


def _frames() -> Iterator[tuple[dict[str, Any], bytes]]:
    from hutong.engines.trust.reach.frames import unpacked

    while True:
        try:
            yield unpacked(_exactly, 2**31)
        except EOFError:
            return


def _exactly(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(0, min(size, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _answers() -> int:
    """Where answers go. What a library prints must not be taken for one."""
    answer = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    return answer


def _all(place: int, data: bytes) -> None:
    while data:
        data = data[os.write(place, data) :]


def _task(name: str) -> Callable[[bytes], Any]:
    module, _, function = name.partition(":")
    if not module.startswith("hutong.engines.trust.reach."):
        raise ValueError(name)
    found: Callable[[bytes], Any] = getattr(importlib.import_module(module), function)
    return found


def _guarded(run: Callable[[bytes], Any]) -> dict[str, object]:
    try:
        return {"result": run(sys.stdin.buffer.read())}
    except Blocked as tried:
        return {"trouble": "jail.blocked", "what": str(tried)}
    except MemoryError:
        return {"trouble": "jail.memory", "what": ""}
    except OSError as error:
        return {"trouble": "jail.blocked", "what": f"{error.strerror}"}
    except Exception as error:
        return {"trouble": "jail.crash", "what": type(error).__name__}
