"""An ensemble of black-box attacks under one budget of queries per row: the smallest change anyone found.

An upper bound of the true distance, never a proof of robustness; `linear` and `trees` prove. Every counter-example is
inside the declared domain. A function of the inputs and the seed alone (Philox, Salmon et al. 2011).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances import moves, surrogate
from hutong.engines.trust.distances.feasible import Box, Flags, Norm, Wide, box_of, checked
from hutong.engines.trust.distances.game import Decide, Game, Predict, Spent
from hutong.engines.trust.distances.models import Model
from hutong.engines.trust.types import Domain, refuse
from hutong.kernel.text import Text

# In the order they run, with the share of the remaining queries that each may use.
ATTACKS = {"transfer": 0.3, "start": 0.3, "coordinate": 0.3, "hop": 0.5, "square": 0.5, "wander": 1.0}
# How far beyond the boundary a counter-example is confirmed, in shares of its length.
BEYOND = (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
_WALKS: dict[str, Callable[[Game, np.random.Generator], None]] = {
    "hop": moves.hop,
    "square": moves.square,
    "wander": moves.wander,
}


@dataclass(frozen=True)
class Evasions:
    """For n rows: rows (n, d) float32 (the row itself where nothing was found), found, length, queries: (n,).

    was: labels before. by: the attack that found each. shared: queries spent once for all rows (the pool).
    """

    norm: Norm
    rows: Rows = field(hash=False)
    found: Flags = field(hash=False)
    length: Wide = field(hash=False)
    queries: NDArray[np.int64] = field(hash=False)
    was: Codes = field(hash=False)
    by: tuple[str, ...]
    shared: int


@dataclass(frozen=True)
class Task:
    """What all rows share."""

    predict: Predict
    decide: Decide
    domain: Domain | None
    box: Box
    norm: Norm
    pool: Rows
    reach: Wide
    models: tuple[Model, ...]


def largest(answers: Wide) -> Codes:
    """The label of the largest probability, the first of equal ones."""
    return np.asarray(np.argmax(answers, axis=1), np.int64)


def evade(
    predict: Predict,
    rows: Rows,
    norm: Norm,
    domain: Domain | None = None,
    *,
    budget: int = 2000,
    seed: str = "",
    pool: Rows | None = None,
    models: Sequence[Model] = (),
    attacks: Sequence[str] = tuple(ATTACKS),
    decide: Decide = largest,
) -> Evasions:
    """Counter-examples of (n, d) rows against predict: (m, d) float32 -> (m, k) probabilities.

    budget: queries per row, 10 at least. pool: other inputs, e.g. the rest of the data (default: the rows). models: stand-ins to
    transfer from. decide: the system's rule from probabilities to labels. `Invalid`: attack.name, attack.budget, rows.*.
    """
    for name in attacks:
        if name not in ATTACKS:
            what = Text("There is no attack {n}.", "没有名为{n}的攻击。").format(n=name[:40])
            raise refuse("attack.name", what, where="attacks")
    if budget < 2 * len(BEYOND) or not len(rows):
        what = Text(
            "The budget is below ten queries, or there are no rows.", "查询预算不足十次，或没有数据行。"
        )
        raise refuse("attack.budget", what, where="budget")
    width = rows.shape[1]
    table, box = checked(rows, domain, width), box_of(domain, width)
    others = table if pool is None else checked(pool, domain, width)
    spread = others.astype(np.float64)
    reach = np.where(np.ptp(spread, axis=0) > 0, np.ptp(spread, axis=0), 1e-3)
    reach = np.where(box.high - box.low < 1e30, box.high - box.low, reach)
    answers, known, stand_ins = np.asarray(predict(table), np.float64), 0, tuple(models)
    if "transfer" in attacks:
        answers_of_pool = answers if pool is None else np.asarray(predict(others), np.float64)
        known = 0 if pool is None else len(others)
        fitted = surrogate.fit_linear(others, answers_of_pool)
        stand_ins += () if fitted is None else (fitted,)
    task = Task(predict, decide, domain, box, norm, others, np.maximum(reach, 1e-12), stand_ins)
    was = decide(answers)
    games = [
        _play(task, table[i], int(was[i]), answers[i], budget, f"{seed}|{i}", attacks)
        for i in range(len(table))
    ]
    return Evasions(
        norm,
        np.stack([g.best for g in games]) if games else table,
        np.array([np.isfinite(g.length) for g in games], np.bool_),
        np.array([g.length for g in games], np.float64),
        np.array([g.asked + 1 for g in games], np.int64),
        was,
        tuple(g.by for g in games),
        known,
    )


def _play(task: Task, row: Rows, was: int, own: Wide, budget: int, seed: str, attacks: Sequence[str]) -> Game:
    game = Game(task.predict, task.decide, row, was, own, task.box, task.norm, task.reach, 0, row.copy())
    left = budget - 1 - len(BEYOND)
    for name in (n for n in ATTACKS if n in attacks):
        key = hashlib.sha256(f"{seed}|{name}".encode()).digest()[:16]
        chance = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
        game.turn, before = name, game.asked
        # A share for the attack; what it leaves goes to those that follow.
        game.left = int(left * ATTACKS[name])
        with suppress(Spent):
            _run(name, task, game, chance)
        left -= game.asked - before
    _confirm(game)
    return game


def _confirm(game: Game) -> None:
    """Ask once more for the best point and points just beyond it, and keep one that does not hang on rounding.

    A point where two scores tie to their last bit would not replay on another machine or in another batch.
    """
    if not np.isfinite(game.length) or game.length == 0:
        return
    way, game.left = game.best.astype(np.float64) - game.row, len(BEYOND)
    placed, _, other = game.ask(game.row + (1 + np.array(BEYOND))[:, None] * way)
    held = np.flatnonzero(other[1:] & other[:-1])
    if len(held):
        game.best = placed[held[0] + 1].copy()
        game.length = float(game.length_of(game.best[None])[0])


def _run(name: str, task: Task, game: Game, chance: np.random.Generator) -> None:
    if name == "transfer":
        for model in task.models:
            surrogate.transfer(game, model, task.domain)
        surrogate.local(game, task.domain, chance)
    elif name == "start":
        moves.start(game, task.pool, chance)
    elif name == "coordinate":
        moves.coordinate(game, task.pool, chance)
    else:
        if not np.isfinite(game.length):
            moves.start(game, task.pool, chance)
        _WALKS[name](game, chance)
    moves.polish(game)
