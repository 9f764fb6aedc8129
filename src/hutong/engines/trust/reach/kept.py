"""A model that is run in a jailed child for as long as it is needed: rows go in, labels or probabilities come back.

The child is that of `jail` with a longer life: it raises the same walls before it reads a byte of the file, keeps one model and
answers frames (`frames`). Every answer has a time limit; a child that is late, dies or does not speak as agreed is ended, and
the error names what happened. It ends with the process that started it, because its input ends.
"""

from __future__ import annotations

import hashlib
import os
import selectors
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.filewords import WORDS, found, refused
from hutong.engines.trust.reach.frames import BrokenFrame, packed, table_out, unpacked
from hutong.engines.trust.reach.jail import Limits, end, finding_of, start
from hutong.engines.trust.targets import Answered, OutOfDomain, Predictions, in_batches
from hutong.engines.trust.types import System, refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

# Wall seconds are those of one answer; processor seconds those of the whole evaluation.
KEPT = Limits(cpu_s=24 * 3600, wall_s=120.0, memory=6 * 2**30)
_STEP = 2**18
# What a model may be refused for by the child itself; anything else it says is not believed.
_RULES = frozenset({"model.form", "model.input", "output.form", "output.labels", *WORDS})


class Child:
    """One jailed process and the pipe to it. walls: what holds it in on this machine. pid: of the process that started it."""

    def __init__(self, kind: str, limits: Limits = KEPT) -> None:
        self.limits, self.pid = limits, os.getpid()
        self._folder = tempfile.TemporaryDirectory(prefix="hutong-jail-")
        self._lock, self._places = threading.Lock(), count()
        self._process = start("keep", kind, self._folder.name, limits)
        self._end = weakref.finalize(self, _finish, self._process, self._folder, self.pid)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        head, _ = self.say(b"", 0)
        self.walls: Mapping[str, str] = {str(k): str(v) for k, v in dict(head.get("walls", {})).items()}

    def say(self, frame: bytes, largest: int) -> tuple[dict[str, Any], bytes]:
        """Send a frame, hear one. `Invalid` jail.time, jail.crash; the child is gone then."""
        with self._lock:
            try:
                if not self._end.alive:
                    raise BrokenFrame("ended")
                talk = _Talk(self._process, time.monotonic() + self.limits.wall_s)
                talk.send(frame)
                return unpacked(talk.read, largest)
            except TimeoutError as late:
                self.close()
                raise refused(found("jail.time")) from late
            except (OSError, BrokenFrame) as broken:
                self.close()
                raise refused(found("jail.crash")) from broken

    def place(self) -> int:
        """A number for one more model."""
        return next(self._places)

    def close(self) -> None:
        self._end()


def _finish(process: Any, folder: tempfile.TemporaryDirectory[str], pid: int) -> None:
    # A fork has a copy of this object, but neither the child nor its folder are the fork's to remove.
    if os.getpid() == pid:
        end(process, 0.0)
        folder.cleanup()


class _Talk:
    """One exchange over the pipes before a deadline."""

    def __init__(self, process: Any, deadline: float) -> None:
        self._to, self._from, self._deadline = process.stdin.fileno(), process.stdout.fileno(), deadline

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._to, selectors.EVENT_WRITE)
            view = view[os.write(self._to, view[:_STEP]) :]

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            self._wait(self._from, selectors.EVENT_READ)
            part = os.read(self._from, min(size, _STEP))
            if not part:
                raise BrokenFrame("end")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int) -> None:
        with selectors.PollSelector() as ready:
            ready.register(pipe, event)
            if not ready.select(max(0.0, self._deadline - time.monotonic())):
                raise TimeoutError


class JailedTarget:
    """A model file run in a jailed child. digest: SHA-256 of the file. walls: what holds the child in on this machine.

    access: "weights" of an ONNX file, whose bytes are its `content`; "scores" or "labels" of a skops file. After a fork
    each process has a child of its own.
    """

    def __init__(self, file: bytes, kind: str, system: System, child: Child | None = None) -> None:
        self._file, self._kind, self._system = file, kind, system
        self._child = child or Child(kind)
        self._number = self._child.place()
        self.digest = hashlib.sha256(file).hexdigest()
        self.access = self._open()

    @property
    def content(self) -> bytes | None:
        return self._file if self.access == "weights" else None

    @property
    def walls(self) -> Mapping[str, str]:
        return self._child.walls

    def predict(self, rows: Rows) -> Predictions:
        """`Invalid`: output.* as `targets.decide`; model.answer where the model refuses a row of its domain; jail.*."""
        try:
            return in_batches(np.ascontiguousarray(rows, dtype=np.float32), self.raw)
        except OutOfDomain as declined:
            what = Text(
                "The model fails on a row of its own domain: {e}.", "模型无法处理声明范围内的数据：{e}。"
            )
            raise refuse("model.answer", what.format(e=str(declined)), where="model") from declined

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, for rows that may be malformed: `OutOfDomain` where the model itself refuses them."""
        return self._ask(np.asarray(rows)).predictions(self._system)

    def beside(self, model: bytes) -> JailedTarget:
        """Another file of the same kind and maker, run in the same child."""
        self._here()
        return JailedTarget(model, self._kind, self._system, self._child)

    def close(self) -> None:
        self._child.close()

    def _here(self) -> None:
        if self._child.pid != os.getpid():
            self._child, self._number = Child(self._kind), 0
            self._open()

    def _open(self) -> str:
        head = {"do": "open", "model": self._number, "labels": list(self._system.labels)}
        told, _ = self._child.say(packed(head, self._file), 0)
        try:
            access = _heard(told).get("access")
        except OutOfDomain as error:
            what = Text("The model cannot be run: {e}.", "模型无法运行：{e}。").format(e=str(error))
            raise refuse("model.form", what, where="model") from error
        if access not in ("weights", "scores", "labels"):
            raise refused(found("jail.crash"))
        return str(access)

    def _ask(self, table: Any) -> Answered:
        self._here()
        k = len(self._system.labels)
        n = len(table) if table.ndim else 0
        told, body = self._child.say(table_out(table, do="ask", model=self._number), 8 * n * k)
        told = _heard(told)
        if (told.get("n"), len(body)) == (n, 8 * n) and told.get("scores") == 0:
            codes = np.frombuffer(body, "<i8").astype(np.int64)
            return Answered(np.where((codes < 0) | (codes >= k), -1, codes))
        if (told.get("n"), told.get("scores"), len(body)) == (n, k, 8 * n * k):
            return Answered(probabilities=np.frombuffer(body, "<f8").reshape(n, k).astype(np.float64))
        self.close()
        raise refused(found("jail.crash"))


def _heard(told: dict[str, Any]) -> dict[str, Any]:
    """What the child said, if it is an answer; raised if it is not."""
    if "declined" in told:
        raise OutOfDomain(str(told["declined"])[:80])
    if "finding" in told:
        raise refused(finding_of(told["finding"]))
    if "rule" in told:
        raise _refusal(told)
    return told


def _refusal(told: dict[str, Any]) -> Invalid:
    rule = str(told["rule"])
    if rule not in _RULES:
        return refused(found("jail.crash"))
    what = told.get("what")
    if isinstance(what, dict) and {"en", "zh"} <= set(what):
        return refuse(rule, Text(str(what["en"])[:400], str(what["zh"])[:400]), where="model")
    return refused(found(rule, str(what or "")))
