"""Secrets of a hub: made at the first start, kept in its home with mode 600, never in the environment or the code."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def _random() -> str:
    return secrets.token_urlsafe(48)


def secret_of(home: Path, name: str, make: Callable[[], str] = _random) -> str:
    """The secret of that name; made once, even when two processes ask for it at the same moment."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{name}.key"
    if not place.exists():
        draft = folder / f".{name}-{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(make())
            stream.flush()
            os.fsync(stream.fileno())
        # A link fails where the name is taken: the first of two processes wins, and nobody reads half a secret.
        with suppress(FileExistsError):
            os.link(draft, place)
        draft.unlink()
    return place.read_text(encoding="ascii").strip()
