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
from hutong.engines.trust.reach.ladder import Powers, ladder_on, powers_of
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.targets import Predictions, Target, asked_for, content_of
from hutong.engines.trust.types import Category, Claim, Finding, Json, System
from hutong.kernel.text import Text

# The chance at which a claim's smallest detectable truth is stated.
POWER = 0.95


@dataclass(frozen=True, slots=True)
class Setting:
    """All that is known before the first observation. alpha: error of one category, as a share.

    access: a rung of `reach.ladder`. model: the artefact's bytes where the weights are given, else None. more: powers that
    this target gives beyond its rung (the scores in a log).
    """

    profile: Profile
    system: System
    data: Data
    access: str
    alpha: float = 0.0
    model: bytes | None = field(default=None, repr=False)
    more: Powers = frozenset()

    @property
    def powers(self) -> Powers:
        """What the evaluator may do: the powers of the rung, those beyond it, and the training rows if they are given."""
        given = {"training"} if self.data.train_features is not None else set()
        return ladder_on(None).rung(self.access).powers | self.more | given

    def may(self, *powers: str) -> bool:
        return set(powers) <= self.powers


def setting_of(target: Target, system: System, profile: Profile, data: Data, alpha: float = 0.0) -> Setting:
    """The setting of a target: its rung and powers, and its weights where it gives them."""
    return Setting(profile, system, data, target.access, alpha, content_of(target), powers_of(target))


@dataclass(frozen=True)
class Bench:
    """Where a method works: the setting, the target, and chance that is a function of the seed alone."""

    setting: Setting
    target: Target
    seed: str

    def __post_init__(self) -> None:
        content = content_of(self.target)
        if self.setting.model is None and content is not None:
            # Whoever makes the bench, the weights that the target gives are known to its tests.
            object.__setattr__(self, "setting", replace(self.setting, model=content))

    @cached_property
    def clean(self) -> Predictions:
        """Predictions of all rows as they are, computed once."""
        with asked_for(self.target, "clean"):
            return self.target.predict(self.setting.data.features)

    @cached_property
    def on_training(self) -> Predictions | None:
        rows = self.setting.data.train_features
        if rows is None:
            return None
        with asked_for(self.target, "training"):
            return self.target.predict(rows)

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
