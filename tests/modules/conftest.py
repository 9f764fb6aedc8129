"""The fixture `hub` for every test of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests_hub import Hub


@pytest.fixture
def hub(db: None, settings: Any, tmp_path: Path) -> Iterator[Hub]:
    """A hub with an empty ledger and an empty file store."""
    settings.HUTONG_HOME = tmp_path
    yield Hub()
