"""The fixture `committee`: fifteen members and a secretariat."""

from __future__ import annotations

from typing import Any

import pytest
from ethics.committee import Committee


@pytest.fixture
def committee(hub: Any) -> Committee:
    return Committee(hub)
