"""The fixture `workshop`: a system with hours and data, ready to build."""

from __future__ import annotations

from typing import Any

import pytest
from passport.workshop import Workshop


@pytest.fixture
def workshop(hub: Any) -> Workshop:
    return Workshop(hub)
