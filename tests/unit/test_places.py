"""Plans are found from a checkout and from an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

import hutong
from hutong.kernel.places import plans_directory


def test_plans_of_this_checkout() -> None:
    assert plans_directory() == Path(__file__).resolve().parents[2] / "plans"


def test_a_wheel_carries_its_own_and_a_damaged_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "hutong"
    package.mkdir(parents=True)
    monkeypatch.setattr(hutong, "__file__", str(package / "__init__.py"))
    with pytest.raises(FileNotFoundError):
        plans_directory()
    (package / "plans").mkdir()
    assert plans_directory() == package / "plans"
