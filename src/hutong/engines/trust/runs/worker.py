"""A worker process. Without arguments it serves a `pool` through its pipes; with them it is one job of a Slurm array."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
from pathlib import Path
from typing import BinaryIO

from hutong.engines.trust.runs.graph import Task
from hutong.engines.trust.runs.workshop import Workshop
from hutong.engines.trust.types import Json
from hutong.kernel.errors import HutongError


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """A packed case, then a task a line; one reply a line, until the input ends."""
    size = int.from_bytes(source.read(8), "big")
    content = source.read(size)
    shop: Workshop | None = None
    for line in source:
        task = Task(*json.loads(line))
        try:
            # Opened with the first task, so that a target that cannot be opened is an answer and not a crash.
            shop = shop or Workshop(*pickle.loads(content))
            reply = counted(shop, task)
        except HutongError as error:
            reply = {"error": error.as_json()}
        sink.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        sink.flush()


def counted(shop: Workshop, task: Task) -> Json:
    """The reply to one task: counts, an error of the house, or the name of what went wrong."""
    try:
        return {"counts": shop.count(task)}
    except HutongError as error:
        return {"error": error.as_json()}
    except Exception as error:
        return {"crash": f"{type(error).__name__}: {error}"}


def job(folder: Path, wanted: str, shard: int, of: int) -> None:
    """Every of-th task of the list in the folder; one file per result, whole or not there."""
    content = (folder / "case").read_bytes()
    if hashlib.sha256(content).hexdigest() != wanted:
        raise SystemExit("the case in this folder is not the one that was sent")
    shop = Workshop(*pickle.loads(content))
    for number, line in json.loads((folder / "tasks.json").read_text())[shard::of]:
        reply = counted(shop, Task(*line))
        part = folder / f"{number}.part"
        part.write_text(json.dumps(reply, ensure_ascii=False), encoding="utf-8")
        part.rename(folder / f"{number}.json")


def main() -> None:
    if len(sys.argv) == 5:
        folder, wanted, shard, of = sys.argv[1:]
        job(Path(folder), wanted, int(shard), int(of))
        return
    # Whatever a library prints must not fall between two replies.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
