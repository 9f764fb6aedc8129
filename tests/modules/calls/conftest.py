"""The fixture `contest`: a hub with an office, a second officer and nothing published yet."""

from __future__ import annotations

from typing import Any

import pytest
from calls.competition import Competition

from hutong.kernel.permission import Role


@pytest.fixture
def contest(hub: Any) -> Competition:
    return Competition(hub, hub.actor(Role.TASK_FORCE), hub.actor(Role.TASK_FORCE))
