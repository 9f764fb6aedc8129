"""Loading a plan into the hub of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plan.small_plan import SMALL


@pytest.fixture
def load(hub: Any, settings: Any) -> Callable[..., Any]:
    """Load a plan text as a task-force officer; the hub's own plan is the small one."""
    settings.HUTONG_PLAN = "small.yaml"

    def run(officer: Any, text: str = SMALL) -> Any:
        return hub.do(
            officer, "plan.plan.load", file=hub.store(text.encode(), "plan.yaml", "application/yaml")
        )

    return run
