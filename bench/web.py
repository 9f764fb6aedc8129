"""A list page and a detail page over 100,000 rows: ours through gunicorn beside Datasette, both on the loopback.

Both serve the same table from SQLite by one process; the list shows 50 rows as HTML. Medians of one client after warm-up.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROWS, TRIES = 100_000, 60


def run() -> dict[str, Any]:
    ours = _ours()
    theirs, missing = _theirs()
    ratios = {what: f"{theirs[what] / ours[what]:.1f}x" for what in ours if what in theirs}
    return {"figures": ours, "peers": theirs, "ratios": ratios, "missing": missing, "rows": ROWS}


def _ours() -> dict[str, float]:
    from hutong.cli.home import home, open_hub

    open_hub()
    from django.utils import timezone

    from hutong.platform.people import Organisation

    now = timezone.now()
    rows = (
        Organisation(
            code=f"ORG-{n:06d}", state="registered", version=1, created_at=now, name_en=f"House {n}", name_zh=f"单位{n}",
            register="other", register_id=f"R{n}",
        )
        for n in range(1, ROWS + 1)
    )  # fmt: skip
    Organisation.objects.bulk_create(rows, batch_size=2000)
    port = _port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "hutong.site.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    environment = {**os.environ, "HUTONG_HOME": str(home()), "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}
    base = f"http://127.0.0.1:{port}"
    pages = {
        "list, ms": f"{base}/parties/organisation/",
        "detail, ms": f"{base}/parties/organisation/ORG-050000",
    }
    return _measure(command, environment, port, pages)


def _theirs() -> tuple[dict[str, float], dict[str, str]]:
    try:
        import datasette  # noqa: F401
    except ImportError:
        return {}, {"datasette": "not installed: make peers"}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "peer.db"
        book = sqlite3.connect(place)
        book.execute(
            "CREATE TABLE organisation (code TEXT PRIMARY KEY, name_en TEXT, name_zh TEXT, kind TEXT, state TEXT)"
        )
        book.executemany(
            "INSERT INTO organisation VALUES (?, ?, ?, 'enterprise', 'registered')",
            ((f"ORG-{n:06d}", f"House {n}", f"单位{n}") for n in range(1, ROWS + 1)),
        )
        book.commit()
        book.close()
        port = _port()
        command = [
            sys.executable,
            "-m",
            "datasette",
            "serve",
            str(place),
            "-p",
            str(port),
            "--setting",
            "default_page_size",
            "50",
        ]
        base = f"http://127.0.0.1:{port}/peer/organisation"
        return _measure(
            command, dict(os.environ), port, {"list, ms": base, "detail, ms": f"{base}/ORG-050000"}
        ), {}


def _measure(
    command: list[str], environment: dict[str, str], port: int, pages: dict[str, str]
) -> dict[str, float]:
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        return {what: _median(url) for what, url in pages.items()}
    finally:
        server.terminate()
        server.wait()


def _median(url: str) -> float:
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        with urllib.request.urlopen(url) as answer:
            answer.read()
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took[TRIES // 6 :]), 2)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
