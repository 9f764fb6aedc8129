"""``hutong bench [NAME] [--OPTION VALUE] [--json]``: every benchmark is one file here with ``run(**options) -> dict``; both
sides in one run.

``hutong bench compute fgd`` is ``compute_fgd.py``; ``--data DIR`` (or ``HUTONG_DATA``) is where public data lie. The options of
a benchmark are the parameters of its ``run``: ``hutong bench NAME --help`` lists them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))


def machine() -> dict[str, Any]:
    return {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}


def measure(name: str, given: dict[str, str]) -> dict[str, Any]:
    """One benchmark in a home of its own."""
    os.environ["HUTONG_HOME"] = tempfile.mkdtemp(prefix="hutong-bench-")
    made: dict[str, Any] = benchmark(name)(**options(name, given))
    return {
        "name": name,
        "figures": {},
        "peers": {},
        "ratios": {},
        "missing": {},
        **made,
        "machine": machine(),
    }


def benchmark(name: str) -> Callable[..., dict[str, Any]]:
    sys.path.insert(0, str(HERE))
    found: Callable[..., dict[str, Any]] = importlib.import_module(name).run
    return found


def options(name: str, given: dict[str, str]) -> dict[str, Any]:
    """What was given, as the types that the benchmark's parameters have. ValueError names an option that it has not."""
    known = inspect.signature(benchmark(name), eval_str=True).parameters
    for option in given:
        if option.replace("-", "_") not in known:
            raise ValueError(f"{name} has no option --{option}; it has: {', '.join(known) or 'none'}")
    return {k.replace("-", "_"): _typed(known[k.replace("-", "_")].annotation, v) for k, v in given.items()}


def _typed(kind: Any, value: str) -> Any:
    spelled = str(kind)
    if kind is int or spelled.startswith("int |"):
        return int(value)
    if kind is float or spelled.startswith("float |"):
        return float(value)
    if kind is bool:
        return value.lower() not in ("0", "no", "false")
    if "Path" in spelled:
        return Path(value)
    if spelled.startswith(("tuple", "list", "collections.abc.Sequence", "typing.Sequence")):
        parts = [part for part in value.split(",") if part]
        of = int if "int" in spelled else float if "float" in spelled else str
        return tuple(of(p) for p in parts)
    return value


def _flat(given: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Figures by name; those within others under both names."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}: ")
        else:
            yield f"{before}{name}", value


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{len(value)} (--json)" if value else "0"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=result["name"], box=None, title_justify="left")
    for head in ("what", "ours", "peer", "ratio"):
        table.add_column(head)
    parts = [dict(_flat(result[part])) for part in ("figures", "peers", "ratios")]
    for what in dict.fromkeys(name for part in parts for name in part):
        table.add_row(what, *(_said(part.get(what, "")) for part in parts))
    Console(width=None if sys.stdout.isatty() else 80).print(table)
    for peer, why in result["missing"].items():
        print(f"missing: {peer}: {why}")


def read(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names, and options as ``--name value`` or ``--name=value``; a name without a value is yes."""
    names_, given, left = [], {}, list(arguments)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            names_.append(word)
            continue
        option, sign, value = word[2:].partition("=")
        if not sign:
            value = left.pop(0) if left and not left[0].startswith("--") and option not in FLAGS else "yes"
        given[option] = value
    return names_, given


FLAGS = ("json", "help")


def main(arguments: list[str]) -> int:
    words, given = read(arguments)
    as_json, help_ = bool(given.pop("json", "")), bool(given.pop("help", ""))
    name = "_".join(words).replace("-", "_")
    if not name:
        print("\n".join(names()))
        return 0
    if name not in names():
        print(f"there is no benchmark {name}; there are: {', '.join(names())}", file=sys.stderr)
        return 4
    if help_:
        print(
            f"hutong bench {name}{inspect.signature(benchmark(name))}\n\n{inspect.getdoc(sys.modules[name]) or ''}"
        )
        return 0
    try:
        result = measure(name, given)
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 22
    if as_json:
        print(json.dumps(result, indent=2, default=str))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
