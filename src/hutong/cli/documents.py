"""A structured value named on the command line: a YAML or JSON file, with the files it names beside it stored first."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Any

import yaml

from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.text import Text


def read_document(given: str, *, store: bool = True) -> Any:
    """The text itself, or what the file of that name holds. A list ``files`` in it names files next to it: each is
    stored and replaced by its digest, so that what is sent is complete and cannot change afterwards.

    store: False for a look that leaves nothing behind; the files have to be there all the same.
    """
    place = Path(given.removeprefix("@"))
    if not place.is_file():
        if given.startswith("@") or place.suffix in (".yaml", ".yml", ".json"):
            raise _missing(place, "work")
        return given
    try:
        from hutong.platform.parsing import read_yaml

        read = read_yaml(place.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise Invalid(
            Text("{f} is no YAML: {p}", "{f} 不是 YAML：{p}").format(
                f=place.name, p=str(problem).splitlines()[0][:160]
            ),
            rule="input.json",
            remedy=Text("Correct the file.", "请更正该文件。"),
            field="work",
        ) from None
    if isinstance(read, dict) and isinstance(read.get("files"), list):
        read["files"] = _beside(place.parent, [str(name) for name in read["files"]], store)
    return read


def _beside(folder: Path, names: list[str], store: bool) -> dict[str, str]:
    """Digests of these files by their last names. `Invalid` where two have one: the job has one folder."""
    last = [Path(name).name for name in names]
    twice = sorted({name for name in last if last.count(name) > 1})
    if twice:
        raise Invalid(
            Text("Two files are called {n}.", "有两个文件同名：{n}。").format(n=twice[0][:80]),
            rule="file.twice",
            remedy=Text("Rename one of them.", "请为其中之一改名。"),
            field="files",
        )
    return {name: _digest(folder / given, store) for name, given in zip(last, names, strict=True)}


def _digest(place: Path, store: bool) -> str:
    from hutong.platform import files

    if not place.is_file():
        raise _missing(place, "files")
    if not store:
        with place.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    kind = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
    with place.open("rb") as stream:
        return files.store(stream, name=place.name, media_type=kind).sha256


def _missing(place: Path, field: str) -> NotFound:
    return NotFound(
        Text("There is no file {f}.", "没有文件 {f}。").format(f=str(place)[:120]),
        rule="file.not_found",
        remedy=Text("Name files by their place beside the description.", "请按与描述文件的相对位置填写。"),
        field=field,
    )
