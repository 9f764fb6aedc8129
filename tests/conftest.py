"""What every test needs: a home of its own for the hub, and no way out of this machine."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("HUTONG_HOME", tempfile.mkdtemp(prefix="hutong-test-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.site.settings")

LOCAL = ("127.0.0.1", "::1", "localhost", "")


@pytest.fixture(autouse=True, scope="session")
def no_way_out() -> Iterator[None]:
    """Every connection to another machine is an error: the hub makes none at run time."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            raise AssertionError(f"a connection to {address[0]} was tried")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]
