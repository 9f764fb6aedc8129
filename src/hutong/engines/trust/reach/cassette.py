"""The cassette: every answer of an endpoint, appended as it comes, one JSON line each, chained by hash.

A line is ["<hash>", {record}] with hash = SHA-256(hash of the line before, bytes of the record). A changed, moved or removed
line breaks the chain at its place; a last line cut off by a crash is dropped when the cassette is opened to go on.
Replies are kept, questions only by digest: a private bank does not leak through a cassette.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

_FIRST = "0" * 64
_AT = len('["') + 64 + len('",')


@dataclass(frozen=True, slots=True)
class Played:
    """One answer on the cassette. status: of HTTP. cost: in millionths of the currency. attempts: that it took."""

    status: int
    body: str
    cost: int
    attempts: int


class Cassette:
    """Answers by key, in memory and, if a path is given, in a file that only grows.

    `Conflict` cassette.busy when another process writes it, cassette.other when it belongs to another endpoint;
    `Invalid` cassette.tampered with the number of the first line that is not as it was written.
    """

    def __init__(self, path: Path | None, about: Mapping[str, object], *, writable: bool = True) -> None:
        self.answers: dict[str, Played] = {}
        self.uncertain = 0
        self.unknown = 0
        self._head = _FIRST
        self._file: int | None = None
        self._lines = 0
        if path is None:
            return
        if writable:
            self._file = _lock(path)
        try:
            self._load(path, writable)
            self._same(about)
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> str:
        """Hash of the last line: it stands for the whole cassette."""
        return self._head

    @property
    def spent(self) -> int:
        """All that may have been charged: answers, and attempts whose fate is unknown."""
        return self.uncertain + sum(a.cost for a in self.answers.values())

    @property
    def attempts(self) -> int:
        """Attempts that are on record: those that answers took, and those whose fate is unknown."""
        return self.unknown + sum(a.attempts for a in self.answers.values())

    def put(self, key: str, answer: Played) -> None:
        """Keep an answer; a second one under the same key is a mistake of the caller."""
        if key in self.answers:
            raise ValueError(f"answered before: {key}")
        self.answers[key] = answer
        record = {"key": key, "status": answer.status, "body": answer.body}
        self._append("answer", {**record, "cost": answer.cost, "attempts": answer.attempts})

    def lost(self, key: str, cost: int) -> None:
        """Keep that an attempt was sent and nobody knows whether it was charged."""
        self.uncertain += cost
        self.unknown += 1
        self._append("lost", {"key": key, "cost": cost})

    def close(self) -> None:
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        # A target that is merely dropped must not keep the file locked.
        file, self._file = getattr(self, "_file", None), None
        if file is not None:
            os.close(file)

    def _append(self, kind: str, record: Mapping[str, object]) -> None:
        if self._file is None:
            return
        # ASCII with escapes: a canonical form would make composed and decomposed characters one, and the reply another.
        body = json.dumps({"kind": kind, **record}, sort_keys=True, separators=(",", ":")).encode()
        self._head = _chain(self._head, body)
        line = b'["' + self._head.encode() + b'",' + body + b"]\n"
        while line:
            line = line[os.write(self._file, line) :]
        self._lines += 1

    def _load(self, path: Path, writable: bool) -> None:
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            if not writable:
                raise _tampered(data.count(b"\n") + 1)
            os.truncate(path, whole)
        for record in self._records(data[:whole]):
            self._take(record)

    def _records(self, data: bytes) -> Iterator[Mapping[str, object]]:
        for line in data.splitlines():
            self._lines += 1
            body = line[_AT:-1]
            head = _chain(self._head, body)
            if line[:_AT] != b'["' + head.encode() + b'",' or line[-1:] != b"]":
                raise _tampered(self._lines)
            self._head = head
            yield json.loads(body)

    def _take(self, record: Mapping[str, object]) -> None:
        kind = record["kind"]
        if kind == "about":
            self._about = record
        elif kind == "lost":
            self.uncertain += int(str(record["cost"]))
            self.unknown += 1
        else:
            numbers = [int(str(record[n])) for n in ("status", "cost", "attempts")]
            self.answers[str(record["key"])] = Played(numbers[0], str(record["body"]), numbers[1], numbers[2])

    def _same(self, about: Mapping[str, object]) -> None:
        if not self._lines:
            self._append("about", about)
        elif {"kind": "about", **about} != getattr(self, "_about", None):
            what = Text("The cassette was recorded at another endpoint.", "录制带来自其他接口。")
            raise Conflict(what, rule="cassette.other", remedy=_ANOTHER, field="cassette")


_ANOTHER = Text("Use another file.", "请使用其他文件。")


def _lock(path: Path) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        what = Text("The cassette is being written by another process.", "录制带正被其他进程写入。")
        raise Conflict(what, rule="cassette.busy", remedy=_ANOTHER, field="cassette") from error
    return file


def _chain(head: str, body: bytes) -> str:
    return hashlib.sha256(head.encode() + body).hexdigest()


def _tampered(line: int) -> Invalid:
    what = Text("Line {n} of the cassette is not as it was written.", "录制带第{n}行与写入时不符。").format(
        n=line
    )
    return refuse("cassette.tampered", what, Text("Record it again.", "请重新录制。"), "cassette")
