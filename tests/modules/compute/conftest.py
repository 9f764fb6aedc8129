"""The fixture `desk`: a centre with a pool, an award and data."""

from __future__ import annotations

from typing import Any

import pytest
from compute.desk import Desk


@pytest.fixture
def desk(hub: Any) -> Desk:
    return Desk(hub)
