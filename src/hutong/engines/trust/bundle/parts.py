"""The parts of a bundle and the two forms it travels in: a folder of files, or one file of JSON lines.

No archive: an archive has to be opened with care, and hides what changed. Each part is UTF-8 text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from hutong.engines.trust.types import refuse
from hutong.kernel.canonical import canonical
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Parts = Mapping[str, bytes]
FORMAT = "hutong.trust.bundle/1"
PLAN, JOURNAL, OBSERVATIONS = "plan.json", "journal.jsonl", "observations.json"
EVIDENCE, VERDICT, REPORT = "evidence.json", "verdict.json", "report.html"
MANIFEST, STATEMENT = "manifest.json", "statement.dsse.json"
# What the manifest lists; the statement signs the manifest.
LISTED = (PLAN, JOURNAL, OBSERVATIONS, EVIDENCE, VERDICT, REPORT)
NAMES = (*LISTED, MANIFEST, STATEMENT)
LARGEST = 2**30


def save(parts: Parts, path: Path) -> None:
    """Write a folder, or one file of JSON lines where the name ends in ``.jsonl``."""
    if path.suffix == ".jsonl":
        _whole(path, pack(parts))
        return
    path.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        _whole(path / name, parts[name])


def load(path: Path) -> dict[str, bytes]:
    """The parts of a folder or a JSON lines file. `Invalid` bundle.form, bundle.size."""
    if not path.is_dir():
        return unpack(_bytes(path))
    # Only the names of the format are read: whatever else lies in the folder is not part of the bundle.
    return {name: _bytes(path / name) for name in NAMES if (path / name).is_file()}


def pack(parts: Parts) -> bytes:
    """One line per part, canonical, so that the same bundle is the same bytes."""
    lines = [canonical({"bundle": FORMAT})]
    for name in NAMES:
        lines.append(json.dumps({"name": name, "text": parts[name].decode()}, ensure_ascii=False).encode())
    return b"\n".join(lines) + b"\n"


def unpack(content: bytes) -> dict[str, bytes]:
    """The parts of one file; refused unless it is exactly what `pack` writes for them."""
    found: dict[str, bytes] = {}
    try:
        for line in content.decode().rstrip("\n").split("\n")[1:]:
            record = json.loads(line)
            found[str(record["name"])] = str(record["text"]).encode()
        same = pack(found) == content
    except (ValueError, KeyError, TypeError) as error:
        raise not_a_bundle() from error
    if not same:
        raise not_a_bundle()
    return found


def not_a_bundle() -> Invalid:
    return refuse(
        "bundle.form",
        Text("This is not a report bundle, or it was changed.", "该文件不是报告包，或已被改动。"),
        Text("Ask the evaluator for the original.", "请向评测方索取原件。"),
        "bundle",
    )


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise refuse(
                "bundle.size", Text("A part is over 1 GiB.", "报告包文件超过1 GiB。"), where=path.name
            )
        return path.read_bytes()
    except OSError as error:
        raise not_a_bundle() from error


def _whole(path: Path, content: bytes) -> None:
    """The file as it is to be, or as it was: never half."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
