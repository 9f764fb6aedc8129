"""A planted case with a system of its own: a model file, or answers made to measure, under a small budget of its profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Data, Rows
from hutong.engines.trust.profile import Profile, load_profile
from hutong.engines.trust.rooms import Bench, Method, Setting, setting_of
from hutong.engines.trust.runs.selftest.planting import ALPHA, LEAST, Role, truth
from hutong.engines.trust.targets import SCORE_UNIT, Predictions, Target, by_rule
from hutong.engines.trust.types import Category, Claim, Column, Domain, System

ONE = Fraction(1)
LABELS = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Case:
    """One drawn case: the system as declared, the rows, and what answers."""

    system: System
    data: Data
    target: Target


# (role, the true value planted or None where the claim has none, chance) -> a case.
Draw = Callable[[Role, float, np.random.Generator], Case]


@dataclass(frozen=True)
class Built:
    """A planted test whose every case brings its own system.

    valued: whether the claim has a value that the plan can say is detected (`Claim.fails_from`); else the role alone says what
    is drawn. caught: states that find a defect. start: value of the case from which the claim's sizes are read.
    """

    name: str
    category: Category
    level: int
    claim_id: str
    profile: Profile
    draw: Draw
    weight: int = 1
    least: int = LEAST
    valued: bool = True
    caught: tuple[str, ...] = ("fail",)
    start: float = 0.5
    known: dict[str, Claim] = field(default_factory=dict, hash=False, compare=False)

    @property
    def claim(self) -> Claim:
        if not self.known:
            case = self.draw("good", self.start, np.random.default_rng(0))
            self.known[self.claim_id] = self._made(self._setting(case))[1]
        return self.known[self.claim_id]

    def state(self, role: Role, chance: np.random.Generator) -> str:
        """The state that method and rule give to one drawn case."""
        from hutong.engines.trust.registry import RULES

        case = self.draw(role, truth(self.claim, role) if self.valued else self.start, chance)
        bench = Bench(self._setting(case), case.target, chance.bytes(16).hex())
        # Benches know the weights that a target gives, and some claims are made from them.
        method, claim = self._made(bench.setting)
        if method.missing(bench.setting) is not None or method.observe is None:
            return "not_run"
        counts = method.observe(claim, bench)
        return "not_run" if "not_run" in counts else RULES[claim.kind](claim, counts).state

    def _setting(self, case: Case) -> Setting:
        return setting_of(case.target, case.system, self.profile, case.data, ALPHA)

    def _made(self, setting: Setting) -> tuple[Method, Claim]:
        from hutong.engines.trust.registry import methods_of

        for method in methods_of(self.category, self.level):
            for claim in method.claims(setting):
                if claim.id == self.claim_id:
                    return method, claim
        raise LookupError(self.claim_id)


def budget(name: str, bars: Mapping[str, str] | None = None, **changed: object) -> Profile:
    """A shipped profile with another budget of the adversary, and other bars where the shipped ones ask for many rows."""
    found = load_profile(name)
    thresholds = dict(found.thresholds)
    for key, value in (bars or {}).items():
        thresholds[key] = replace(thresholds[key], value=Fraction(value))
    return replace(found, thresholds=thresholds, challenge=replace(found.challenge, **changed))  # type: ignore[arg-type]


def unit_domain(width: int, **named: bool) -> Domain:
    """Columns in [0, 1]. named: names of the last ones, and whether they hold whole numbers."""
    plain = [Column(f"c{i}", Fraction(0), ONE) for i in range(width - len(named))]
    return Domain("table", (*plain, *(Column(n, Fraction(0), ONE, whole=w) for n, w in named.items())))


def system(domain: Domain, labels: tuple[str, ...] = LABELS) -> System:
    return System("Planted", "1", domain, labels, guarded=True)


def rows_only(
    features: Rows,
    labels: Codes | None = None,
    groups: Mapping[str, NDArray[np.str_]] | None = None,
    train: tuple[Rows, Codes] | None = None,
) -> Data:
    """Data of these rows. Its digest stands for chance drawn at run time: whoever keeps things by digest must not mix cases."""
    known = np.zeros(len(features), np.int64) if labels is None else labels
    inside, theirs = (None, None) if train is None else train
    from hashlib import sha256

    return Data(
        features.astype(np.float32),
        known,
        groups or {},
        inside,
        theirs,
        sha256(features.tobytes()).hexdigest(),
    )


@dataclass(frozen=True, eq=False)
class Answering:
    """A target from (n, k) probabilities of rows. content: weights that it shows beside them, if any."""

    declared: System
    ask: Callable[[Rows], NDArray[np.float64]]
    access: str = "scores"
    content: bytes | None = None
    digest: str = "0" * 64

    def predict(self, rows: Rows) -> Predictions:
        scores = np.rint(self.ask(rows) * SCORE_UNIT).astype(np.int64)
        return Predictions(by_rule(scores, self.declared), scores if self.access != "labels" else None)


def listed(declared: System, answers: Codes, confidence: float = 0.9) -> Answering:
    """Answers from a list: the first column of a row is its number."""
    k = len(declared.labels)

    def ask(rows: Rows) -> NDArray[np.float64]:
        mine = answers[np.clip(np.rint(rows[:, 0]).astype(np.int64), 0, len(answers) - 1)]
        found = np.full((len(rows), k), (1 - confidence) / (k - 1))
        found[np.arange(len(rows)), mine] = confidence
        return found

    return Answering(declared, ask)


def planted_share(value: float, n: int, chance: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) drawn with this chance each."""
    return np.asarray(chance.random(n) < value, np.bool_)
