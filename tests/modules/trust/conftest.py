"""A deployed service on this machine, and a hub whose operator admits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from trust.deployment import TOKEN, VARIABLE, Deployed, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def deployed(hub: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setenv(VARIABLE, TOKEN)
    return Deployed(hub, server)
