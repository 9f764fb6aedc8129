"""The fixture `department`: a hub with one data officer and an empty catalogue."""

from __future__ import annotations

from typing import Any

import pytest
from datahub.department import Department

from hutong.kernel.permission import Role


@pytest.fixture
def department(hub: Any) -> Department:
    owner = hub.organisation("Records")
    return Department(hub, owner, hub.actor(Role.DATA_OFFICER, owner))
