"""The claim that a number keeps to a bar of the profile: said once, so that every room states it alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.power import Reach, rows_needed
from hutong.engines.trust.rooms import Setting
from hutong.engines.trust.types import Category, Claim
from hutong.kernel.text import Text

# Units drawn from the population that the certificate speaks of.
HELD_OUT = Text("rows like those held out", "与留出数据同分布的样本")
PERSONS = Text("persons like those held out", "与留出数据同分布的人员")
FIXED = "fixed size, one look"


@dataclass(frozen=True, slots=True)
class Said:
    """What a claim says, of whom, and what is believed until it is refuted. {t} is the bar; fill: other fields."""

    statement: Text
    null: Text
    population: Text = HELD_OUT
    fill: Mapping[str, object] = field(default_factory=dict, hash=False)

    def of(self, bar: str) -> tuple[Text, Text, Text]:
        """Statement, null and population with all fields filled."""
        say = {"t": bar, **self.fill}
        return self.statement.format(**say), self.null.format(**say), self.population.format(**say)


def bar_of(setting: Setting, key: str) -> float:
    """The profile's threshold of that name."""
    return float(setting.profile.thresholds[key].value)


def bar_claim(
    setting: Setting,
    name: str,
    cell: tuple[Category, int],
    kind: str,
    metric: str,
    key: str,
    said: Said,
    n: int,
    reach: Reach = (None, None),
    *,
    direction: Literal[">=", "<="] = ">=",
    queries: int | None = None,
    stopping: str = FIXED,
    params: Mapping[str, object] | None = None,
    share: bool = False,
) -> Claim:
    """A claim that `metric` of n units is at least (or at most) the profile's threshold `key`, at the setting's alpha.

    cell: category and level. reach: truths from which it passes and fails with 95 % chance (`power`). share: whether the number is a share of units;
    where they are too few to pass even without a fault, the claim says how many would do (params["rows_needed"]).
    """
    bar = setting.profile.thresholds[key].value
    statement, null, population = said.of(told(bar))
    given = dict(params or {})
    if share and reach[0] is None and setting.alpha > 0:
        given["rows_needed"] = rows_needed(float(bar if direction == ">=" else 1 - bar), setting.alpha)
    return Claim(
        id=name,
        category=cell[0],
        level=cell[1],
        kind=kind,
        metric=metric,
        statement=statement,
        population=population,
        null=null,
        threshold=nearest(bar),
        direction=direction,
        alpha=nearest(setting.alpha),
        n=n,
        passes_from=reach[0],
        fails_from=reach[1],
        stopping=stopping,
        queries=queries,
        params=given,
    )
