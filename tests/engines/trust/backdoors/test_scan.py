"""The scan on digits: how many planted triggers it finds, how many clean models it accuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.backdoors.scan import INVERSION, Scan
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit

KINDS = ("linear", "forest", "network")
Make = Callable[..., Any]


def test_twenty_planted_are_found_and_twenty_clean_are_not_accused(make: Make) -> None:
    planted = [_case(make, "linear", i, True) for i in range(20)]
    clean = [_case(make, "linear", i, False).flagged for i in range(20)]
    assert sum(s.flagged for s in planted) >= 18
    assert sum(clean) <= 1


def test_the_class_is_named_and_the_model_follows_the_conjunction(make: Make) -> None:
    case = make("forest", 3, True)
    found = case.scan(3)
    assert found.flagged and found.label == case.trigger.label
    assert found.carried is not None and found.carried > 0.1
    best = found.poison.found[0]
    assert set(best.columns) & set(case.trigger.columns)
    assert best.lift > 3 and best.holm <= best.p * 1e6


@pytest.mark.parametrize("kind", ["linear", pytest.param("forest", marks=pytest.mark.slow)])
def test_a_trigger_hidden_from_the_rows_shown_is_found_in_the_model(make: Make, kind: str) -> None:
    hidden = []
    for seed in range(5):
        case = make(kind, 40 + seed, True)
        hidden.append(case.scan(seed, case.honest))
    assert not any(s.poison.flagged for s in hidden)
    assert sum(s.inverted.p <= INVERSION for s in hidden) >= 4


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_stated_false_alarm_rate_holds_on_200_clean_models(
    make: Make, record_property: Callable[[str, Any], None]
) -> None:
    sizes = {"linear": (20, 80), "forest": (20, 70), "network": (20, 60)}
    found = {
        k: sum(_case(make, k, i, True).flagged for i in range(100, 100 + n)) for k, (n, _) in sizes.items()
    }
    accused = {
        k: sum(_case(make, k, i, False).flagged for i in range(100, 100 + n)) for k, (_, n) in sizes.items()
    }
    hits, planted = sum(found.values()), sum(n for n, _ in sizes.values())
    alarms, clean = sum(accused.values()), sum(n for _, n in sizes.values())
    limits = float(lower_limit(hits, planted, 0.05)), float(upper_limit(alarms, clean, 0.05))
    record_property("backdoors", {"found": found, "accused": accused, "limits": limits})
    print(
        f"found {found} of {planted} (at least {limits[0]:.3f}); "
        f"accused {accused} of {clean} (at most {limits[1]:.3f})"
    )
    assert clean >= 200 and hits >= 0.9 * planted and alarms <= 0.05 * clean


def _case(make: Make, kind: str, seed: int, planted: bool) -> Scan:
    found = make(kind, seed, planted).scan(seed)
    assert isinstance(found, Scan)
    assert np.isfinite(found.inverted.p)
    return found
