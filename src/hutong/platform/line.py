"""Writers of one SQLite file stand in line. SQLite itself lets them sleep and try again, and the unlucky starve among many;
flock(2) wakes them in the order in which they came. PostgreSQL needs none of this.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

LOCK = "writers.lock"


@contextmanager
def in_line() -> Iterator[None]:
    """Hold the place of the one writer. Nothing to wait for inside a transaction, or on another database."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    # A descriptor of its own each time: so threads of one process stand in line as processes do.
    handle = os.open(Path(settings.HUTONG_HOME) / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
