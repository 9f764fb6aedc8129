"""What the evaluator alone adds to an installation: declared libraries that only `trust` imports, with what they need."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    packages_distributions,
    requires,
)
from pathlib import Path

from peers.trust_board import Board

SOURCE = Path(__file__).resolve().parents[2] / "src" / "hutong"
TRUST = (SOURCE / "engines" / "trust", SOURCE / "modules" / "trust", SOURCE / "cli" / "trust.py")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_START = "import time; t = time.perf_counter(); import hutong.engines.trust; print(time.perf_counter() - t)"


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, also within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def needed(names: set[str]) -> set[str]:
    """The names and all that they require, as installed here; extras are left out."""
    seen: set[str] = set()
    todo = {n.lower().replace("_", "-") for n in names}
    while todo:
        name = todo.pop()
        seen.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            seen.discard(name)
            continue
        wanted = {
            m[0].lower().replace("_", "-") for x in lines if "extra ==" not in x and (m := _NAME.match(x))
        }
        todo |= wanted - seen
    return seen


def mebibytes(name: str) -> float:
    found: Distribution = distribution(name)
    paths = (Path(str(f.locate())) for f in found.files or ())
    return sum(p.stat().st_size for p in paths if p.is_file()) / 2**20


def added() -> tuple[dict[str, float], dict[str, float]]:
    """MiB by library: (only the evaluator needs, everything that its engine imports, with what that needs)."""
    homes = packages_distributions()
    theirs, ours, engine = set[str](), set[str](), set[str]()
    for path in SOURCE.rglob("*.py"):
        names = {d for top in imported(path) for d in homes.get(top, ())} - {"hutong"}
        if any(path == t or t in path.parents for t in TRUST):
            ours |= names
            engine |= names if TRUST[0] in path.parents else set()
        else:
            theirs |= names
    declared = {m[0] for x in requires("hutong") or () if "extra ==" not in x and (m := _NAME.match(x))}
    # What no file imports by name (a server, a data file) belongs to the hub.
    rest = needed({d for d in declared if d.lower() not in {o.lower() for o in ours}} | theirs)
    alone = {n: mebibytes(n) for n in sorted(needed(ours) - rest)}
    return alone, {n: mebibytes(n) for n in sorted(needed(engine))}


def import_seconds(tries: int = 3) -> float:
    """The fastest of some fresh interpreters. Raises CalledProcessError with what Python said."""
    command = [sys.executable, "-c", _START]
    runs = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(tries))
    return min(float(r.stdout) for r in runs)


def footprint(board: Board) -> None:
    only, whole = added()
    for what, sized in (("only the evaluator needs", only), ("its engine needs at all", whole)):
        named = ", ".join(n for n, s in sorted(sized.items(), key=lambda x: -x[1]) if s >= 1)
        board.put(f"size: MiB of libraries that {what} ({named or 'none'})", sum(sized.values()))
    try:
        board.put("size: import hutong.engines.trust, s", import_seconds())
    except subprocess.CalledProcessError as error:
        board.missing["import hutong.engines.trust"] = error.stderr.strip().splitlines()[-1]
