"""The fixture `counter`: the office that keeps the register."""

from __future__ import annotations

from typing import Any

import pytest
from filing.counter import Counter


@pytest.fixture
def counter(hub: Any) -> Counter:
    return Counter(hub)
