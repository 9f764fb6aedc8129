"""What counts as refusing a malformed input: the model's own refusal, never a machine that broke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.safety import refused
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Conflict, Exhausted, HutongError
from hutong.kernel.text import Text

SYSTEM = trust.System("Reader", "1", trust.Domain("table", (trust.Column("x"),)), ("no", "yes"))
WORDS = Text("It broke.", "出现故障。")


@dataclass
class Broken:
    """Raises whatever it is given."""

    error: Exception
    digest: str = "a" * 64
    access: str = "scores"

    def predict(self, rows: Any) -> trust.Predictions:
        raise self.error

    raw = predict


def bench(error: Exception) -> Bench:
    data = trust.data_of({"features": np.zeros((2, 1)), "labels": ["no", "yes"]}, SYSTEM)
    target = Broken(error)
    return Bench(Setting(trust.load_profile("form-reader"), SYSTEM, data, target.access), target, "seed")


@pytest.mark.parametrize("error", [trust.OutOfDomain("x"), ValueError("x"), refuse("output.finite", WORDS)])
def test_a_refusal_of_the_model_counts(error: Exception) -> None:
    assert refused(bench(error), np.full((1, 1), np.nan, np.float32))


@pytest.mark.parametrize(
    "error",
    [
        Exhausted(WORDS, rule="endpoint.budget", remedy=WORDS),
        Conflict(WORDS, rule="cassette.busy", remedy=WORDS),
        refuse("endpoint.status", WORDS),
        refuse("jail.died", WORDS),
    ],
)
def test_a_machine_that_broke_refuses_nothing(error: HutongError) -> None:
    """Otherwise a dead endpoint would pass S2 and S3 with full marks."""
    with pytest.raises(HutongError) as raised:
        refused(bench(error), np.full((1, 1), np.nan, np.float32))
    assert raised.value.rule == error.rule
