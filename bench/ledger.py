"""Durable events per second, one transaction each and in groups, beside pymerkle on SQLite in the same run.

Ours: SQLite in WAL mode, synchronous=FULL, the root kept with every commit; an event has a header of about 500 bytes
and a payload of 200. pymerkle: one entry of 200 bytes per call, its own SQLite store as it comes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SINGLE, GROUP, GROUPS, PEER = 400, 1000, 10, 200


def run() -> dict[str, Any]:
    from hutong.cli.home import open_hub

    open_hub()
    from django.db import transaction

    from hutong.platform.ledger import store

    def drafts(many: int) -> list[Any]:
        now = datetime.now(UTC)
        return [
            store.Draft(
                "bench.event.append",
                f"SYS-{i:04d}",
                "System",
                None,
                "SYSTEM",
                None,
                None,
                "done",
                now,
                now,
                {"x": "y" * 180},
            )
            for i in range(many)
        ]

    waits = []
    for draft in drafts(SINGLE):
        began = time.perf_counter()
        with transaction.atomic():
            store.append([draft])
        waits.append(time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(GROUPS):
        with transaction.atomic():
            store.append(drafts(GROUP))
    grouped = GROUP * GROUPS / (time.perf_counter() - began)
    figures = {
        "single, events/s": round(SINGLE / sum(waits)),
        "single, p50 ms": round(statistics.median(waits) * 1000, 2),
        "single, p99 ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 2),
        "grouped, events/s": round(grouped),
    }
    peer, missing = _peer()
    ratios = (
        {
            "grouped, events/s": f"{grouped / peer:.0f}x",
            "single, events/s": f"{figures['single, events/s'] / peer:.1f}x",
        }
        if peer
        else {}
    )
    peers = {"grouped, events/s": round(peer), "single, events/s": round(peer)} if peer else {}
    return {
        "figures": figures,
        "peers": peers,
        "ratios": ratios,
        "missing": missing,
        "durability": "WAL, synchronous=FULL",
    }


def _peer() -> tuple[float | None, dict[str, str]]:
    try:
        from pymerkle import SqliteTree
    except ImportError:
        return None, {"pymerkle": "not installed: make peers"}
    with tempfile.TemporaryDirectory() as folder:
        tree = SqliteTree(str(Path(folder) / "peer.sqlite3"))
        began = time.perf_counter()
        for i in range(PEER):
            tree.append_entry(f"{i:0200d}".encode())
        return PEER / (time.perf_counter() - began), {}
