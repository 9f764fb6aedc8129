"""``hutong bench [NAME] [--json]``: every benchmark is one file here with ``run() -> dict``; both sides in one run."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))


def machine() -> dict[str, Any]:
    return {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}


def measure(name: str) -> dict[str, Any]:
    """One benchmark in a home of its own."""
    os.environ["HUTONG_HOME"] = tempfile.mkdtemp(prefix="hutong-bench-")
    sys.path.insert(0, str(HERE))
    made: dict[str, Any] = importlib.import_module(name).run()
    return {
        "name": name,
        "figures": {},
        "peers": {},
        "ratios": {},
        "missing": {},
        **made,
        "machine": machine(),
    }


def show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=result["name"], box=None, title_justify="left")
    for head in ("what", "ours", "peer", "ratio"):
        table.add_column(head)
    for what, ours in result["figures"].items():
        table.add_row(
            what, f"{ours:,}", f"{result['peers'].get(what, '')}", f"{result['ratios'].get(what, '')}"
        )
    Console(width=None if sys.stdout.isatty() else 80).print(table)
    for peer, why in result["missing"].items():
        print(f"missing: {peer}: {why}")


def main(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    chosen = [a for a in arguments if not a.startswith("-")]
    if not chosen:
        print("\n".join(names()))
        return 0
    if chosen[0] not in names():
        print(f"there is no benchmark {chosen[0]}; there are: {', '.join(names())}", file=sys.stderr)
        return 4
    result = measure(chosen[0])
    if as_json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
