"""SQLite as a durable book: the pragmas that the ledger relies on are asserted on every new connection."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created

INIT = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA busy_timeout=30000;"
    "PRAGMA cache_size=-64000;"
    "PRAGMA temp_store=MEMORY;"
)


def _check(connection: Any, **_: object) -> None:
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
        foreign_keys = cursor.execute("PRAGMA foreign_keys").fetchone()[0]
    if synchronous < 2 or foreign_keys != 1:
        raise RuntimeError(
            f"SQLite is not durable here (synchronous={synchronous}, foreign_keys={foreign_keys}); "
            "the ledger refuses to write. Check the database OPTIONS in the settings."
        )


def assert_pragmas_on_connect() -> None:
    """Refuse to work on a connection that could lose an acknowledged event."""
    connection_created.connect(_check, dispatch_uid="hutong.sqlite.pragmas")
