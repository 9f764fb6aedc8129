"""How the hub reaches its centres: names from ``centres.yaml`` in the hub's home, which only its operator writes.

Paths and secrets stay in that file; records hold the name alone. ``local`` always exists: processes of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from hutong.kernel.errors import HutongError, Invalid, NotFound
from hutong.kernel.text import Text

FILE = "centres.yaml"
LOCAL: Mapping[str, Any] = {"engine": "local"}
ENGINES = ("local", "slurm", "slurmrest", "ray", "kubernetes")


def known(name: str) -> Mapping[str, Any]:
    """The settings of a connection. `NotFound` names those that exist, `Invalid` an engine that does not."""
    place = Path(settings.HUTONG_HOME) / FILE
    found = {"local": LOCAL, **(_read(place, place.stat().st_mtime_ns) if place.is_file() else {})}
    if name not in found:
        raise NotFound(
            Text("There is no connection “{n}”.", "不存在接入方式“{n}”。").format(n=name[:40]),
            rule="connection.unknown",
            remedy=Text(
                "Known are: {k}. The hub's operator adds one in {f}.",
                "已有：{k}。由平台运维人员在 {f} 中添加。",
            ).format(k=", ".join(sorted(found)), f=FILE),
            field="connection",
        )
    return found[name]


def admits_commands(name: str) -> bool:
    """Whether the centre runs what people send it. Other machines do unless their entry says ``commands: false``; this
    one does not unless it says ``commands: true``, for a process here runs as the hub's own user."""
    try:
        about = known(name)
    except HutongError:
        return False
    return bool(about.get("commands", about["engine"] != "local"))


@lru_cache(maxsize=4)
def _read(place: Path, changed: int) -> dict[str, Mapping[str, Any]]:
    try:
        read = yaml.safe_load(place.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise Invalid(
            Text("{f} is no YAML: {p}", "{f} 不是 YAML：{p}").format(
                f=FILE, p=str(problem).splitlines()[0][:160]
            ),
            rule="connection.file",
            remedy=Text("The hub's operator corrects the file.", "请平台运维人员更正该文件。"),
            field="connection",
        ) from None
    for name, one in read.items() if isinstance(read, Mapping) else [("", None)]:
        if not isinstance(one, Mapping) or one.get("engine") not in ENGINES:
            raise Invalid(
                Text("{f}: “{n}” names no engine.", "{f}：“{n}”未指明引擎。").format(
                    f=FILE, n=str(name)[:40]
                ),
                rule="connection.engine",
                remedy=Text("Give `engine:` one of {e}.", "`engine:` 须为 {e} 之一。").format(
                    e=", ".join(ENGINES)
                ),
                field="connection",
            )
    return {str(k): dict(v) for k, v in read.items()}
