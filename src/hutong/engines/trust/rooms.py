"""What a room of tests is: which claims it makes, what it counts, how its counts are judged.

A new level is a new `Method` (and, for a new kind of claim, a new `Rule`) in its own file, named once in `registry`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from hutong.engines.trust.data import Data
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.targets import Predictions, Target
from hutong.engines.trust.types import Category, Claim, Finding, Json, System
from hutong.kernel.text import Text

# The chance at which a claim's smallest detectable truth is stated.
POWER = 0.95


@dataclass(frozen=True, slots=True)
class Setting:
    """All that is known before the first observation. alpha: error of one category, as a share.

    access: a step of `access.LADDER`. model: the artefact's bytes where the weights are given, else None.
    """

    profile: Profile
    system: System
    data: Data
    access: str
    alpha: float = 0.0
    model: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Bench:
    """Where a method works: the setting, the target, and chance that is a function of the seed alone."""

    setting: Setting
    target: Target
    seed: str

    def __post_init__(self) -> None:
        content = getattr(self.target, "content", None)
        if self.setting.model is None and isinstance(content, bytes):
            # Whoever makes the bench, the weights that the target gives are known to its tests.
            object.__setattr__(self, "setting", replace(self.setting, model=content))

    @cached_property
    def clean(self) -> Predictions:
        """Predictions of all rows as they are, computed once."""
        return self.target.predict(self.setting.data.features)

    @cached_property
    def on_training(self) -> Predictions | None:
        rows = self.setting.data.train_features
        return None if rows is None else self.target.predict(rows)

    def chance(self, node: str, index: int = 0) -> np.random.Generator:
        """Counter-based (`statistics.prng`): the same for a node whatever ran before or beside it."""
        return stream(self.seed, node, index)


def _always(setting: Setting) -> Text | None:
    return None


@dataclass(frozen=True, slots=True)
class Method:
    """One test of one category at one level.

    statistical: its claims spend alpha. claims: made from the setting. observe: the counts of one claim.
    missing: why it cannot run with this access and data, or None.
    """

    id: str
    category: Category
    level: int
    claims: Callable[[Setting], tuple[Claim, ...]]
    observe: Callable[[Claim, Bench], Json] | None = None
    statistical: bool = True
    missing: Callable[[Setting], Text | None] = field(default=_always)


Rule = Callable[[Claim, Json], Finding]
