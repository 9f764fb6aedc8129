"""The numbers of the review as dated data, and the count of a vote in integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Rules:
    """Least members of a panel, least present, share to approve (numerator, denominator), class from which hours and
    data wait for approval, months of validity; `citations` by name."""

    members_min: int
    present_min: int
    numerator: int
    denominator: int
    gate_from_class: int
    validity_months: int
    citations: dict[str, Text]


@cache
def rules() -> Rules:
    """The edition that lies beside this module."""
    raw: Any = yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text(encoding="utf-8"))
    cited = {k: Text(**v["citation"]) for k, v in raw.items() if isinstance(v, dict)}
    share = raw["approve_share"]
    return Rules(
        raw["members_min"]["value"],
        raw["present_min"]["value"],
        share["numerator"],
        share["denominator"],
        raw["gate_from_class"]["value"],
        raw["validity_months"]["value"],
        cited,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How the panel voted: members named, recused, present (who voted), in favour."""

    members: int
    recused: int
    present: int
    approve: int

    @property
    def quorate(self) -> bool:
        """Enough members of the panel voted."""
        return self.present >= rules().present_min

    @property
    def carried(self) -> bool:
        """Two thirds of those present are in favour, compared in integers: 3 * yes >= 2 * present."""
        return self.approve * rules().denominator >= self.present * rules().numerator
