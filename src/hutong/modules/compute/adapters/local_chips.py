"""Chips of one machine, given out in the order of arrival by locks that the kernel lets go when their holders are gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TURN_S = 0.1


class Chips:
    """`count` chips. Below `folder`: ``taken/NAME`` holds a number of chips, ``line/TICKET`` a place in the line; either
    counts as long as some process holds its lock."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder.resolve(), count

    def prepare(self) -> None:
        """Make the folders."""
        for name in ("taken", "line"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def taken(self) -> int:
        """Chips held now."""
        return sum(int(p.read_text() or 0) for p in (self.folder / "taken").iterdir() if held(p))

    @contextmanager
    def take(self, name: str, chips: int, given_up: Callable[[], bool]) -> Iterator[Path | None]:
        """Wait for that many at once; yields the file to hold on to (shared lock), None where given up before."""
        place = self.folder / "line" / f"{time.time_ns():020d}-{name}"
        with _lock(place, fcntl.LOCK_EX):
            mine = None
            while mine is None and not given_up():
                mine = self._try(place, name, chips)
                if mine is None:
                    time.sleep(_TURN_S)
            place.unlink(missing_ok=True)
        if mine is None:
            yield None
            return
        try:
            yield self.folder / "taken" / name
        finally:
            os.close(mine)

    def _try(self, place: Path, name: str, chips: int) -> int | None:
        with _lock(self.folder / "mutex", fcntl.LOCK_EX):
            first = not any(p.name < place.name and held(p) for p in (self.folder / "line").iterdir())
            if not first or self.taken() + chips > self.count:
                return None
            path = self.folder / "taken" / name
            path.write_text(str(chips))
            mine = os.open(path, os.O_RDONLY)
            fcntl.flock(mine, fcntl.LOCK_SH)
            return mine


def held(path: Path) -> bool:
    """Whether some process holds the lock of that file."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def _lock(path: Path, kind: int) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, kind)
        yield handle
    finally:
        os.close(handle)
