"""What a person may ask the partnership to run: the form `hutong-job/1`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

FORM = "hutong-job/1"
FIELDS = {"form", "command", "files", "results"}
MOST_WORDS, LONGEST_WORD, MOST_FILES = 200, 2_000, 50
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
EXAMPLE = (
    "{form: hutong-job/1, command: [python3, train.py], files: {train.py: SHA-256}, results: [model.onnx]}"
)


@dataclass(frozen=True, slots=True)
class Work:
    """A command as a list of words (no shell reads it), the stored files it finds beside it, the files it leaves."""

    command: tuple[str, ...]
    files: Mapping[str, str]
    results: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"command": list(self.command), "files": dict(self.files), "results": list(self.results)}


def work_of(raw: Any) -> Work:
    """Read a job's description. Raises `Invalid` job.form, job.command, job.files or job.results."""
    if not isinstance(raw, Mapping) or raw.get("form") != FORM or set(raw) - FIELDS:
        raise _refuse("form", Text("This is no description of a job.", "这不是作业描述。"))
    command = raw.get("command")
    if not isinstance(command, list) or not 1 <= len(command) <= MOST_WORDS or not all(map(_word, command)):
        raise _refuse("command", Text("The command is a list of words.", "命令须为词的列表。"))
    if not command[0] or command[0].startswith("-") or "=" in command[0]:
        # env(1), which leads into the job's folder, would read it as its own.
        raise _refuse("command", Text("The first word names a program.", "第一个词须为程序名。"))
    files = raw.get("files") or {}
    if (
        not isinstance(files, Mapping)
        or len(files) > MOST_FILES
        or not all(_file(n, d) for n, d in files.items())
    ):
        raise _refuse("files", Text("Files are given as name: SHA-256.", "文件须以“名称: SHA-256”给出。"))
    results = raw.get("results") or []
    if not isinstance(results, list) or len(results) > MOST_FILES or not all(map(_name, results)):
        raise _refuse(
            "results", Text("Results are a list of plain file names.", "结果须为普通文件名的列表。")
        )
    return Work(tuple(command), dict(files), tuple(results))


def _word(given: object) -> bool:
    # Half a character (a lone surrogate of JSON's u-escapes) is no text that a program could be given.
    return isinstance(given, str) and len(given) <= LONGEST_WORD and not _UNSPEAKABLE.search(given)


def _name(given: object) -> bool:
    return isinstance(given, str) and _SAFE.fullmatch(given) is not None


def _file(name: object, digest: object) -> bool:
    return _name(name) and isinstance(digest, str) and _SHA256.fullmatch(digest) is not None


def _refuse(part: str, what: Text) -> Invalid:
    return Invalid(
        what,
        rule=f"job.{part}",
        remedy=Text(f"For example {EXAMPLE}.", f"例如 {EXAMPLE}。"),
        field="work",
    )
