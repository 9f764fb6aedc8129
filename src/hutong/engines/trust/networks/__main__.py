"""Run a list of instances: python -m hutong.engines.trust.networks INSTANCES.csv --seconds 116 --json

The list has a row for each instance: onnx, vnnlib and, if known, verdict (holds or violated). Files are looked for
beside the list, then in its folders onnx and vnnlib.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

from hutong.kernel.errors import HutongError

_NAMES = ("onnx", "vnnlib", "seconds", "verdict")
Row = dict[str, object]


def _find(folder: Path, name: str, kind: str) -> Path:
    return next((p for p in (folder / name, folder / kind / Path(name).name) if p.is_file()), folder / name)


def read_instances(path: Path) -> list[dict[str, str]]:
    """Rows with a header, or the headless lists of VNN-COMP: onnx, vnnlib, seconds."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [r for r in csv.reader(file) if r]
    head: Sequence[str] = _NAMES
    if rows and "onnx" in rows[0]:
        head, rows = rows[0], rows[1:]
    return [dict(zip(head, r, strict=False)) for r in rows]


def run_one(folder: str, row: dict[str, str], seconds: float, seed: int) -> Row:
    """Outcome of one instance as plain data. error: why it could not be read."""
    from hutong.engines.trust.networks import read_network, read_property, verify

    start = time.monotonic()
    result: Row = {"onnx": row["onnx"], "vnnlib": row["vnnlib"], "expected": row.get("verdict") or None}
    try:
        network = read_network(_find(Path(folder), row["onnx"], "onnx").read_bytes())
        prop = read_property(_find(Path(folder), row["vnnlib"], "vnnlib").read_text(encoding="utf-8"))
        result |= verify(network, prop, seconds, seed=seed).as_json()
    except (HutongError, OSError, UnicodeDecodeError) as error:
        result |= {"verdict": "error", "error": str(error)}
    result["seconds"] = round(time.monotonic() - start, 3)
    expected = result["expected"]
    decided = result["verdict"] in ("holds", "violated")
    result["wrong"] = bool(decided and expected in ("holds", "violated") and expected != result["verdict"])
    return result


def summary(results: list[Row]) -> Row:
    seconds = [float(str(r["seconds"])) for r in results]
    count = {v: sum(r["verdict"] == v for r in results) for v in ("holds", "violated", "unknown", "error")}
    return {
        "instances": len(results),
        "decided": count["holds"] + count["violated"],
        **count,
        "wrong": sum(bool(r["wrong"]) for r in results),
        "compared": sum(r["expected"] is not None for r in results),
        "median_seconds": median(seconds) if seconds else 0.0,
        "longest_seconds": max(seconds, default=0.0),
        "total_seconds": round(sum(seconds), 3),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 if a verdict contradicts the list's."""
    parser = argparse.ArgumentParser(prog="python -m hutong.engines.trust.networks")
    parser.add_argument("instances", type=Path)
    parser.add_argument("--seconds", type=float, default=116.0)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(argv)
    rows = read_instances(chosen.instances)[: chosen.limit]
    folder = str(chosen.instances.parent)
    results: list[Row] = []
    with ProcessPoolExecutor(max(chosen.processes, 1)) as pool:
        jobs = [pool.submit(run_one, folder, r, chosen.seconds, chosen.seed) for r in rows]
        for job in jobs:
            results.append(job.result())
            if not chosen.json:
                r = results[-1]
                mark = "  WRONG" if r["wrong"] else ""
                print(f"{r['verdict']:9}{r['seconds']:>9}  {r['onnx']} {r['vnnlib']}{mark}", flush=True)
    found = summary(results)
    if chosen.json:
        print(json.dumps({"summary": found, "results": results}, ensure_ascii=False, indent=1))
    else:
        print("  ".join(f"{k} {v}" for k, v in found.items()))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
