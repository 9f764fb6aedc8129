"""Series, energy and SCI: bad files are named by line, figures worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hutong.engines.broker.carbon import (
    DailyForecast,
    PerfectForecast,
    carbon_intensity,
    energy_kwh,
    load_series,
    synthetic,
)
from hutong.kernel.errors import Invalid


def series(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "series.csv"
    path.write_text("time,intensity\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_series_is_read_in_utc(tmp_path: Path) -> None:
    made = load_series(
        series(tmp_path, "2026-01-01T08:00+08:00,500", "2026-01-01T09:00+08:00,400.5"), "intensity", "g"
    )
    assert made.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert list(made.values) == [500, 400.5]
    assert list(made.slots(2)) == [500, 500, 400.5, 400.5]


def test_the_hour_that_comes_twice_in_autumn_is_no_gap(tmp_path: Path) -> None:
    lines = ("2026-10-25T02:00+02:00,1", "2026-10-25T02:00+01:00,2", "2026-10-25T03:00+01:00,3")
    assert list(load_series(series(tmp_path, *lines), "intensity", "g").values) == [1, 2, 3]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("2026-01-01T00:00Z,1", "2026-01-01T02:00Z,1"), "line 3: not one hour"),
        (("2026-01-01T00:00Z,1", "2026-01-01T00:00Z,1"), "line 3: not one hour"),
        (("2026-01-01T00:00Z,-1",), "line 2: '-1'"),
        (("2026-01-01T00:00Z,nan",), "line 2: 'nan'"),
        (("2026-01-01T00:00Z,1", "2026-01-01T01:00Z,x"), "line 3: 'x'"),
        (("2026-01-01T00:00,1",), "line 2: .* no UTC offset"),
        (("2026-01-01T00:30Z,1",), "line 2: .* no full hour"),
        (("yesterday,1",), "line 2: 'yesterday' is no time"),
        ((), "no hours"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    path = series(tmp_path, *lines)
    if not lines:
        path.write_text("time,intensity\n", encoding="utf-8")
    with pytest.raises(Invalid, match=said):
        load_series(path, "intensity", "g")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="lacks time or tariff"):
        load_series(series(tmp_path, "2026-01-01T00:00Z,1"), "tariff", "fen/kWh")


def test_a_synthetic_series_says_so_and_repeats() -> None:
    one, two = (synthetic(240, 7, datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(2))
    assert one.source == "synthetic, seed 7"
    assert (one.values == two.values).all() and (one.values > 0).all()
    assert synthetic(240, 8, one.start).values[5] != one.values[5]


def test_forecasts_look_back_only() -> None:
    signal = np.array([5.0, 6.0, 7.0, 8.0])
    history = np.array([1.0, 2.0, 3.0, 4.0] * 2)
    told = DailyForecast(signal, history, per_day=4, memory=1e-9)(0, 3)
    assert list(told) == pytest.approx([5.0, 2.0, 3.0])  # now as it is, then the days before
    assert list(PerfectForecast(signal)(1, 2)) == [6.0, 7.0]
    assert list(DailyForecast(signal, history[:0], per_day=4)(1, 3)) == [6.0, 6.0, 6.0]


def test_energy_and_sci_by_hand() -> None:
    assert energy_kwh(400, 3600, 1.25) == pytest.approx(0.5)
    found = carbon_intensity(np.array([2.0, 1.0]), np.array([500.0, 300.0]), 150_000.0, 0.01, 10.0)
    assert (found.operational_g, found.embodied_g) == (1300.0, 1500.0)
    assert found.sci == pytest.approx(280.0)
    with pytest.raises(Invalid):
        energy_kwh(400, 3600, 0.9)
    with pytest.raises(Invalid):
        carbon_intensity(np.ones(1), np.ones(1), 1.0, 0.5, 0.0)
